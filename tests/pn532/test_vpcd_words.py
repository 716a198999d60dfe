"""vpcd's protocol against messages written by hand, in any portions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.card.vpcd import Messages, Order, encode

STREAM = bytes.fromhex("000101 000104 000F00A4040C0AD392F000260100000001 000102 0001FF 0000 000100")
MEANT = [
    Order.POWER_ON,
    Order.GIVE_ATR,
    bytes.fromhex("00A4040C0AD392F000260100000001"),
    Order.RESET,
    Order.POWER_OFF,
]


def test_an_answer_goes_behind_its_length() -> None:
    assert encode(bytes.fromhex("9000")).hex() == "00029000"
    assert encode(bytes(300))[:2] == b"\x01\x2c"


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_orders_and_commands_are_told_apart_in_any_portions(cuts: list[int]) -> None:
    messages = Messages()
    heard = []
    start = 0
    for cut in sorted({*cuts, len(STREAM)}):
        heard += messages.feed(STREAM[start:cut])
        start = cut
    assert heard == MEANT
