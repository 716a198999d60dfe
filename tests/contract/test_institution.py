"""What every institution's credential promises; the only one there is, is a stand-in that opens simulated cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, CardUnreadable
from device.ports.card import CardConnection
from device.ports.institution import InstitutionCredential
from device.sim.card import SimulatedCard
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.reader import SimulatedReader

SELECT_KEY = bytes.fromhex("00A4020C020017")
SIGN = bytes.fromhex("802A008033" + "AB" * 51 + "00")


class OpeningStage(Protocol):
    """A reader with a card, and what opens the card."""

    credential: InstitutionCredential

    def place(self) -> None:
        """Put a card with full counters on the reader."""

    def lift(self) -> None: ...

    def connect(self) -> CardConnection: ...

    def tries_left(self) -> tuple[int, int]:
        """Ask the card, without spending one, how many tries it has for its PIN and for its number B."""


class SimulatedOpening:
    def __init__(self, card: SimulatedCard) -> None:
        self._card = card
        self._reader = SimulatedReader()
        self.credential: InstitutionCredential = SimulatedInstitutionCredential()

    def place(self) -> None:
        self._reader.place(self._card)

    def lift(self) -> None:
        self._reader.lift()

    def connect(self) -> CardConnection:
        return self._reader.connect()

    def tries_left(self) -> tuple[int, int]:
        return self._card.pin_tries_left, self._card.reference_number_tries_left


@pytest.fixture
def simulated_opening(make_card: Callable[..., SimulatedCard]) -> OpeningStage:
    return SimulatedOpening(make_card())


@pytest.fixture(params=["simulated"])
def opening(request: pytest.FixtureRequest) -> OpeningStage:
    chosen: OpeningStage = request.getfixturevalue(f"{request.param}_opening")
    return chosen


def test_a_card_that_it_opens_signs_without_its_pin(opening: OpeningStage) -> None:
    opening.place()
    with opening.connect() as connection:
        card = MyNumberCard.identify(connection)
        with pytest.raises(CardUnreadable, match="6982"):
            card.sign(b"challenge")
        assert card.unlock_by_institution(opening.credential)
        assert len(card.sign(b"challenge")) == 256


def test_afterwards_the_application_of_the_key_is_selected(opening: OpeningStage) -> None:
    opening.place()
    with opening.connect() as connection:
        MyNumberCard.identify(connection)
        assert opening.credential.unlock(connection)
        assert connection.transmit(SELECT_KEY) == (b"", 0x9000)
        signature, sw = connection.transmit(SIGN)
    assert (len(signature), sw) == (256, 0x9000)


def test_it_costs_no_try_and_ends_with_the_connection(opening: OpeningStage) -> None:
    opening.place()
    before = opening.tries_left()
    with opening.connect() as connection:
        assert opening.credential.unlock(connection)
    assert opening.tries_left() == before
    with opening.connect() as connection, pytest.raises(CardUnreadable, match="6982"):
        MyNumberCard.identify(connection).sign(b"challenge")


def test_a_card_that_left_is_lost(opening: OpeningStage) -> None:
    opening.place()
    connection = opening.connect()
    opening.lift()
    with pytest.raises(CardLost):
        opening.credential.unlock(connection)
