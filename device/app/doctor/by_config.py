"""The parts that a configuration describes, for senses that open them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from device.app.camera_told import examine
from device.app.config import NO_CAMERA, CameraSection, Config
from device.app.doctor.case import CameraSeen
from device.app.doctor.opened import OpenedSenses, Openers, try_voice
from device.app.face_parts import CAMERA, FRONT_CAMERA, note_trouble
from device.app.key_parts import tls_files
from device.app.panel_parts import open_display, open_indicators, open_keypad
from device.app.reader_parts import open_reader, outbox_path
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.drivers.alsa_voice import AlsaVoice
from device.drivers.broker_probe import visit_broker
from device.drivers.gpio import open_gpio
from device.drivers.paho_line import BrokerAddress
from device.drivers.portrait import SandboxedPortraitDecoder
from device.drivers.sqlite_outbox import SqliteOutbox
from device.drivers.system import SystemClock
from device.ports.card import CardReader
from device.ports.clock import Clock
from device.ports.line import Outbox

FRAMES = 12
"""A second's worth: enough for a rate, short enough to be waited for."""


def senses_of(config: Config, clock: Clock) -> OpenedSenses:
    """Return senses for the parts of a unit that does not run."""
    return OpenedSenses(openers_of(config, clock))


def openers_of(config: Config, clock: Clock) -> Openers:
    """Return how to get at each part that the configuration names."""
    cameras = (
        () if config.camera.source == NO_CAMERA else ((CAMERA, config.camera), (FRONT_CAMERA, config.front_camera))
    )
    return Openers(
        reader=partial(_reader, config),
        fitting=fitting,
        cameras=tuple(partial(_look, name, section, clock) for name, section in cameras),
        panel=partial(_panel, config, clock),
        wiring=partial(_wiring, config, clock),
        voice=partial(_voice, config),
        line=partial(go_to_broker, config, log_in=True),
        outbox=partial(_outbox, config),
        sandbox=_sandbox,
    )


def go_to_broker(config: Config, *, log_in: bool) -> Fault | None:
    """Return what keeps the unit from its broker."""
    broker = config.broker
    return visit_broker(BrokerAddress(broker.host, broker.port), config.unit_id, tls_files(config), log_in=log_in)


def _reader(config: Config, stack: ExitStack) -> CardReader:
    return open_reader(config, stack, simulated=config.unit_id.startswith(SIMULATED_UNIT_PREFIX))


def fitting(reader: CardReader) -> tuple[str, ...]:
    """Return the names of all readers that could be meant. Raise Fault where there is none."""
    names: Callable[[], tuple[str, ...]] | None = getattr(reader, "fitting", None)
    return names() if names is not None else (reader.name,)


def _look(name: str, section: CameraSection, clock: Clock) -> CameraSeen:
    try:
        looks = examine(section, FRAMES, clock.monotonic_s)
    except Fault as fault:
        return CameraSeen(name, section.frames_per_second, fault=fault)
    return CameraSeen(name, section.frames_per_second, looks)


def _panel(config: Config, clock: Clock, stack: ExitStack) -> Iterator[tuple[str, Fault]]:
    if config.panel.kind == "gpio":
        for part, opened in (("keypad", _keypad), ("indicators", _indicators), ("display", _display)):
            try:
                trouble = opened(config, clock, stack)
            except Fault as fault:
                trouble = fault
            if trouble is not None:
                yield part, trouble


def _voice(config: Config) -> Fault | None:
    voice = config.voice
    if not voice.device:
        return None
    clock = SystemClock()  # a loudspeaker keeps real time, whatever clock the unit lives by
    return try_voice(AlsaVoice(voice.files, clock, device=voice.device, volume=lambda: voice.volume), time.sleep)


def _keypad(config: Config, clock: Clock, stack: ExitStack) -> Fault | None:
    keypad = open_keypad(open_gpio(), config.panel, stack, clock)
    if keypad.scan().closed:
        return Fault(
            "a key is down that nobody presses", part="panel", reason=Reason.KEYPAD_FAULT, finding=FindingCode.KEY_STUCK
        )
    return keypad.trouble


def _indicators(config: Config, _clock: Clock, stack: ExitStack) -> Fault | None:
    indicators = open_indicators(open_gpio(), config.panel, stack)
    indicators.show({})
    return indicators.trouble


def _display(config: Config, _clock: Clock, stack: ExitStack) -> Fault | None:
    display = open_display(config.panel, stack)
    return None if display is None else display.trouble


def _wiring(config: Config, clock: Clock, stack: ExitStack) -> tuple[str, ...]:
    if config.panel.kind != "gpio":
        return ()
    return open_keypad(open_gpio(), config.panel, stack, clock).broken_lines()


def _outbox(config: Config, stack: ExitStack) -> Outbox | None:
    path = outbox_path(config)
    return stack.enter_context(SqliteOutbox(path)) if path.exists() else None


def _sandbox() -> Fault | None:
    troubles: dict[str, Fault] = {}
    with SandboxedPortraitDecoder() as decoder:
        note_trouble(decoder, troubles)
    return next(iter(troubles.values()), None)
