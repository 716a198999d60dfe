from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, CardUnknown, Fault
from device.domain.reasons import Reason
from device.drivers.pcsc import PcscReader
from device.sim.card import CONTACT_ATR, OtherCard, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER
from device.sim.vpcd import VpcdSlot

pytestmark = pytest.mark.pcsc

PATIENCE_S = 20
MakeCard = Callable[..., SimulatedCard]


class CardWithBell:
    """A card that rings when it has answered its tenth command."""

    def __init__(self, card: SimulatedCard) -> None:
        self._card = card
        self.atr = card.atr
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self.bell = threading.Event()
        self._answered = 0

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        answer = self._card.transmit(apdu)
        self._answered += 1
        if self._answered == 10:
            self.bell.set()
        return answer


@pytest.fixture
def reader(slot: VpcdSlot) -> Iterator[PcscReader]:  # noqa: ARG001  the service has to run
    reader = PcscReader(VIRTUAL_READER)
    yield reader
    reader.close()


def test_the_reader_is_called_by_its_pattern_until_it_was_seen(reader: PcscReader) -> None:
    assert reader.name == "/Virtual PCD 00 00/"
    reader.wait_for_change(present=False, timeout_s=0)
    assert reader.name == "Virtual PCD 00 00"


@pytest.mark.usefixtures("slot")
def test_a_technician_learns_which_readers_there_are() -> None:
    for use in (PcscReader("PICC").connect, lambda: PcscReader("PICC").wait_for_change(present=False, timeout_s=0)):
        with pytest.raises(Fault) as missing:
            use()
        assert missing.value.reason is Reason.READER_FAULT
        assert str(missing.value) == (
            "no card reader matches /PICC/; readers present: Virtual PCD 00 00, Virtual PCD 00 01"
        )


@pytest.mark.usefixtures("slot")
def test_a_reader_that_is_refused_is_not_used_and_is_named() -> None:
    with pytest.raises(Fault) as refused:
        PcscReader(".", refuse="Virtual PCD").connect()
    assert str(refused.value) == (
        "no card reader matches /./; readers present: none; never used here: Virtual PCD 00 00, Virtual PCD 00 01"
    )


def test_another_reader_may_be_refused_beside_the_one_that_is_used(slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card())
    reader = PcscReader("Virtual", refuse="00 01$")
    assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    reader.close()


def test_a_card_with_contacts_is_read_as_one_without(slot: VpcdSlot, reader: PcscReader, make_card: MakeCard) -> None:
    slot.insert(make_card(atr=CONTACT_ATR))
    reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    with reader.connect() as connection:
        assert MyNumberCard.identify(connection).pin_tries_left() == 3


def test_another_kind_of_card_is_told_as_such(slot: VpcdSlot, reader: PcscReader) -> None:
    slot.insert(OtherCard())
    assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    with reader.connect() as connection, pytest.raises(CardUnknown):
        MyNumberCard.identify(connection)


def test_a_pin_that_a_crashed_program_left_verified_is_cleared_by_the_next_connection(
    slot: VpcdSlot, reader: PcscReader, make_card: MakeCard
) -> None:
    card = make_card()
    slot.insert(card)
    reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    select_jpki, sign = bytes.fromhex("00A4040C0AD392F000260100000001"), bytes.fromhex("802A009701AA00")
    card.transmit(select_jpki)
    assert card.transmit(bytes.fromhex("002000980431323334")) == (b"", 0x9000)
    with reader.connect() as connection:
        connection.transmit(select_jpki)
        assert connection.transmit(sign) == (b"", 0x6982)


def test_a_card_pulled_in_the_middle_of_reading_is_lost_and_the_next_one_is_read(
    slot: VpcdSlot, reader: PcscReader, make_card: MakeCard
) -> None:
    card_with_bell = CardWithBell(make_card())
    slot.insert(card_with_bell)
    reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    ended: list[BaseException] = []

    def read_for_ever() -> None:
        try:
            with reader.connect() as connection:
                card = MyNumberCard.identify(connection)
                while True:
                    card.read_certificate()
        except CardLost as error:
            ended.append(error)

    reading = threading.Thread(target=read_for_ever)
    reading.start()
    assert card_with_bell.bell.wait(PATIENCE_S)
    slot.pull()
    reading.join(PATIENCE_S)
    assert [type(error) for error in ended] == [CardLost]
    assert not reader.wait_for_change(present=True, timeout_s=PATIENCE_S)

    slot.insert(make_card())
    assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
    with reader.connect() as connection:
        assert MyNumberCard.identify(connection).facts.has_surface
