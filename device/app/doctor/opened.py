"""Senses for a unit that does not run: each part is opened, looked at and closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from device.app.doctor.case import CameraSeen, OutboxTold, PanelTold, ReaderTold
from device.card import MyNumberCard
from device.domain.errors import CardError, Fault, MessageError
from device.domain.reasons import Reason
from device.drivers.alsa_voice import AlsaVoice
from device.ports.card import CardReader
from device.ports.line import Outbox
from device.wire.codec import decode
from device.wire.messages import Result

SPEAKS_WITHIN_S = 4.0
LOOK_S = 0.05
MOST_WAITING = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Openers:
    """How to get at each part. Each may raise Fault; `stack` closes what was opened."""

    reader: Callable[[ExitStack], CardReader]
    fitting: Callable[[CardReader], tuple[str, ...]]
    """Names of all readers that fit."""
    cameras: Sequence[Callable[[], CameraSeen]]
    panel: Callable[[ExitStack], Iterator[tuple[str, Fault]]]
    """Yields what is wrong, by part."""
    wiring: Callable[[ExitStack], tuple[str, ...]]
    voice: Callable[[], Fault | None]
    line: Callable[[], Fault | None]
    outbox: Callable[[ExitStack], Outbox | None]
    """None where there is none yet."""
    sandbox: Callable[[], Fault | None]


class OpenedSenses:
    """`Senses` by opening."""

    def __init__(self, openers: Openers) -> None:
        self._open = openers

    def reader(self) -> ReaderTold:
        """Find the reader, and read what may be read of a card without spending anything."""
        try:
            with ExitStack() as stack:
                reader = self._open.reader(stack)
                card_lies_there = reader.wait_for_change(present=False, timeout_s=0.0)
                names = self._open.fitting(reader)
                return ReaderTold(names, card=_read_card(reader) if card_lies_there else None)
        except Fault as fault:
            return ReaderTold(fault=fault)

    def cameras(self) -> Sequence[CameraSeen]:
        """Look through each."""
        return [look() for look in self._open.cameras]

    def panel(self) -> PanelTold:
        """Ask each part; the keypad's lines as well."""
        with ExitStack() as stack:
            faults = tuple(self._open.panel(stack))
        if (silent := self._open.voice()) is not None:
            faults += (("voice", silent),)
        if any(part == "keypad" for part, _ in faults):
            return PanelTold(faults)
        try:
            with ExitStack() as stack:
                return PanelTold(faults, self._open.wiring(stack))
        except Fault as fault:
            return PanelTold((*faults, ("keypad", fault)))

    def line(self) -> Fault | None:
        """Go there."""
        return self._open.line()

    def outbox(self) -> OutboxTold:
        """Count what waits."""
        try:
            with ExitStack() as stack:
                outbox = self._open.outbox(stack)
                return OutboxTold() if outbox is None else look_into(outbox)
        except Fault as fault:
            return OutboxTold(fault=fault)

    def sandbox(self) -> Fault | None:
        """Have it locked in."""
        return self._open.sandbox()

    def networks(self) -> Fault | None:
        """Leave it to their digests: what was not changed runs."""
        return None


def look_into(outbox: Outbox) -> OutboxTold:
    """Return how much waits, and since when. Raise Fault(OUTBOX_FAULT)."""
    kept = outbox.waiting(MOST_WAITING)
    return OutboxTold(len(kept), _ended_at(kept[0].payload) if kept else None)


def try_voice(voice: AlsaVoice, wait: Callable[[float], None]) -> Fault | None:
    """Have the loudspeaker take some silence; return what is wrong with it."""
    wait_s, left_s = voice.pump(), SPEAKS_WITHIN_S
    while voice.is_playing and left_s > 0:
        wait(min(wait_s, LOOK_S))
        left_s -= LOOK_S
        wait_s = voice.pump()
    if voice.is_playing:
        return Fault("the sound device does not come to an end", part="voice", reason=Reason.VOICE_FAULT)
    return voice.trouble


def _read_card(reader: CardReader) -> CardError | None:
    try:
        with reader.connect() as connection:
            card = MyNumberCard.identify(connection)
            if not card.profile.certificate_needs_pin:
                card.read_certificate()
                card.pin_tries_left()
    except CardError as error:
        return error
    return None


def _ended_at(payload: bytes) -> datetime | None:
    try:
        result: Result = decode(payload, Result)
    except MessageError:
        return None
    return result.ended_at
