"""What only the simulated reader can do: break, and hold cards that do not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from device.domain.errors import CardLost, CardUnreadable, Fault, SeveralCards
from device.domain.reasons import Reason
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.reader import SimulatedReader

MakeCard = Callable[..., SimulatedCard]
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")


def test_a_mute_card_is_seen_and_cannot_be_read(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    reader.place(make_card(misbehaviour=Misbehaviour(mute=True)))
    assert reader.wait_for_change(present=False, timeout_s=0)
    with pytest.raises(CardUnreadable):
        reader.connect()


def test_there_is_room_for_one_card(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    reader.place(make_card())
    with pytest.raises(ValueError, match="lift it first"):
        reader.place(make_card())
    reader.lift()
    reader.lift()
    reader.place(make_card())


def test_two_cards_are_a_typed_error_and_neither_is_spoken_to(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    first, second = make_card(), make_card()
    with pytest.raises(ValueError, match="no first card"):
        reader.place_another(second)
    reader.place(first)
    connection = reader.connect()
    reader.place_another(second)
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    assert reader.wait_for_change(present=False, timeout_s=0)
    with pytest.raises(SeveralCards) as several:
        reader.connect()
    assert several.value.reason is Reason.SEVERAL_CARDS
    reader.lift()
    reader.place(first)
    with reader.connect() as again:
        assert again.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_a_card_that_lost_contact_lies_there_still_and_can_be_connected_to_anew(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    reader.place(make_card(misbehaviour=Misbehaviour(loses_contact_at=2)))
    connection = reader.connect()
    assert connection.transmit(SELECT_JPKI) == (b"", 0x9000)
    for _ in range(2):
        with pytest.raises(CardLost):
            connection.transmit(SELECT_JPKI)
    assert reader.wait_for_change(present=False, timeout_s=0)
    with reader.connect() as again:
        assert [again.transmit(SELECT_JPKI) for _ in range(3)] == [(b"", 0x9000)] * 3


def test_a_broken_reader_is_a_fault_until_it_is_repaired(make_card: MakeCard) -> None:
    reader = SimulatedReader("reader at the desk")
    reader.place(make_card())
    connection = reader.connect()
    reader.break_down()
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    for use in (reader.connect, lambda: reader.wait_for_change(present=True, timeout_s=10)):
        with pytest.raises(Fault) as broken:
            use()
        assert broken.value.reason is Reason.READER_FAULT
        assert broken.value.part == "reader at the desk"
    reader.repair()
    assert reader.wait_for_change(present=False, timeout_s=0)
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    connection.power_off()
    with reader.connect() as again:
        assert again.transmit(SELECT_JPKI) == (b"", 0x9000)


def test_a_reader_breaks_with_or_without_a_card() -> None:
    reader = SimulatedReader()
    reader.break_down()
    with pytest.raises(Fault):
        reader.connect()


def test_who_waits_hears_of_the_breakdown() -> None:
    reader = SimulatedReader()
    heard: list[Fault] = []

    def wait() -> None:
        try:
            reader.wait_for_change(present=False, timeout_s=30)
        except Fault as fault:
            heard.append(fault)

    waiting = threading.Thread(target=wait)
    waiting.start()
    reader.break_down()
    waiting.join(30)
    assert len(heard) == 1
