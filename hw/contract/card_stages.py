"""What has to do with cards, as the suites want to hold it: the bench's own card, its reader, the camera over it."""

from __future__ import annotations

from typing import Final, NoReturn

from device.card import MyNumberCard
from device.ports.camera import CardFront
from device.ports.card import CardConnection, CardReader
from device.ports.institution import InstitutionCredential
from device.sim.card import PlaceableCard, SimulatedCard
from hw.cards import CardBox, GoldenCard
from hw.errors import CannotMeasure
from hw.guarded_reader import besides
from hw.rig.port import Rig
from hw.unit.port import UnitUnderTest

HAND_S: Final = 120.0
"""A person takes so long to place a card, at most."""
READER_S: Final = 30.0
"""A reader takes so long to notice, at most."""


class TableReader:
    """The unit's reader; whose card it is, is looked at each time it connects."""

    def __init__(self, reader: CardReader, cards: CardBox) -> None:
        self._reader = reader
        self._cards = cards

    @property
    def name(self) -> str:
        """The reader's own."""
        return self._reader.name

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        """Wait as the reader does."""
        return self._reader.wait_for_change(present=present, timeout_s=timeout_s)

    def connect(self) -> CardConnection:
        """Connect to the bench's own card, with a guard before it."""
        return self._cards.touch(self._reader, *self._cards.cards)


class TableBench:
    """A reader, and a hand that places and lifts the bench's first card."""

    def __init__(self, unit: UnitUnderTest, rig: Rig, cards: CardBox) -> None:
        self.reader = TableReader(unit.reader, cards)
        self.patience_s = READER_S if rig.tireless else HAND_S
        self._rig = rig
        self._card: GoldenCard = cards.first

    def place(self, card: PlaceableCard) -> None:
        """Place the bench's own card in place of a made one."""
        if not isinstance(card, SimulatedCard) or not card.behaves:
            raise CannotMeasure("no real card misbehaves on request")
        self._rig.place(self._card.name)

    def lift(self) -> None:
        """Take it away."""
        self._rig.lift()


class TableFront:
    """The camera over the reader, and the bench's card under it."""

    def __init__(self, unit: UnitUnderTest, rig: Rig, cards: CardBox) -> None:
        """Raise CannotMeasure where the list does not say what is printed on the card."""
        card = cards.first
        if card.front is None:
            raise CannotMeasure(f"cards.toml does not say what is printed on {card.name!r}: front = …")
        self.front: CardFront = unit.front
        self._printed = card.front
        self._rig = rig
        rig.place(card.name)

    def is_printed(self, number: bytes) -> bool:
        """Compare with the list."""
        return number == bytes(self._printed.reveal())

    def take_away(self) -> None:
        """Take the card away."""
        self._rig.lift()

    def break_it(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody pulls the card camera's cable while it is driven")

    mend_it = break_it


class TableOpening:
    """The unit's right to use a key without PIN, and the bench's card."""

    def __init__(self, unit: UnitUnderTest, rig: Rig, cards: CardBox) -> None:
        self.credential: InstitutionCredential = unit.credential
        self._reader = unit.reader
        self._besides = besides(simulated=unit.facts().simulated)
        self._rig = rig
        self._cards = cards

    def place(self) -> None:
        """Place the bench's own card."""
        self._rig.place(self._cards.first.name)

    def lift(self) -> None:
        """Take it away."""
        self._rig.lift()

    def connect(self) -> CardConnection:
        """Connect to it, with a guard before it."""
        return self._cards.touch(self._reader, self._cards.first, besides=self._besides)

    def tries_left(self) -> tuple[int, int]:
        """Ask the card's counters."""
        with self.connect() as connection:
            card = MyNumberCard.identify(connection)
            return card.pin_tries_left(), card.reference_number_tries_left()
