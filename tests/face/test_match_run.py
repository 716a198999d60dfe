from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.reasons import Reason
from device.face.manifest import Threshold
from device.face.match import (
    FRAMES_AT_MOST,
    FRAMES_PER_LOOK,
    LOOKS,
    Decision,
    Matched,
    MatchRun,
    NotMatched,
    Undecided,
)

THRESHOLD = Threshold(accept=0.4, retry=0.3, provenance="invented for this test")
FRAMES = st.one_of(st.floats(-1, 1), st.sampled_from([Reason.FACE_NOT_FOUND, Reason.FACE_SEVERAL]))


def run_of(*frames: float | Reason) -> list[Decision]:
    run = MatchRun(THRESHOLD)
    return [run.feed(frame) for frame in frames]


def test_three_good_frames_are_a_match() -> None:
    assert run_of(0.75, 0.5, 0.625) == [Undecided(None), Undecided(None), Matched(0.625)]


def test_three_frames_of_a_stranger_are_a_mismatch() -> None:
    assert run_of(0.125, 0.0, 0.25)[-1] == NotMatched(Reason.FACE_MISMATCH, 0.125)


def test_one_lucky_frame_does_not_make_a_match() -> None:
    assert isinstance(run_of(0.8, 0.05, 0.0)[-1], NotMatched)


def test_in_the_doubtful_band_three_more_frames_decide_together_with_the_first_three() -> None:
    doubtful = (0.36, 0.36, 0.36)

    assert run_of(*doubtful)[-1] == Undecided(None)
    assert isinstance(run_of(*doubtful, 0.45, 0.45, 0.45)[-1], Matched)
    assert isinstance(run_of(*doubtful, 0.43, 0.43, 0.43)[-1], NotMatched)


def test_a_frame_without_a_score_is_a_hint_and_counts_for_nothing_else() -> None:
    decisions = run_of(0.6, Reason.FACE_SEVERAL, 0.6, Reason.FACE_NOT_FOUND, 0.6)

    assert decisions[1] == Undecided(Reason.FACE_SEVERAL)
    assert decisions[3] == Undecided(Reason.FACE_NOT_FOUND)
    assert isinstance(decisions[-1], Matched)


def test_when_no_face_comes_the_run_ends_with_what_was_seen_most() -> None:
    frames = [Reason.FACE_NOT_FOUND] * (FRAMES_AT_MOST - 2) + [Reason.FACE_SEVERAL] * 2

    assert run_of(*frames)[-1] == NotMatched(Reason.FACE_NOT_FOUND, None)


def test_a_score_that_is_no_number_is_refused_and_changes_nothing() -> None:
    run = MatchRun(THRESHOLD)
    run.feed(0.6)
    run.feed(0.6)
    for nonsense in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            run.feed(nonsense)

    assert isinstance(run.feed(0.6), Matched)


def test_an_answer_is_final() -> None:
    run = MatchRun(THRESHOLD)
    for score in (0.1, 0.1, 0.1):
        run.feed(score)

    with pytest.raises(ValueError, match="has its answer"):
        run.feed(0.9)


@given(st.lists(FRAMES, min_size=FRAMES_AT_MOST, max_size=FRAMES_AT_MOST))
def test_every_run_ends_in_time_and_only_a_mean_over_the_threshold_matches(frames: list[float | Reason]) -> None:
    run = MatchRun(THRESHOLD)
    scores: list[float] = []
    decision: Decision = Undecided(None)
    for frame in frames:
        decision = run.feed(frame)
        if not isinstance(frame, Reason):
            scores.append(frame)
        if not isinstance(decision, Undecided):
            break

    assert not isinstance(decision, Undecided)
    assert len(scores) <= LOOKS * FRAMES_PER_LOOK
    if isinstance(decision, Matched):
        assert len(scores) >= FRAMES_PER_LOOK
        assert math.fsum(scores) / len(scores) >= THRESHOLD.accept
