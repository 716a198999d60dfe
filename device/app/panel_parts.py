"""The panel that a configuration describes: its drivers, opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from device.app.config import PanelSection, VoiceSection
from device.app.voice_files import absent
from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.drivers.alsa_voice import AlsaVoice
from device.drivers.console import ConsoleIndicators, ConsoleKeypad, ConsoleVoice
from device.drivers.gpio import Gpio, open_gpio
from device.drivers.gpio_indicators import GpioIndicators
from device.drivers.gpio_keypad import GpioKeypad
from device.panel.loudness import volume_at
from device.panel.pad import PAD_4X3, PAD_4X4
from device.ports.clock import Clock
from device.ports.panel import Display, Indicators, Keypad, Voice

PADS = {"4x3": PAD_4X3, "4x4": PAD_4X4}


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelParts:
    """What the visitor touches, sees and hears."""

    keypad: Keypad
    indicators: Indicators
    voice: Voice
    display: Display | None = None
    wiring: Callable[[], tuple[str, ...]] | None = None
    """Asks the keypad's lines what is wrong with them, where there are lines."""


def open_panel(panel: PanelSection, voice: VoiceSection, stack: ExitStack, clock: Clock) -> PanelParts:
    """Open the panel; `stack` closes it. Raise Fault where its lines cannot be had, BadConfig without voice files."""
    if panel.kind == "gpio":
        gpio = open_gpio()
        keypad = open_keypad(gpio, panel, stack, clock)
        return PanelParts(
            keypad=keypad,
            indicators=open_indicators(gpio, panel, stack),
            voice=open_voice(voice, stack, clock),
            display=open_display(panel, stack),
            wiring=keypad.broken_lines,
        )
    return PanelParts(
        keypad=stack.enter_context(ConsoleKeypad(clock)),
        indicators=ConsoleIndicators(),
        voice=open_voice(voice, stack, clock),
    )


def open_voice(voice: VoiceSection, stack: ExitStack, clock: Clock) -> Voice:
    """Open the loudspeaker; a missing one is told by its `trouble`. Raise BadConfig where sentences have no file."""
    if (fault := voice_files_trouble(voice)) is not None:
        raise BadConfig(str(fault), where="[voice] files")
    return open_any_voice(voice, stack, clock)


def voice_files_trouble(voice: VoiceSection) -> Fault | None:
    """Return how many sentences the loudspeaker has no file for, if any."""
    missing = absent(voice.files) if voice.device else ()
    if not missing:
        return None
    return Fault(
        f"{len(missing)} sentences have no file in {voice.files}; `uketsuke voice build` makes them",
        part="voice files",
        reason=Reason.VOICE_FAULT,
        finding=FindingCode.VOICE_FILES,
    )


def open_any_voice(voice: VoiceSection, stack: ExitStack, clock: Clock) -> Voice:
    """Open the loudspeaker; a sentence without a file is left out, and a missing loudspeaker told by its `trouble`."""
    if not voice.device:
        return ConsoleVoice()

    def volume() -> int:
        return volume_at(clock.utc_now_if_trusted(), volume=voice.volume, by_hour=voice.by_hour)

    return stack.enter_context(AlsaVoice(voice.files, clock, device=voice.device, volume=volume))


def open_display(panel: PanelSection, stack: ExitStack) -> Display | None:
    """Open the display, where there is one. Raise Fault or BadConfig where it cannot be used."""
    if panel.display == "none":
        return None
    from device.drivers.oled import open_oled  # noqa: PLC0415  Pillow and luma only where there is a display

    display = open_oled(panel.display, bus=panel.display_bus, address=panel.display_address, font=panel.display_font)
    stack.callback(display.close)
    return display


def open_keypad(gpio: Gpio, panel: PanelSection, stack: ExitStack, clock: Clock) -> GpioKeypad:
    """Take the keypad's lines."""
    keypad = GpioKeypad(gpio, PADS[panel.pad], panel.pins, clock, settle_s=panel.settle_us / 1e6)
    stack.callback(keypad.close)
    return keypad


def open_indicators(gpio: Gpio, panel: PanelSection, stack: ExitStack) -> GpioIndicators:
    """Take the lines of lamps and buzzer."""
    indicators = GpioIndicators(gpio, panel.pins)
    stack.callback(indicators.close)
    return indicators
