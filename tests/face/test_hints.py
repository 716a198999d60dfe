from __future__ import annotations

import pytest

from device.domain.prompts import STEERING, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.face.hints import FRAMES_BEFORE_A_WORD, Hint, HintFilter
from device.wire.reasons import Role, entry

DARK = Reason.FACE_TOO_DARK


def said(*frames: Hint | None) -> list[Hint]:
    hints = HintFilter()
    return [hint for frame in frames if (hint := hints.feed(frame))]


def test_what_lasts_is_said_and_said_again_when_it_goes_on() -> None:
    assert said(*[DARK] * (FRAMES_BEFORE_A_WORD - 1)) == []
    assert said(*[DARK] * FRAMES_BEFORE_A_WORD) == [DARK]
    assert said(*[DARK] * 2 * FRAMES_BEFORE_A_WORD) == [DARK, DARK]


def test_what_comes_and_goes_is_not_said() -> None:
    assert said(*[DARK, DARK, None] * 10) == []
    assert said(*[DARK, Reason.FACE_TOO_FAR] * 10) == []


def test_an_empty_room_is_left_to_the_invitation() -> None:
    assert said(*[Reason.FACE_NOT_FOUND] * 20) == []


@pytest.mark.parametrize("way", sorted(STEERING))
def test_where_to_go_is_said_as_well_when_it_lasts(way: Phrase) -> None:
    assert said(*[way] * (FRAMES_BEFORE_A_WORD - 1)) == []
    assert said(*[way] * FRAMES_BEFORE_A_WORD) == [way]


@pytest.mark.parametrize("reason", sorted(FACE_HINTS))
def test_a_hint_says_what_to_do_and_holds_nobody_up(reason: Reason) -> None:
    assert entry(reason).role is Role.STALL
    assert reason in said(*[reason] * FRAMES_BEFORE_A_WORD)
