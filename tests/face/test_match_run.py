from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.reasons import Reason
from device.face.manifest import Threshold
from device.face.match import (
    FRAMES_AT_MOST,
    FRAMES_BEFORE_A_NO,
    FRAMES_SCORED_AT_MOST,
    WORST_INFLATION,
    Decision,
    Matched,
    MatchRun,
    NotMatched,
    Undecided,
    decide,
    inflation,
)

THRESHOLD = Threshold(accept=0.4, retry=0.3, provenance="invented for this test")
FRAMES = st.one_of(st.floats(-1, 1), st.sampled_from([Reason.FACE_NOT_FOUND, Reason.FACE_SEVERAL]))
EVERY_LOOK = range(1, FRAMES_SCORED_AT_MOST + 1)


def run_of(*frames: float | Reason) -> list[Decision]:
    run = MatchRun(THRESHOLD)
    return [run.feed(frame) for frame in frames]


def test_one_clear_frame_is_a_match() -> None:
    assert run_of(0.75) == [Matched(0.75)]


def test_nobody_is_told_no_by_fewer_than_four_frames() -> None:
    stranger = run_of(0.125, 0.0, 0.25, 0.125)

    assert stranger[:-1] == [Undecided(None)] * (FRAMES_BEFORE_A_NO - 1)
    assert stranger[-1] == NotMatched(Reason.FACE_MISMATCH, 0.125)


def test_a_poor_first_frame_is_made_up_for_by_better_ones() -> None:
    assert run_of(0.25, 0.5, 0.5)[-1] == Matched(1.25 / 3)


def test_a_later_lucky_frame_does_not_make_a_match() -> None:
    assert run_of(0.05, 0.0, 0.5, 0.1)[-1] == NotMatched(Reason.FACE_MISMATCH, 0.1625)


def test_in_the_doubtful_band_frames_go_on_to_the_eighth() -> None:
    doubtful = run_of(*[0.36] * FRAMES_SCORED_AT_MOST)

    assert doubtful[:-1] == [Undecided(None)] * (FRAMES_SCORED_AT_MOST - 1)
    assert isinstance(doubtful[-1], NotMatched)


def test_a_frame_without_a_score_is_a_hint_and_counts_for_nothing_else() -> None:
    decisions = run_of(0.3, Reason.FACE_SEVERAL, 0.3, Reason.FACE_NOT_FOUND, 0.9)

    assert decisions[1] == Undecided(Reason.FACE_SEVERAL)
    assert decisions[3] == Undecided(Reason.FACE_NOT_FOUND)
    assert isinstance(decisions[-1], Matched)


def test_when_no_face_comes_the_run_ends_with_what_was_seen_most() -> None:
    frames = [Reason.FACE_NOT_FOUND] * (FRAMES_AT_MOST - 2) + [Reason.FACE_SEVERAL] * 2

    assert run_of(*frames)[-1] == NotMatched(Reason.FACE_NOT_FOUND, None)


def test_a_score_that_is_no_number_is_refused_and_changes_nothing() -> None:
    run = MatchRun(THRESHOLD)
    run.feed(0.35)
    for nonsense in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            run.feed(nonsense)

    assert isinstance(run.feed(0.45), Matched)


def test_an_answer_is_final() -> None:
    run = MatchRun(THRESHOLD)
    run.feed(0.6)

    with pytest.raises(ValueError, match="has its answer"):
        run.feed(0.9)


@settings(deadline=None)
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
    assert len(scores) <= FRAMES_SCORED_AT_MOST
    if isinstance(decision, Matched):
        assert math.fsum(scores) / len(scores) >= THRESHOLD.accept


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=FRAMES_SCORED_AT_MOST, max_size=FRAMES_SCORED_AT_MOST))
def test_many_attempts_at_once_are_decided_like_one(scores: list[float]) -> None:
    run = MatchRun(THRESHOLD)
    decision: Decision = Undecided(None)
    fed = 0
    while isinstance(decision, Undecided):
        decision = run.feed(scores[fed])
        fed += 1

    outcome = decide(np.array([scores]), THRESHOLD)
    mean = math.fsum(scores[:fed]) / fed
    if min(abs(mean - THRESHOLD.accept), abs(mean - THRESHOLD.retry)) > 1e-9:  # the last bit of a sum may differ
        assert outcome.matched[0] == isinstance(decision, Matched)
        assert outcome.frames[0] == fed


# --- what looking after every frame costs ----------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8, 0.9, 0.93, 0.97, 1.0])
@pytest.mark.parametrize("far", [1e-3, 1e-5])
def test_however_alike_the_frames_are_eight_looks_cost_no_more_than_what_is_said(
    correlation: float, far: float
) -> None:
    assert inflation(correlation, far, looks=EVERY_LOOK, samples=16_000) <= WORST_INFLATION


def test_frames_that_are_all_the_same_picture_cost_nothing() -> None:
    assert inflation(1.0, 1e-4, looks=EVERY_LOOK, samples=16_000) == pytest.approx(1.0, abs=0.05)


def test_the_computed_cost_is_what_attempts_drawn_at_random_show() -> None:
    far, correlation = 0.05, 0.9
    chance = np.random.default_rng(5)
    common = chance.normal(size=(200_000, 1))
    scores = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * chance.normal(size=(200_000, 8))
    bound = 1.6448536  # one standard normal number in twenty is larger

    shown = decide(scores, Threshold(accept=bound, retry=-9.0, provenance="five per cent")).matched.mean() / far

    assert inflation(correlation, far, looks=EVERY_LOOK, samples=80_000) == pytest.approx(shown, abs=0.05)


def test_the_best_of_eight_frames_would_cost_far_more() -> None:
    chance = np.random.default_rng(6)
    best = chance.normal(size=(100_000, 8)).max(axis=1)

    assert (best >= 1.6448536).mean() / 0.05 > 4 * WORST_INFLATION
