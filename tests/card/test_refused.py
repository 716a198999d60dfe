"""What a card has refused stays known while the unit runs, without anybody being known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.card.refused import KEY_BYTES, MOST_CARDS, RefusedNumbers
from device.domain.secrets import ReferenceNumberB

KEY = bytes(range(KEY_BYTES))


def number(last: int = 0) -> ReferenceNumberB:
    return ReferenceNumberB(b"5502172035%04d" % last)


def refuse(memory: RefusedNumbers, card: bytes, last: int, tries: int = 10) -> None:
    by_card = memory.of(card)
    by_card.sent(number(last), tries)
    by_card.answered(refused=True)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["refused", "taken", "lost", "counted"])))
)
def test_a_number_is_known_as_refused_exactly_when_that_card_said_so_or_its_counter_did(
    steps: list[tuple[int, int, str]],
) -> None:
    memory = RefusedNumbers(KEY)
    refused: set[tuple[int, int]] = set()
    waiting: dict[int, int] = {}
    for card, last, what in steps:
        by_card = memory.of(bytes([card]))
        if what == "counted":
            by_card.counted(6)
            if card in waiting:
                refused.add((card, waiting.pop(card)))
            continue
        by_card.sent(number(last), 7)
        waiting[card] = last
        if what != "lost":
            by_card.answered(refused=what == "refused")
            waiting.pop(card)
        if what == "refused":
            refused.add((card, last))
    assert {(card, last) for card in range(4) for last in range(6) if memory.of(bytes([card]))(number(last))} == refused


def test_a_counter_that_did_not_go_down_clears_the_number_that_got_no_answer() -> None:
    memory = RefusedNumbers(KEY)
    memory.of(b"card").sent(number(), 7)
    memory.of(b"card").counted(10)
    memory.of(b"card").counted(6)
    assert not memory.of(b"card")(number())


def test_the_card_that_refused_longest_ago_is_forgotten_first() -> None:
    memory = RefusedNumbers(KEY)
    for card in range(MOST_CARDS + 1):
        refuse(memory, card.to_bytes(2, "big"), 1)
    assert not memory.of((0).to_bytes(2, "big"))(number(1))
    assert memory.of((1).to_bytes(2, "big"))(number(1))


def test_nothing_is_kept_of_a_card_that_took_its_number_and_nothing_at_all_once_wiped() -> None:
    memory = RefusedNumbers(KEY)
    memory.of(b"card").sent(number(), 10)
    memory.of(b"card").answered(refused=False)
    assert memory.cards == 0
    refuse(memory, b"card", 1)
    assert memory.cards == 1
    memory.wipe()
    assert memory.cards == 0
