"""What the unit and a camera's child say to each other comes through as it was said, and nothing else does."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.drivers.camera.forms import Form
from device.drivers.camera.words import (
    Broken,
    Cancel,
    HoldLight,
    NonsenseError,
    Opened,
    Take,
    Taken,
    ToChild,
    ToUnit,
    hear_child,
    hear_unit,
    say,
)

NUMBERS = st.integers(0, 2**32 - 1)
MOMENTS = st.floats(allow_nan=False, allow_infinity=False)
TO_CHILD = st.one_of(
    st.builds(Take, NUMBERS, st.integers(0, 255), MOMENTS), st.just(Cancel()), st.builds(HoldLight, st.booleans())
)
TO_UNIT = st.one_of(
    st.builds(Opened, NUMBERS, NUMBERS, st.sampled_from(Form), st.text(max_size=200)),
    st.builds(Taken, NUMBERS, NUMBERS, NUMBERS, MOMENTS),
    st.builds(Broken, st.text(max_size=1000)),
)


def passed_on(send: Callable[[socket.socket], object], hear: Callable[[socket.socket], object]) -> object:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        send(here)
        there.settimeout(0)
        return hear(there)


@settings(deadline=None)
@given(TO_CHILD)
def test_the_child_hears_what_the_unit_says(words: ToChild) -> None:
    heard = passed_on(lambda end: say(end, words), hear_unit)

    assert (type(heard), heard) == (type(words), words)


@settings(deadline=None)
@given(TO_UNIT)
def test_the_unit_hears_what_the_child_says(words: ToUnit) -> None:
    heard = passed_on(lambda end: say(end, words), hear_child)

    assert (type(heard), heard) == (type(words), words)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=64) | st.binary(max_size=40).map(lambda tail: b"oTb"[len(tail) % 3 :][:1] + tail))
def test_anything_else_is_nonsense_and_never_another_error(packet: bytes) -> None:
    try:
        heard = passed_on(lambda end: end.send(packet), hear_child)
    except NonsenseError:
        return
    assert isinstance(heard, Opened | Taken | Broken)


@pytest.mark.parametrize("moment", [math.nan, math.inf])
def test_a_moment_that_is_no_number_is_nonsense(moment: float) -> None:
    with pytest.raises(NonsenseError):
        passed_on(lambda end: say(end, Taken(1, 1, 1, moment)), hear_child)


@pytest.mark.parametrize("words", [Take(1, 1, 1.0), Cancel(), HoldLight(hold=True)])
def test_what_is_said_to_the_child_is_no_word_of_its_own(words: ToChild) -> None:
    with pytest.raises(NonsenseError):
        passed_on(lambda end: say(end, words), hear_child)
