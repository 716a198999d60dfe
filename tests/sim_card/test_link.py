"""How long an emulated link takes, against sums done by hand. Nothing waits: time is only counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from device.card import MyNumberCard, PortraitCheck
from device.domain.secrets import Pin
from device.sim.card import Link, SimulatedCard, TimedCard
from device.sim.clock import SimulatedClock
from device.sim.reader import SimulatedReader

MakeCard = Callable[..., SimulatedCard]
BIT_S = 128 / 13_560_000
"""One elementary time unit at 106 kbit/s: 9.44 µs."""


@pytest.mark.parametrize(("kbps", "faster"), [(106, 1), (212, 2), (424, 4), (848, 8)])
def test_every_byte_takes_ten_bits_and_every_frame_its_ends(kbps: int, faster: int) -> None:
    link = Link(kbps, turnaround_s=0.0)
    # Command: 5 + 3 bytes; answer: 16 + 3 bytes; 23 bits of frame each.
    assert link.transfer_s(5, 16) == pytest.approx(((8 + 19) * 10 + 2 * 23) * BIT_S / faster)


def test_an_answer_that_does_not_fit_one_frame_is_acknowledged_in_between() -> None:
    link = Link(424, turnaround_s=0.001)
    # 258 bytes: two blocks of 253 and 5 bytes with an R-block between them, so four frames with the command's.
    expected = ((5 + 3) + (258 + 2 * 3) + 3) * 10 * BIT_S / 4 + 4 * 23 * BIT_S / 4 + 4 * 0.001
    assert link.transfer_s(5, 258) == pytest.approx(expected)


def test_signing_takes_the_chip_longer_than_reading() -> None:
    link = Link(848, turnaround_s=0.0, command_s=0.01, signing_s=0.5)
    read, sign = bytes.fromhex("00B0000000"), bytes.fromhex("802A008000")
    assert link.exchange_s(sign, 256) - link.exchange_s(read, 256) == pytest.approx(0.5)
    assert link.exchange_s(read, 0) == pytest.approx(link.transfer_s(5, 2) + 0.01)


def test_a_type_b_link_has_four_speeds() -> None:
    with pytest.raises(ValueError, match="106, 212, 424, 848"):
        Link(1696)


def test_a_whole_card_part_takes_its_time_on_a_clock_that_nobody_waits_for(make_card: MakeCard) -> None:
    clock = SimulatedClock()
    took: dict[int, float] = {}
    for kbps in (106, 212, 424, 848):
        card = make_card(portrait=bytes.fromhex("0000000C6A5020200D0A870A") + bytes(15_000))
        timed = TimedCard(card, Link(kbps), clock.advance)
        reader = SimulatedReader()
        reader.place(timed)
        began_s = clock.monotonic_s()
        with reader.connect() as connection:
            visit = MyNumberCard.identify(connection)
            visit.read_certificate()
            visit.read_portrait(card.reference_number(), PortraitCheck(bytes(32), unknown_anchor_goes_on=True))
            visit.verify_pin(Pin(b"1234"))
            visit.sign(b"challenge")
        took[kbps] = clock.monotonic_s() - began_s
        assert took[kbps] == pytest.approx(timed.spent_s)
    assert sorted(took.values(), reverse=True) == list(took.values())
    # 17 kB at 106 kbit/s with ten bits a byte are 1.6 s in the air alone; the chip's two signatures are 0.8 s.
    assert 2.4 < took[106] < 3.5
    assert 1.0 < took[848] < 1.5


def test_a_timed_card_is_the_card_in_everything_else(make_card: MakeCard) -> None:
    card = make_card()
    timed = TimedCard(card, Link(), lambda _: None)
    assert timed.atr == card.atr
    timed.power_on()
    assert timed.transmit(bytes.fromhex("00A4040C0AD392F000260100000001")) == (b"", 0x9000)
    timed.transmit(bytes.fromhex("002000980431323334"))
    timed.reset()
    timed.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert len(timed.transmit(bytes.fromhex("802A009733" + "AB" * 51 + "00"))[0]) == 256
    timed.power_off()
    timed.power_on()
    timed.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert timed.transmit(bytes.fromhex("802A009733" + "AB" * 51 + "00")) == (b"", 0x6982)
