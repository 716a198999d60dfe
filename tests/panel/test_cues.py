from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.prompts import Cue
from device.panel.cues import BUZZER, CLICK_AFTER_S, CLICK_S, INDICATORS, levels, next_change_s
from device.panel.lamps import LAMPS
from device.panel.patterns import PATTERNS, TICK_S

LOOKED_AT_S = 30.0
TICKS = [tick * TICK_S for tick in range(round(LOOKED_AT_S / TICK_S))]


def lamps(cue: Cue, elapsed_s: float) -> tuple[bool, ...]:
    shown = levels(cue, elapsed_s)
    return tuple(shown[lamp] for lamp in LAMPS)


@pytest.mark.parametrize("cue", Cue)
def test_every_cue_names_every_indicator_and_lights_a_lamp(cue: Cue) -> None:
    assert set(levels(cue, 0.0)) == set(INDICATORS)
    assert PATTERNS[cue].keys() <= set(INDICATORS)
    assert any(any(lamps(cue, at_s)) for at_s in TICKS)


@pytest.mark.parametrize("cue", Cue)
def test_nothing_flashes_more_than_three_times_in_any_second(cue: Cue) -> None:
    lit = [
        later
        for earlier, later in pairwise(TICKS)
        if any(not before and after for before, after in zip(lamps(cue, earlier), lamps(cue, later), strict=True))
    ]
    for start_s in lit:
        assert sum(start_s <= at_s < start_s + 1 - 1e-6 for at_s in lit) <= 3
    for first_s, second_s in pairwise(lit):
        assert second_s - first_s > 1 / 3


@pytest.mark.parametrize("cue", Cue)
def test_the_buzzer_beats_no_faster_than_lamps_flash(cue: Cue) -> None:
    beats = [
        later for earlier, later in pairwise(TICKS) if levels(cue, later)[BUZZER] and not levels(cue, earlier)[BUZZER]
    ]
    assert all(second_s - first_s > 1 / 3 for first_s, second_s in pairwise(beats))


@pytest.mark.parametrize(("one", "other"), list(combinations(Cue, 2)))
def test_two_cues_are_told_apart_by_lamps_alone_whenever_one_looks(one: Cue, other: Cue) -> None:
    # Without colour and without sound; and whatever moment of their rhythm they are compared at.
    watched = [lamps(one, at_s) for at_s in TICKS]
    for shift_s in TICKS[: round(5 / TICK_S)]:
        assert watched != [lamps(other, at_s + shift_s) for at_s in TICKS]


@pytest.mark.parametrize(
    ("cue", "places"),
    [
        (Cue.TURN_LEFT, [{2}, {1}, {0}, set()]),
        (Cue.TURN_RIGHT, [{2}, {3}, {4}, set()]),
        (Cue.COME_CLOSER, [{0, 4}, {1, 3}, {2}, set()]),
        (Cue.MOVE_BACK, [{2}, {1, 3}, {0, 4}, set()]),
        (Cue.MORE_LEFT, [{4}, {3}, {2}, {1}, {0}, set()]),
        (Cue.MORE_RIGHT, [{0}, {1}, {2}, {3}, {4}, set()]),
        (Cue.HIGHER, [{2}, {1, 2, 3}, {0, 1, 2, 3, 4}, set()]),
        (Cue.LOWER, [{0, 1, 2, 3, 4}, {1, 2, 3}, {2}, set()]),
    ],
)
def test_a_light_runs_where_head_or_visitor_shall_go(cue: Cue, places: list[set[int]]) -> None:
    film = [{place for place, lit in enumerate(lamps(cue, at_s)) if lit} for at_s in TICKS]
    met = [film[0], *(later for earlier, later in pairwise(film) if later != earlier)]
    assert met[: 2 * len(places)] == 2 * places


def test_success_looks_like_nothing_else() -> None:
    full = lamps(Cue.SUCCESS, 5.0)

    assert sum(full) == 4
    for cue in Cue:
        if cue is not Cue.SUCCESS:
            assert full not in [lamps(cue, at_s) for at_s in TICKS]


@pytest.mark.parametrize("cue", [Cue.IDLE, Cue.READING, Cue.LOOK, Cue.KEYS, Cue.WAIT])
def test_cues_that_only_wait_for_the_visitor_are_silent(cue: Cue) -> None:
    assert not any(levels(cue, at_s)[BUZZER] for at_s in TICKS)


def test_a_forgotten_card_is_called_for_again_and_again() -> None:
    assert any(levels(Cue.CARD_LEFT, at_s)[BUZZER] for at_s in TICKS[-50:])


@settings(deadline=None)
@given(st.sampled_from(Cue), st.floats(0, 60))
def test_a_key_clicks_after_the_same_delay_for_the_same_time_over_any_cue(cue: Cue, elapsed_s: float) -> None:
    click_s = CLICK_AFTER_S + CLICK_S / 2
    silent = levels(cue, elapsed_s)

    assert levels(cue, elapsed_s, since_key_s=click_s) == {**silent, BUZZER: True}
    for other_s in (0.0, CLICK_AFTER_S / 2, CLICK_AFTER_S + CLICK_S * 1.01, 60.0):
        assert levels(cue, elapsed_s, since_key_s=other_s) == silent


@settings(deadline=None)
@given(st.sampled_from(Cue), st.floats(0, 60))
def test_whoever_wakes_up_at_the_next_change_misses_none(cue: Cue, elapsed_s: float) -> None:
    now = levels(cue, elapsed_s)
    change_s = next_change_s(cue, elapsed_s)

    if change_s is None:
        assert all(levels(cue, elapsed_s + at_s) == now for at_s in TICKS)
    else:
        assert change_s > elapsed_s
        assert levels(cue, change_s) != now
        between = [at_s for at_s in TICKS if elapsed_s <= at_s < change_s - TICK_S / 2]
        assert all(levels(cue, at_s) == now for at_s in between)
