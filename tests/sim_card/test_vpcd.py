"""The card's side of vpcd's protocol, against a listener that speaks it in raw bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.vpcd import VpcdSlot

OFF, ON, RESET, GIVE_ATR = "000100", "000101", "000102", "000104"
SELECT_JPKI = "000F 00A4040C0AD392F000260100000001"
PATIENCE_S = 10
MakeCard = Callable[..., SimulatedCard]


class Listener:
    """vpcd without pcscd."""

    def __init__(self) -> None:
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self._entrance.settimeout(PATIENCE_S)
        self.address: tuple[str, int] = self._entrance.getsockname()
        self._wire: socket.socket | None = None

    def let_in(self) -> None:
        self.hang_up()
        self._wire, _ = self._entrance.accept()
        self._wire.settimeout(PATIENCE_S)

    @property
    def wire(self) -> socket.socket:
        assert self._wire is not None
        return self._wire

    def tell(self, message: str) -> None:
        self.wire.sendall(bytes.fromhex(message))

    def hear(self) -> str:
        """Return one answer in hex, or nothing when the card is gone."""
        with self.wire.makefile("rb", buffering=0) as stream:
            size = int.from_bytes(stream.read(2) or b"", "big")
            answer = b""
            while len(answer) < size:
                answer += stream.read(size - len(answer)) or b""
            return answer.hex().upper()

    def hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def close(self) -> None:
        self.hang_up()
        self._entrance.close()


@pytest.fixture
def vpcd() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def slot(vpcd: Listener) -> Iterator[VpcdSlot]:
    slot = VpcdSlot(vpcd.address)
    yield slot
    vpcd.close()
    slot.close()


def test_a_card_answers_for_its_atr_and_for_commands_and_obeys_the_rest(
    vpcd: Listener, slot: VpcdSlot, make_card: MakeCard
) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    for message in (ON, GIVE_ATR, SELECT_JPKI, "0008 00A4020C02001800", RESET, "0007 00A4020C020018", OFF):
        vpcd.tell(message)
    assert vpcd.hear() == "3B888001000005E0B381A1007F"
    assert vpcd.hear() == "9000"
    assert vpcd.hear() == "9000"
    assert vpcd.hear() == "6A82"  # the reset has forgotten the application


def test_the_pin_outlives_a_reset_and_not_the_power(vpcd: Listener, slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    sign = "0039 802A009733 " + "AB" * 51 + "00"
    for message in (ON, SELECT_JPKI, "0009 002000980431323334", RESET, SELECT_JPKI, sign, OFF, ON, SELECT_JPKI, sign):
        vpcd.tell(message)
    assert [vpcd.hear() for _ in range(3)] == ["9000"] * 3
    assert vpcd.hear().endswith("9000")
    assert [vpcd.hear(), vpcd.hear()] == ["9000", "6982"]


def test_messages_may_come_byte_by_byte(vpcd: Listener, slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    for byte in bytes.fromhex(ON + SELECT_JPKI + GIVE_ATR):
        vpcd.tell(f"{byte:02X}")
    assert [vpcd.hear(), vpcd.hear()] == ["9000", "3B888001000005E0B381A1007F"]


def test_a_card_that_leaves_by_itself_hangs_up_and_makes_room(
    vpcd: Listener, slot: VpcdSlot, make_card: MakeCard
) -> None:
    slot.insert(make_card(misbehaviour=Misbehaviour(leaves_after=1)))
    vpcd.let_in()
    vpcd.tell(ON + SELECT_JPKI + SELECT_JPKI)
    assert [vpcd.hear(), vpcd.hear()] == ["9000", ""]


def test_one_card_at_a_time(vpcd: Listener, slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    with pytest.raises(ValueError, match="pull it first"):
        slot.insert(make_card())


def test_a_slot_whose_reader_has_gone_takes_no_card(vpcd: Listener, slot: VpcdSlot, make_card: MakeCard) -> None:
    vpcd.close()
    with pytest.raises(ConnectionRefusedError):
        slot.insert(make_card())
    slot.pull()


def test_a_reader_that_hangs_up_powers_the_card_off(vpcd: Listener, slot: VpcdSlot, make_card: MakeCard) -> None:
    card = make_card()
    slot.insert(card)
    vpcd.let_in()
    vpcd.tell(ON + SELECT_JPKI + "0009 002000980431323334")
    assert [vpcd.hear(), vpcd.hear()] == ["9000", "9000"]
    vpcd.close()
    slot.pull()
    card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert card.transmit(bytes.fromhex("802A009701AA00")) == (b"", 0x6982)


def test_a_pulled_card_is_gone_once_the_reader_has_asked_the_empty_slot_twice(
    vpcd: Listener, slot: VpcdSlot, make_card: MakeCard
) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    pulling = threading.Thread(target=slot.pull)
    pulling.start()
    assert vpcd.hear() == ""
    vpcd.tell(GIVE_ATR)  # may be the end of a command that missed the card
    for _ in range(2):
        vpcd.let_in()
        vpcd.tell(GIVE_ATR)
        assert vpcd.hear() == ""
    vpcd.hang_up()
    pulling.join(PATIENCE_S)
    assert not pulling.is_alive()


def test_a_command_that_misses_the_card_is_not_yet_the_readers_own_question(
    vpcd: Listener, slot: VpcdSlot, make_card: MakeCard
) -> None:
    slot.insert(make_card())
    vpcd.let_in()
    pulling = threading.Thread(target=slot.pull)
    pulling.start()
    assert vpcd.hear() == ""
    vpcd.let_in()
    vpcd.tell(SELECT_JPKI)  # a program that has not noticed: not the reader's own question
    assert vpcd.hear() == ""
    for _ in range(2):
        vpcd.let_in()
        vpcd.tell(GIVE_ATR)
        assert vpcd.hear() == ""
    vpcd.hang_up()
    pulling.join(PATIENCE_S)
    assert not pulling.is_alive()
