"""Visits at a PN532: our driver, a serial line, the simulated chip, a simulated card."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.card import MyNumberCard
from device.domain.errors import CardLost, CardUnknown, CardUnreadable, Fault, PinRejected, SeveralCards
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.drivers.pn532 import Pn532Reader, Timing, open_pn532
from device.sim.card import CONTACTLESS_ATR, SimulatedCard
from device.sim.card import Misbehaviour as CardMisbehaviour
from device.sim.card.other_cards import OtherCard
from device.sim.pn532 import Kind, Misbehaviour, SimulatedPn532, Trouble

MakeCard = Callable[..., SimulatedCard]
MakeHat = Callable[..., tuple[SimulatedPn532, Pn532Reader]]
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
AT_MOST_S = 10.0


def test_a_whole_visit(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    card = make_card()
    hat.place(card)
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with reader.connect() as connection:
        visited = MyNumberCard.identify(connection)
        assert visited.read_certificate()[:2] == b"\x30\x82"
        with pytest.raises(PinRejected) as rejected:
            visited.verify_pin(Pin(b"9999"))
        assert rejected.value.tries_left == 2
        visited.verify_pin(Pin(b"1234"))
        assert len(visited.sign(b"challenge")) == 256
        assert connection.atr == card.atr
    assert not hat.field.on


def test_the_field_is_off_between_two_looks_and_after_a_visit(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    assert not hat.field.on
    connection = reader.connect()
    assert hat.field.on
    connection.power_off()
    assert not hat.field.on


def test_the_reader_says_who_it_is_once_it_has_spoken(make_hat: MakeHat) -> None:
    hat, reader = make_hat()
    assert reader.name == f"PN532 at uart:{hat.device}"
    reader.wait_for_change(present=False, timeout_s=0)
    assert reader.name == f"PN532 at uart:{hat.device} (firmware 1.6)"


def test_a_card_that_is_lifted_while_nobody_talks_to_it_is_missed(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    connection = reader.connect()
    assert reader.wait_for_change(present=True, timeout_s=0.03)
    hat.lift()
    assert not reader.wait_for_change(present=True, timeout_s=AT_MOST_S)
    assert not hat.field.on
    hat.place(make_card())
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    with reader.connect() as again:
        assert again.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_one_missing_answer_is_not_yet_a_card_that_left(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat(Misbehaviour(Trouble.RF_STATUS, command=0x00, value=0x01))
    hat.place(make_card())
    with reader.connect() as connection:
        connection.transmit(SELECT_JPKI)
        assert reader.wait_for_change(present=True, timeout_s=0)
        assert connection.transmit(bytes.fromhex("00A4020C020018")) == (b"", 0x9000)  # still selected


def test_a_look_does_not_wait_for_a_long_exchange(make_hat: MakeHat, timing: Timing) -> None:
    at_work, may_go_on = threading.Event(), threading.Event()

    class SlowCard(OtherCard):
        atr = CONTACTLESS_ATR

        def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
            at_work.set()
            may_go_on.wait(AT_MOST_S)
            return super().transmit(apdu)

    hat, reader = make_hat(timing=replace(timing, exchange_s=AT_MOST_S))
    hat.place(SlowCard())
    with reader.connect() as connection:
        exchange = threading.Thread(target=connection.transmit, args=[SELECT_JPKI])
        exchange.start()
        assert at_work.wait(AT_MOST_S)
        assert reader.wait_for_change(present=True, timeout_s=0.02)
        may_go_on.set()
        exchange.join(AT_MOST_S)
    assert not exchange.is_alive()


@pytest.mark.parametrize("kind", [Kind.TYPE_A, Kind.FELICA])
def test_another_kind_of_card_is_seen_and_unknown(make_hat: MakeHat, kind: Kind) -> None:
    hat, reader = make_hat()
    hat.place(OtherCard(), kind)
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with pytest.raises(CardUnknown) as unknown:
        reader.connect()
    assert unknown.value.reason is Reason.CARD_UNKNOWN
    assert not hat.field.on


def test_a_transport_pass_beside_the_card_does_not_disturb(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(OtherCard(), Kind.FELICA)
    hat.place(make_card())
    with reader.connect() as connection:
        assert MyNumberCard.identify(connection).facts.has_surface


def test_of_two_cards_none_is_taken(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    hat.place(make_card())
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with pytest.raises(SeveralCards, match="leave only one"):
        reader.connect()
    assert not hat.field.on


def test_a_mute_card_is_no_card(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(make_card(misbehaviour=CardMisbehaviour(mute=True)))
    assert not reader.wait_for_change(present=False, timeout_s=0)
    with pytest.raises(CardLost):
        reader.connect()


def test_a_card_that_introduces_itself_badly_is_seen_and_unreadable(make_hat: MakeHat) -> None:
    class Stammering(OtherCard):
        atr = CONTACTLESS_ATR[:6]

    hat, reader = make_hat()
    hat.place(Stammering())
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with pytest.raises(CardUnreadable):
        reader.connect()
    assert not hat.field.on


def test_a_field_that_could_not_be_switched_off_is_switched_off_first_thing(
    make_hat: MakeHat, make_card: MakeCard
) -> None:
    # The first four configurations bring the chip up; the next is the end of the visit.
    hat, reader = make_hat(Misbehaviour(Trouble.SILENT, command=0x32, skip=4))
    hat.place(make_card())
    with reader.connect() as connection:
        MyNumberCard.identify(connection).verify_pin(Pin(b"1234"))
    assert hat.field.on
    with reader.connect() as connection, pytest.raises(CardUnreadable, match="6982"):
        MyNumberCard.identify(connection).sign(b"challenge")


def test_it_works_with_the_times_that_a_unit_has(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat(timing=Timing())
    hat.place(make_card())
    for _ in range(2):
        with reader.connect() as connection:
            assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_commands_and_answers_longer_than_a_frame_go_in_parts(make_hat: MakeHat) -> None:
    class Echo(OtherCard):
        atr = CONTACTLESS_ATR

        def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
            return bytes(apdu), 0x9000

    hat, reader = make_hat()
    hat.place(Echo())
    with reader.connect() as connection:
        for size in (1, 260, 261, 262, 263, 524, 525, 2000):
            command = bytes(range(256)) * 8
            assert connection.transmit(command[:size]) == (command[:size], 0x9000)


def test_an_answer_that_never_ends_is_unreadable(make_hat: MakeHat) -> None:
    class Endless(OtherCard):
        atr = CONTACTLESS_ATR

        def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:  # noqa: ARG002  whatever is asked
            return bytes(70_000), 0x9000

    hat, reader = make_hat()
    hat.place(Endless())
    with reader.connect() as connection, pytest.raises(CardUnreadable, match="does not end"):
        connection.transmit(SELECT_JPKI)


def test_a_cable_that_is_pulled_is_a_fault_and_is_found_again_without_a_restart(
    make_hat: MakeHat, make_card: MakeCard
) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    connection = reader.connect()
    hat.unplug()
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    for use in (reader.connect, lambda: reader.wait_for_change(present=False, timeout_s=0)):
        with pytest.raises(Fault, match="it is not there") as gone:
            use()
        assert gone.value.reason is Reason.READER_FAULT
    connection.power_off()
    hat.plug()
    assert reader.wait_for_change(present=False, timeout_s=AT_MOST_S)
    with reader.connect() as again:
        assert MyNumberCard.identify(again).read_certificate()


def test_who_waits_while_the_reader_is_closed_is_let_go(make_hat: MakeHat) -> None:
    _, reader = make_hat()
    seen: list[bool] = []
    started = threading.Event()

    def wait() -> None:
        started.set()
        seen.append(reader.wait_for_change(present=False, timeout_s=AT_MOST_S))

    waiting = threading.Thread(target=wait)
    waiting.start()
    started.wait(AT_MOST_S)
    reader.close()
    waiting.join(AT_MOST_S)
    assert not waiting.is_alive()


def test_closing_switches_the_field_off(make_hat: MakeHat, make_card: MakeCard) -> None:
    hat, reader = make_hat()
    hat.place(make_card())
    reader.connect()
    reader.close()
    reader.close()
    assert not hat.field.on


def test_two_readers_at_one_line_do_not_disturb_each_other(make_hat: MakeHat, timing: Timing) -> None:
    hat, reader = make_hat()
    reader.wait_for_change(present=False, timeout_s=0)
    with pytest.raises(Fault, match="another program uses it"):
        open_pn532(f"uart:{hat.device}", timing=timing).wait_for_change(present=False, timeout_s=0)


def test_a_technician_learns_that_there_is_no_such_line(tmp_path: Path) -> None:
    reader = open_pn532(f"uart:{tmp_path / 'ttyAMA0'}")
    with pytest.raises(Fault, match="is the bus switched on in the Pi's configuration"):
        reader.wait_for_change(present=False, timeout_s=0)


def test_a_technician_learns_of_the_jumpers_when_nobody_answers(make_hat: MakeHat) -> None:
    _, reader = make_hat(Misbehaviour(Trouble.SILENT, times=99))
    with pytest.raises(Fault, match="does not answer: check that the HAT's jumpers are set to this bus"):
        reader.wait_for_change(present=False, timeout_s=0)


def test_a_technician_learns_of_touching_lines(make_hat: MakeHat) -> None:
    _, reader = make_hat(Misbehaviour(Trouble.ECHO, times=99))
    with pytest.raises(Fault, match="our own words come back"):
        reader.wait_for_change(present=False, timeout_s=0)


def test_another_chip_is_refused_by_name(make_hat: MakeHat) -> None:
    _, reader = make_hat(Misbehaviour(Trouble.OTHER_CHIP, command=0x02, value=0x33))
    with pytest.raises(Fault, match="no PN532: it calls itself 33 01 06 07"):
        reader.wait_for_change(present=False, timeout_s=0)


@pytest.mark.parametrize(
    "place", ["", "uart", "uart:ttyAMA0", "spi:0", "spi:0.x", "i2c:", "i2c:one", "usb:1", "/dev/x"]
)
def test_a_place_that_is_none_is_refused_with_directions(place: str) -> None:
    with pytest.raises(ValueError, match=r'write "uart:/dev/ttyAMA0", "spi:0\.0" or "i2c:1"'):
        open_pn532(place)
