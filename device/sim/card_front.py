"""A card camera that knows what is printed on the simulated card, and can misread it."""

from __future__ import annotations

from collections.abc import Callable

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB

ZERO = 0x30


class SimulatedCardFront:
    """Reads 照合番号B from whatever `printed` says lies on the reader."""

    def __init__(self, printed: Callable[[], ReferenceNumberB | None]) -> None:
        """`printed` returns the number of the card on the reader, None without a card; the caller keeps it."""
        self._printed = printed
        self._unreadable = False
        self._misread_next = self._misreads = False
        self._dead = False

    def smudge(self) -> None:
        """The print cannot be read from now on."""
        self._unreadable = True

    def misread_once(self) -> None:
        """The next reading has one wrong digit, as when glare turns a 3 into an 8."""
        self._misread_next = True

    def misread(self) -> None:
        """Every reading has the same wrong digit from now on, as when print has been rubbed off."""
        self._misreads = True

    def die(self) -> None:
        """The card camera is gone."""
        self._dead = True

    def recover(self) -> None:
        """End whatever trouble there is."""
        self._unreadable = self._misread_next = self._misreads = self._dead = False

    def read(self, timeout_s: float, refused: Callable[[ReferenceNumberB], bool]) -> ReferenceNumberB | None:
        """Return a copy that the reader of it wipes. Raise Fault(CAMERA_FAULT) when dead."""
        if self._dead:
            raise Fault(f"no picture of the card within {timeout_s:g} s", part="card_front", reason=Reason.CAMERA_FAULT)
        printed = self._printed()
        if printed is None or self._unreadable:
            return None
        digits = bytearray(printed.reveal())
        if self._misread_next or self._misreads:
            self._misread_next = False
            digits[-1] = ZERO + (digits[-1] - ZERO + 1) % 10
        seen = ReferenceNumberB(digits)
        digits[:] = bytes(len(digits))
        if refused(seen):
            seen.wipe()
            return None
        return seen
