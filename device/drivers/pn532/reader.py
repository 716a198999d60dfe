"""A PN532 as the unit's card reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from device.domain.errors import CardError, CardLost, CardUnknown, CardUnreadable, SeveralCards
from device.drivers.pn532.chip import Chip, ChipTrouble, Timing, bus_trouble
from device.drivers.pn532.commands import bring_up, exchange, find, is_still_there, switch_field_off
from device.drivers.pn532.targets import Modulation, Target
from device.drivers.pn532.wire import Wire
from device.ports.card import CardConnection

_STATUS_WORD: Final = 2
_DOUBTS: Final = 2
"""How often a card must fail to answer before it is gone: a phone beside it can disturb one answer."""
_DEFAULT_TIMING: Final = Timing()


class Pn532Reader:
    """A `CardReader`: a PN532 at the end of a wire, which is opened when it is needed and again after a trouble.

    Whatever lies in the field gets power only while it is looked for or held; between two looks and after a visit the
    field is off, because a verified PIN ends with the power and with nothing else. Any thread may call any method: one
    at a time talks to the chip.
    """

    def __init__(self, open_wire: Callable[[], Wire], *, name: str = "PN532", timing: Timing = _DEFAULT_TIMING) -> None:
        """`open_wire` raises OSError where it cannot."""
        self._open_wire = open_wire
        self._name = name
        self._timing = timing
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._chip: Chip | None = None
        self._firmware = ""
        self._field_off_since = 0.0
        self._held_by: Pn532Connection | None = None

    @property
    def name(self) -> str:
        """What people would call it, with the chip's firmware once it has spoken."""
        return f"{self._name} (firmware {self._firmware})" if self._firmware else self._name

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait as the port says, by a look at the field every `timing.poll_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            seen = self._look(deadline)
            left = deadline - time.monotonic()
            if seen != present or left <= 0 or self._closing.is_set():
                return seen
            self._closing.wait(min(left, self._timing.poll_s))

    def connect(self) -> Pn532Connection:
        """Power the card anew and hold it exclusively.

        Raise CardLost (none), SeveralCards, CardUnknown (one that takes no commands), CardUnreadable (none that answers
        by the standard) or Fault.
        """
        with self._lock:
            if self._held_by is not None:
                raise ChipTrouble("the card is held by another connection")
            try:
                target = self._activate(self._ready_chip())
            except ChipTrouble:
                self._hang_up()
                raise
            self._held_by = Pn532Connection(self, target)
            return self._held_by

    def transmit(self, connection: Pn532Connection, target: Target, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass a command to the card, as long as `connection` holds it."""
        with self._lock:
            if self._chip is None or self._held_by is not connection:
                raise CardLost
            try:
                answer = exchange(self._chip, target, apdu)
            except ChipTrouble as trouble:
                self._hang_up()
                raise CardLost(f"the reader failed during a command: {trouble}") from trouble
            except CardLost:
                self._let_go()
                raise
        if len(answer) < _STATUS_WORD:
            raise CardUnreadable("an answer without a status word")
        return answer[:-_STATUS_WORD], int.from_bytes(answer[-_STATUS_WORD:], "big")

    def release(self, connection: Pn532Connection) -> None:
        """Cut the power that `connection` holds; harmless when it holds none any more."""
        with self._lock:
            if self._held_by is connection:
                self._let_go()

    def close(self) -> None:
        """Let go of card and bus, and end the waiting of other threads. Nothing works afterwards but to begin anew."""
        self._closing.set()
        with self._lock:
            if self._chip is not None:
                self._let_go()
            self._hang_up()

    def _look(self, deadline: float) -> bool:
        """Look at the field once; while somebody talks to a card, that it is there is not in doubt."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return self._held_by is not None
        try:
            chip = self._ready_chip()
            if self._held_by is not None:
                return self._still_held(chip)
            return self._anything(chip)
        except ChipTrouble:
            self._hang_up()
            raise
        finally:
            self._lock.release()

    def _still_held(self, chip: Chip) -> bool:
        if any(is_still_there(chip) for _ in range(_DOUBTS)):
            return True
        self._let_go()
        return False

    def _anything(self, chip: Chip) -> bool:
        self._let_power_drain()
        try:
            return any(find(chip, modulation) for modulation in Modulation)
        except CardUnreadable:
            # Something answers, and connecting will tell what is wrong with it.
            return True
        finally:
            self._cut_power(chip)

    def _activate(self, chip: Chip) -> Target:
        self._let_power_drain()
        try:
            return _choose(chip)
        except CardError:
            self._cut_power(chip)
            raise

    def _ready_chip(self) -> Chip:
        if self._chip is None:
            try:
                chip = Chip(self._open_wire(), self._timing)
            except OSError as error:
                raise bus_trouble(f"opening {self._name}", error) from error
            try:
                self._firmware = bring_up(chip)
            except BaseException:
                chip.close()
                raise
            self._chip = chip
            self._field_off_since = time.monotonic()
        return self._chip

    def _let_power_drain(self) -> None:
        # What is in a card's capacitors keeps it alive for a while after the field is off.
        left = self._field_off_since + self._timing.field_off_s - time.monotonic()
        if left > 0:
            self._closing.wait(left)

    def _cut_power(self, chip: Chip) -> None:
        switch_field_off(chip)
        self._field_off_since = time.monotonic()

    def _let_go(self) -> None:
        """Forget the card that is held, and cut its power; where that fails, hang up."""
        self._held_by = None
        if self._chip is not None:
            try:
                self._cut_power(self._chip)
            except ChipTrouble:
                self._hang_up()

    def _hang_up(self) -> None:
        """Let go of the wire; the next one who needs it opens it, and begins by switching the field off."""
        self._held_by = None
        chip, self._chip = self._chip, None
        if chip is not None:
            chip.close()


def _choose(chip: Chip) -> Target:
    """Return the one card in the field that takes commands. Type B is asked for first: it is what the unit is for."""
    for modulation in Modulation:
        match find(chip, modulation):
            case [Target(atr=b"")]:
                raise CardUnknown("a card that takes no commands (no ISO/IEC 14443-4)")
            case [target]:
                return target
            case [_, *_]:
                raise SeveralCards("several cards lie on the reader: leave only one there")
            case _:
                pass
    raise CardLost("no card on the reader")


class Pn532Connection(CardConnection):
    """A card in the field of a PN532. One thread at a time."""

    def __init__(self, reader: Pn532Reader, target: Target) -> None:
        self._reader = reader
        self._target = target

    @property
    def atr(self) -> bytes:
        """The ATR that PC/SC part 3 makes of what the card said when it was activated."""
        return self._target.atr

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Send one command; raise CardLost once card or reader are gone, CardUnreadable for an answer that is none."""
        return self._reader.transmit(self, self._target, apdu)

    def power_off(self) -> None:
        """Switch the field off; harmless when repeated."""
        self._reader.release(self)
