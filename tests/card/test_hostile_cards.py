"""A card may answer anything: what comes out is one of our errors, in bounded time, and no secret goes in unasked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.card import MyNumberCard, PortraitCheck
from device.card.channel import Channel
from device.card.profiles import PROFILES
from device.domain.errors import CardError
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardFacts, CardKind

STATUS_WORDS = st.sampled_from(
    [0x9000, 0x9000, 0x9000, 0x6101, 0x6C10, 0x6282, 0x63C3, 0x6300, 0x6984, 0x6F00]
) | st.integers(0, 0xFFFF)
STARTS = [
    b"",
    b"\x30\x82\x06\x2b",
    b"\xff\x20\x82\x10\x00\xdf\x27",
    b"\x30\x84\x7f\xff\xff\xff",
    b"JPKIAPICCTOKEN2".ljust(32),
]
DATA = st.builds(lambda start, rest: start + rest, st.sampled_from(STARTS), st.binary(max_size=300))
ANSWERS = st.lists(st.tuples(DATA, STATUS_WORDS), max_size=40)
Answering = Callable[[Callable[[bytes], tuple[bytes, int]]], Any]

# A card that has passed for a My Number Card so far, then says what it likes.
FACTS = CardFacts(CardKind.PLASTIC, has_surface=True)
READS: dict[str, Callable[[MyNumberCard], object]] = {
    "certificate": MyNumberCard.read_certificate,
    "PIN counter": MyNumberCard.pin_tries_left,
    "signature": lambda card: card.sign(b"challenge"),
    "counter of 照合番号B": MyNumberCard.reference_number_tries_left,
}

relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def saying(answers: list[tuple[bytes, int]]) -> Callable[[bytes], tuple[bytes, int]]:
    # Where the list ends, the last answer stays: a loop without a bound of its own would never end.
    line: Iterator[tuple[bytes, int]] = chain(answers, repeat(answers[-1] if answers else (b"", 0x9000)))
    return lambda _: next(line)


@relaxed
@given(ANSWERS)
def test_identifying_ends_in_a_card_or_one_of_our_errors(
    answering: Answering, answers: list[tuple[bytes, int]]
) -> None:
    card = answering(saying(answers))
    with contextlib.suppress(CardError):
        MyNumberCard.identify(card)
    assert len(card.heard) < 200
    assert card.verifies == []


@pytest.mark.parametrize("what", READS)
@relaxed
@given(ANSWERS)
def test_reading_ends_in_a_value_or_one_of_our_errors_and_sends_no_secret(
    answering: Answering, what: str, answers: list[tuple[bytes, int]]
) -> None:
    card = answering(saying(answers))
    with contextlib.suppress(CardError):
        READS[what](MyNumberCard(Channel(card), PROFILES[0], FACTS))
    assert len(card.heard) < 10_000
    assert card.verifies == []


@relaxed
@given(ANSWERS)
def test_verifying_a_pin_sends_it_at_most_once(answering: Answering, answers: list[tuple[bytes, int]]) -> None:
    card = answering(saying(answers))
    with contextlib.suppress(CardError):
        MyNumberCard(Channel(card), PROFILES[0], FACTS).verify_pin(Pin(b"1234"))
    assert len(card.verifies) <= 1
    assert all(not any(buffer) for buffer in card.buffers)


@relaxed
@given(ANSWERS)
def test_reading_a_portrait_sends_its_number_at_most_once_and_never_unasked(
    answering: Answering, answers: list[tuple[bytes, int]]
) -> None:
    card = answering(saying(answers))
    with contextlib.suppress(CardError):
        MyNumberCard(Channel(card), PROFILES[0], FACTS).read_portrait(
            ReferenceNumberB(b"55021720352285"), PortraitCheck(bytes(32), unknown_anchor_goes_on=True)
        )
    assert len(card.heard) < 10_000
    assert len(card.verifies) <= 1
    for sent in card.verifies:
        assert bytes.fromhex("00200080") in card.heard[: card.heard.index(sent)]
