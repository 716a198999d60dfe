"""Checks: line, clock and the parts that visitors meet."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from device.app.camera_told import BLURRED, BRIGHT, DARK, RATE_SHARE
from device.app.card_readers import Tier, recognise
from device.app.doctor.case import CameraSeen, Case
from device.domain.finding import Finding
from device.domain.finding import FindingCode as Code
from device.drivers.gpio_keypad import GROUNDED

SILENT = {
    "keypad": Code.KEYPAD_SILENT,
    "indicators": Code.LAMPS_SILENT,
    "voice": Code.SPEAKER_SILENT,
    "display": Code.DISPLAY_SILENT,
}
TIME_SERVICES = ("/run/systemd/timesync", "/run/chrony")


def broker(case: Case) -> Iterator[Finding]:
    """The broker is there, is ours, and lets the unit in."""
    if (fault := case.senses.line()) is not None:
        at = case.settings.broker
        yield Finding(fault.finding or Code.BROKER_ABSENT, f"{at.host}:{at.port}", str(fault))


def clock(case: Case) -> Iterator[Finding]:
    """Somebody set the clock, and it is not in the past."""
    if case.clock.utc_now_if_trusted() is not None:
        return
    now = case.clock.utc_now()
    try:
        born = x509.load_pem_x509_certificate(case.settings.broker.certificate.read_bytes()).not_valid_before_utc
    except (OSError, ValueError):
        born = now
    if now < born:
        yield Finding(Code.CLOCK_PAST, "clock", f"{now:%Y-%m-%d %H:%M} < {born:%Y-%m-%d %H:%M}")
    elif any(case.machine.names(folder) for folder in TIME_SERVICES):
        yield Finding(Code.CLOCK_DOUBTFUL, "clock")
    else:
        yield Finding(Code.NO_TIME_SERVICE, "clock")


def reader(case: Case) -> Iterator[Finding]:
    """One reader is there, one that we know, and nobody else uses it."""
    told = case.senses.reader()
    if told.fault is not None:
        yield Finding(told.fault.finding or Code.READER_MISSING, "[card] reader", str(told.fault))
        return
    if len(told.names) > 1:
        yield Finding(Code.READERS_SEVERAL, "[card] name", ", ".join(told.names))
    for name in told.names[:1]:
        known = recognise(name)
        if known.tier is Tier.UNSUPPORTED:
            yield Finding(Code.READER_UNSUPPORTED, name, f"{known.limits.ja} / {known.limits.en}")


def card(case: Case) -> Iterator[Finding]:
    """A card that lies there, if any, can be read; nothing is spent on it."""
    told = case.senses.reader()
    if told.card is not None:
        yield Finding(Code.CARD_MUTE, "[card] reader", str(told.card))


def camera(case: Case) -> Iterator[Finding]:
    """Every camera gives fresh pictures, fast enough."""
    for seen in case.senses.cameras():
        if seen.fault is not None:
            yield Finding(seen.fault.finding or Code.CAMERA_SILENT, seen.name, str(seen.fault))
        elif seen.looks is not None and not (seen.looks.changes and seen.looks.fresh):
            yield Finding(Code.CAMERA_FROZEN, seen.name)
        elif seen.looks is not None and seen.looks.frames_per_second < RATE_SHARE * seen.wanted_rate:
            yield Finding(Code.CAMERA_SLOW, seen.name, f"{seen.looks.frames_per_second:g} / {seen.wanted_rate:g} fps")


def exposure(case: Case) -> Iterator[Finding]:
    """The pictures are neither dark nor white."""
    for seen in _alive(case):
        if seen.looks is not None and seen.looks.brightness < DARK:
            yield Finding(Code.CAMERA_DARK, seen.name, f"{seen.looks.brightness:.0f}")
        elif seen.looks is not None and seen.looks.brightness > BRIGHT:
            yield Finding(Code.CAMERA_BRIGHT, seen.name, f"{seen.looks.brightness:.0f}")


def focus(case: Case) -> Iterator[Finding]:
    """The pictures have edges."""
    for seen in _alive(case):
        lit = seen.looks is not None and DARK <= seen.looks.brightness <= BRIGHT
        if seen.looks is not None and lit and seen.looks.sharpness < BLURRED:
            yield Finding(Code.CAMERA_BLURRED, seen.name, f"{seen.looks.sharpness:.0f}")


def keypad(case: Case) -> Iterator[Finding]:
    """The keypad answers, and its lines are sound."""
    told = case.senses.panel()
    yield from _silent(case, "keypad")
    for complaint in told.wiring:
        code = Code.KEYPAD_GROUNDED if complaint.endswith(GROUNDED) else Code.KEYPAD_JOINED
        yield Finding(code, "keypad", complaint)


def lamps(case: Case) -> Iterator[Finding]:
    """Lamps and buzzer answer."""
    yield from _silent(case, "indicators")


def speaker(case: Case) -> Iterator[Finding]:
    """The loudspeaker takes sound."""
    yield from _silent(case, "voice")


def display(case: Case) -> Iterator[Finding]:
    """The display answers, where there is one."""
    yield from _silent(case, "display")


def sandbox(case: Case) -> Iterator[Finding]:
    """The card's picture is decoded behind every lock."""
    if (fault := case.senses.sandbox()) is not None:
        yield Finding(fault.finding or Code.PORTRAIT_SANDBOX, fault.part, str(fault))


def _silent(case: Case, part: str) -> Iterator[Finding]:
    for name, fault in case.senses.panel().faults:
        if name == part:
            yield Finding(fault.finding or SILENT[part], part, str(fault))


def _alive(case: Case) -> Iterator[CameraSeen]:
    return (seen for seen in case.senses.cameras() if seen.looks is not None and seen.looks.changes)
