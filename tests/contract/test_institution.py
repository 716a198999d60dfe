"""What every institution's credential promises; the only one there is, is a stand-in that opens simulated cards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, CardUnreadable
from device.ports.institution import InstitutionCredential
from device.sim.card import SimulatedCard
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.reader import SimulatedReader

MakeCard = Callable[..., SimulatedCard]
SELECT_KEY = bytes.fromhex("00A4020C020017")
SIGN = bytes.fromhex("802A008033" + "AB" * 51 + "00")


@pytest.fixture
def credential() -> InstitutionCredential:
    return SimulatedInstitutionCredential()


@pytest.fixture
def reader() -> SimulatedReader:
    return SimulatedReader()


def test_a_card_that_it_opens_signs_without_its_pin(
    credential: InstitutionCredential, reader: SimulatedReader, make_card: MakeCard
) -> None:
    reader.place(make_card())
    with reader.connect() as connection:
        card = MyNumberCard.identify(connection)
        with pytest.raises(CardUnreadable, match="6982"):
            card.sign(b"challenge")
        assert card.unlock_by_institution(credential)
        assert len(card.sign(b"challenge")) == 256


def test_afterwards_the_application_of_the_key_is_selected(
    credential: InstitutionCredential, reader: SimulatedReader, make_card: MakeCard
) -> None:
    reader.place(make_card())
    with reader.connect() as connection:
        MyNumberCard.identify(connection)
        assert credential.unlock(connection)
        assert connection.transmit(SELECT_KEY) == (b"", 0x9000)
        signature, sw = connection.transmit(SIGN)
    assert (len(signature), sw) == (256, 0x9000)


def test_it_costs_no_try_and_ends_with_the_connection(
    credential: InstitutionCredential, reader: SimulatedReader, make_card: MakeCard
) -> None:
    lying = make_card()
    reader.place(lying)
    with reader.connect() as connection:
        assert credential.unlock(connection)
    assert (lying.pin_tries_left, lying.reference_number_tries_left) == (3, 10)
    with reader.connect() as connection, pytest.raises(CardUnreadable, match="6982"):
        MyNumberCard.identify(connection).sign(b"challenge")


def test_a_card_that_left_is_lost(
    credential: InstitutionCredential, reader: SimulatedReader, make_card: MakeCard
) -> None:
    reader.place(make_card())
    connection = reader.connect()
    reader.lift()
    with pytest.raises(CardLost):
        credential.unlock(connection)
