"""Rates, against people whose directions are drawn so that the truth is known."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.app.face_evaluation import figures
from device.app.face_evaluation.attempts import try_attempts
from device.app.face_evaluation.counts import share
from device.app.face_evaluation.gallery import Fold, Gallery, Shot
from device.app.face_evaluation.tuning import propose
from device.app.face_evaluation.vectors import CARD_5K, PLAIN, Measured
from device.domain.errors import BadConfig
from device.face.manifest import Threshold
from device.face.match import WORST_INFLATION

PEOPLE, PHOTOS = 120, 4


def crowd(noise: float = 0.7) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Directions of people whose photos scatter round a direction of their own."""
    chance = np.random.default_rng(2)
    people = np.repeat(np.arange(PEOPLE), PHOTOS)
    own = chance.normal(size=(PEOPLE, 128)) / math.sqrt(128)
    rows = own[people] + noise * chance.normal(size=(len(people), 128)) / math.sqrt(128)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), people


def gallery() -> Gallery:
    shots = tuple(
        Shot(f"{person:03d}", Path(f"{person:03d}_{photo}")) for person in range(PEOPLE) for photo in range(PHOTOS)
    )
    return Gallery(shots, tuple((PHOTOS * person, PHOTOS * person + 1) for person in range(PEOPLE)))


def test_strangers_are_all_pairs_of_two_people_and_the_highest_are_kept_with_who_they_are() -> None:
    rows, people = crowd()
    apart = figures.strangers(rows, rows, people)

    every = rows @ rows.T
    above = np.triu(np.ones(every.shape, bool), 1) & (people[:, None] != people)
    truth = np.sort(every[above])[::-1]
    assert apart.total == len(truth) == apart.histogram.sum()
    assert np.allclose(apart.scores, truth[: len(apart.scores)], atol=1e-6)
    assert (apart.one != apart.other).all()


def test_the_score_of_a_far_lets_no_more_than_that_pass() -> None:
    rows, people = crowd()
    apart = figures.strangers(rows, rows.copy(), people)

    for far in (1e-3, 1e-4):
        score = apart.score_at(far)
        assert apart.share_at(score) <= far < apart.share_at(np.nextafter(np.float32(score), np.float32(-1))) + 1e-9
    with pytest.raises(ValueError, match="not kept"):
        apart.share_at(-0.9)


def test_a_photo_without_a_face_never_passes_and_is_no_stranger() -> None:
    rows, people = crowd()
    whole = figures.strangers(rows, rows, people).total
    rows[0] = np.nan

    assert figures.pair_scores(rows, rows, [(0, 1), (4, 5)])[0] == figures.NEVER
    assert figures.strangers(rows, rows, people).total == whole - (len(people) - PHOTOS)


def test_intervals_hold_their_figure_and_narrow_with_more_people() -> None:
    rows, people = crowd(noise=1.6)

    def rate(count: int) -> figures.Rate:
        few = people < count
        directions, owners = rows[few], people[few]
        photos = np.bincount(owners)
        pairs = [(PHOTOS * person, PHOTOS * person + 1) for person in range(count)]
        apart = figures.strangers(directions, directions, owners)
        return figures.rates(
            figures.pair_scores(directions, directions, pairs), np.arange(count), apart, (photos, photos)
        )[0]

    many, few = rate(PEOPLE), rate(PEOPLE // 2)
    for interval in (many.tar, few.tar, many.score):
        assert interval.low <= interval.value <= interval.high
    assert many.tar.high - many.tar.low < few.tar.high - few.tar.low


def test_rates_that_too_few_strangers_would_tell_are_not_told() -> None:
    rows, people = crowd()
    apart = figures.strangers(rows, rows, people)
    photos = np.bincount(people)
    told = figures.rates(np.array([0.9], np.float32), np.array([0]), apart, (photos, photos))

    assert [rate.far for rate in told] == [far for far in figures.FARS if far * apart.total >= 10]


def test_accuracy_is_the_share_of_right_answers_by_the_other_folds_threshold() -> None:
    rows = np.array([(1, 0), (0.8, 0.6), (0, 1), (0.6, 0.8)], np.float32)
    near, far = ((0, 1), (2, 3)), ((0, 2), (1, 2))
    folds = [Fold(near, far), Fold(near, far)]

    accuracy = figures.accuracy(rows, rows, folds)
    assert accuracy is not None
    assert (accuracy.mean, accuracy.folds) == (1.0, 2)
    assert figures.accuracy(rows, rows, folds[:1]) is None


def test_the_curve_falls_and_meets_at_the_equal_error() -> None:
    rows, people = crowd()
    genuine = figures.pair_scores(rows, rows, gallery().same)
    points = figures.curve(genuine, figures.strangers(rows, rows, people))

    passing, missed = [point[1] for point in points], [point[2] for point in points]
    assert passing == sorted(passing, reverse=True)
    assert missed == sorted(missed)
    assert 0 <= figures.equal_error(points) < 0.1


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), st.data())
def test_the_interval_of_a_share_leaves_just_its_tails(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    told = share(count, of)

    assert 0 <= told.low <= count / of <= told.high <= 1
    assert (told.low == 0) == (count == 0)
    assert (told.high == 1) == (count == of)


def test_intervals_of_shares_are_those_of_the_tables() -> None:
    told = share(0, 30)
    assert told.high == pytest.approx(1 - 0.025 ** (1 / 30), abs=1e-9)
    told = share(4, 20)
    assert told.low == pytest.approx(0.0573, abs=1e-4)
    assert told.high == pytest.approx(0.4366, abs=1e-4)
    with pytest.raises(ValueError, match="something"):
        share(1, 0)


def test_attempts_of_strangers_keep_what_the_rule_promises_and_holders_pass_sooner_or_later() -> None:
    rows, people = crowd()
    apart = figures.strangers(rows, rows.copy(), people)
    threshold = Threshold(accept=apart.score_at(1e-3), retry=0.0, provenance="the crowd's own")
    told = {attempt.kind: attempt for attempt in try_attempts(rows, rows, people, threshold)}

    for kind in ("stranger, photos of several days", "stranger, one photo for all frames"):
        passed = told[kind].passed
        assert passed.low <= 1e-3 * WORST_INFLATION
    several, one = told["holder, photos of several days"].passed, told["holder, one photo for all frames"].passed
    assert several.count / several.of >= one.count / one.of


def test_a_proposed_threshold_keeps_an_attempt_below_what_was_asked() -> None:
    rows, _ = crowd()
    measured = Measured(rows, {PLAIN: rows, CARD_5K: rows.copy()}, {}, Counter())
    proposal = propose(gallery(), measured, far=1e-3, source="a drawn crowd")

    apart = figures.strangers(rows, rows.copy(), figures.places_of(gallery()))
    assert apart.share_at(proposal.accept) <= 1e-3 / WORST_INFLATION
    assert proposal.retry <= proposal.accept
    assert "a drawn crowd" in proposal.toml()
    with pytest.raises(BadConfig, match="cannot show one in"):
        propose(gallery(), measured, far=1e-6, source="a drawn crowd")
