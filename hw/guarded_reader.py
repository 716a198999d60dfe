"""The reader as the unit's own program has it on the bench: one card of the list and no other, and one try at most."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from device.domain.errors import CardLost, CardUnreadable
from device.ports.card import CardConnection, CardReader
from device.sim.card.stand_in import STAND_IN_UNLOCK
from hw.card_guard import GuardedConnection
from hw.cards import CardBox, GoldenCard
from hw.errors import CardInDanger


def besides(*, simulated: bool) -> set[tuple[int, int]]:
    """Return class and instruction of what only simulated cards understand."""
    return {(STAND_IN_UNLOCK[0], STAND_IN_UNLOCK[1])} if simulated else set()


class GuardedReader:
    """A `CardReader` that looks whose card it is each time the program connects. The program hears of a lost card."""

    def __init__(self, reader: CardReader, box: CardBox, wanted: GoldenCard, *, simulated: bool) -> None:
        """`simulated`: cards understand the invented way in that no real card knows."""
        self._reader = reader
        self._besides = besides(simulated=simulated)
        self._box = box
        self._wanted = wanted
        self._danger: CardInDanger | None = None

    def raise_danger(self) -> None:
        """Raise CardInDanger if one was met: the run has to stop, whatever the program makes of it."""
        if self._danger is not None:
            raise self._danger

    @property
    def name(self) -> str:
        """The reader's own."""
        return self._reader.name

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """As the reader does."""
        return self._reader.wait_for_change(present=present, timeout_s=timeout_s)

    def connect(self) -> _Noting:
        """Connect, and look whose card it is. Raise CardUnreadable for one that is not the wanted one."""
        self.raise_in_program()
        connection = GuardedConnection(self._reader.connect(), besides=self._besides)
        try:
            with self.noted():
                self._box.admit(connection, self._wanted)
        except BaseException:
            connection.power_off()
            raise
        return _Noting(connection, self)

    def raise_in_program(self) -> None:
        """Let the program speak to no card any more once there was a danger."""
        if self._danger is not None:
            raise CardUnreadable("the bench stops this run") from self._danger

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a danger for the bench, and tell the program in its own words."""
        try:
            yield
        except CardInDanger as error:
            self._danger = error
            raise CardLost("held back by the bench") from error


class _Noting(CardConnection):
    """A connection whose dangers are noted."""

    def __init__(self, connection: GuardedConnection, reader: GuardedReader) -> None:
        self._connection = connection
        self._reader = reader

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass one command on. Raise CardLost for one that is held back."""
        with self._reader.noted():
            return self._connection.transmit(apdu)

    def power_off(self) -> None:
        """Cut the card's power."""
        self._connection.power_off()
