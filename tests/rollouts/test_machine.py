"""A rollout told step by step, without a store, a line or a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import BadConfig
from device.domain.updates import Kind
from provisioning.rollouts import machine
from provisioning.rollouts.machine import Progress, RolloutState, SendBack, SendWave, Tally, Withdraw, step
from provisioning.rollouts.plan import RolloutPlan, Window, in_waves, parse_waves, parse_window

NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)  # noon in Japan
PLAN = RolloutPlan(part=Kind.MODELS, version="1.1", waves=("1", "50%", "100%"), soak_s=600)
UNTOUCHED = [Tally(units=1), Tally(units=4), Tally(units=5)]


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_good_rollout_goes_wave_by_wave_and_watches_each() -> None:
    progress, actions = step(PLAN, Progress(), UNTOUCHED, NOON)
    assert actions == [SendWave(1)]

    first = [Tally(units=1, succeeded=1), *UNTOUCHED[1:]]
    progress, actions = step(PLAN, progress, first, NOON)
    assert (progress.soaking_since, actions) == (NOON, [])
    assert step(PLAN, progress, first, after(9)) == (progress, [])
    progress, actions = step(PLAN, progress, first, after(10))
    assert (progress.wave, actions) == (2, [SendWave(2)])

    second = [first[0], Tally(units=4, succeeded=3), Tally(units=5)]
    assert step(PLAN, progress, second, after(11)) == (progress, [])
    second[1] = Tally(units=4, succeeded=4)
    progress, _ = step(PLAN, progress, second, after(12))
    progress, actions = step(PLAN, progress, second, after(22))
    assert actions == [SendWave(3)]
    third = [*second[:2], Tally(units=5, succeeded=5)]
    progress, _ = step(PLAN, progress, third, after(30))
    progress, actions = step(PLAN, progress, third, after(40))
    assert (progress.state, actions) == (RolloutState.SUCCEEDED, [])


@pytest.mark.parametrize("bad", [Tally(units=1, failed=1), Tally(units=1, succeeded=1, unwell=1)])
def test_one_bad_canary_stops_everything(bad: Tally) -> None:
    progress, actions = step(PLAN, Progress(wave=1), [bad, *UNTOUCHED[1:]], NOON)
    assert (progress.state, actions) == (RolloutState.PAUSED, [])
    assert "wave 1: 1 of 1" in progress.told("en")
    assert progress.told("ja") == "第1段: 1台のうち1台が失敗したか不調です。"


def test_or_has_everybody_go_back_where_that_was_asked_for() -> None:
    plan = RolloutPlan(part=Kind.MODELS, version="1.1", waves=PLAN.waves, on_error="roll_back")
    bad = [Tally(units=1, succeeded=1), Tally(units=4, succeeded=2, failed=1), Tally(units=5)]
    progress, actions = step(plan, Progress(wave=2), bad, NOON)
    assert (progress.state, actions) == (RolloutState.ROLLING_BACK, [SendBack()])

    progress, actions = step(plan, progress, [Tally(units=3, succeeded=2)], NOON)
    assert (progress.state, actions) == (RolloutState.ROLLING_BACK, [])
    progress, actions = step(plan, progress, [Tally(units=3, succeeded=2, failed=1)], NOON)
    assert progress.state is RolloutState.ROLLED_BACK
    assert progress.told("en").endswith("; 1 units did not go back")
    assert progress.told("ja").endswith("1台は元に戻りませんでした。")


def test_a_unit_that_falls_ill_while_it_is_watched_stops_the_next_wave() -> None:
    good = [Tally(units=1, succeeded=1), *UNTOUCHED[1:]]
    progress, _ = step(PLAN, Progress(wave=1), good, NOON)
    ill = [Tally(units=1, succeeded=1, unwell=1), *UNTOUCHED[1:]]
    progress, actions = step(PLAN, progress, ill, after(10))
    assert (progress.state, actions) == (RolloutState.PAUSED, [])


def test_failures_within_the_threshold_are_borne() -> None:
    plan = RolloutPlan(part=Kind.MODELS, version="1.1", waves=("100%",), soak_s=0, error_percent=10, success_percent=90)
    progress, _ = step(plan, Progress(wave=1), [Tally(units=10, succeeded=9, failed=1)], NOON)
    assert progress.state is RolloutState.SUCCEEDED
    progress, _ = step(plan, Progress(wave=1), [Tally(units=10, succeeded=8, failed=2)], NOON)
    assert progress.state is RolloutState.PAUSED


def test_orders_go_out_in_the_window_alone() -> None:
    plan = RolloutPlan(part=Kind.MODELS, version="1.1", waves=PLAN.waves, window=Window(begin="20:00", end="07:00"))
    assert step(plan, Progress(), UNTOUCHED, NOON) == (Progress(), [])
    assert step(plan, Progress(), UNTOUCHED, after(8 * 60))[1] == [SendWave(1)]
    assert step(plan, Progress(), UNTOUCHED, after(18 * 60 + 59))[1] == [SendWave(1)]
    assert step(plan, Progress(), UNTOUCHED, after(19 * 60))[1] == []


def test_a_person_holds_it_goes_on_in_spite_of_what_failed_and_takes_it_back() -> None:
    bad = [Tally(units=1, failed=1), *UNTOUCHED[1:]]
    stopped, _ = step(PLAN, Progress(wave=1), bad, NOON)
    assert step(PLAN, stopped, bad, after(900)) == (stopped, [])

    resumed = machine.resume(stopped, bad)
    resumed, actions = step(PLAN, resumed, bad, NOON)
    assert (resumed.state, actions) == (RolloutState.RUNNING, [])
    _, actions = step(PLAN, resumed, bad, after(10))
    assert actions == [SendWave(2)]

    held = machine.pause(resumed, "lunch")
    assert step(PLAN, held, bad, after(20)) == (held, [])
    assert machine.abort(held, "enough")[1] == [Withdraw()]
    back, actions = machine.roll_back(held, "harm")
    assert (back.state, actions) == (RolloutState.ROLLING_BACK, [SendBack()])


@pytest.mark.parametrize("state", list(RolloutState))
def test_what_cannot_be_done_now_is_refused(state: RolloutState) -> None:
    progress = Progress(state=state)
    if state is not RolloutState.RUNNING:
        with pytest.raises(BadConfig, match="cannot be paused"):
            machine.pause(progress, "why")
    if state is not RolloutState.PAUSED:
        with pytest.raises(BadConfig, match="cannot be resumed"):
            machine.resume(progress, [])
    if state.is_over:
        with pytest.raises(BadConfig, match="already"):
            machine.abort(progress, "why")
    if state in {RolloutState.ROLLED_BACK, RolloutState.ROLLING_BACK}:
        with pytest.raises(BadConfig, match="already"):
            machine.roll_back(progress, "why")
    else:
        assert machine.roll_back(progress, "why")[1] == [SendBack()]


@given(
    units=st.integers(1, 2000),
    waves=st.sampled_from(["1,5%,25%,100%", "100%", "3,10,100%", "1%,2%,100%", "7000,100%"]),
)
def test_every_unit_is_asked_once(units: int, waves: str) -> None:
    plan = RolloutPlan(part=Kind.VOICE, version="2.0", waves=parse_waves(waves))
    names = [str(number) for number in range(units)]
    asked = in_waves(plan, names)
    assert [name for wave in asked for name in wave] == names
    assert all(asked)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=40, max_size=40))
def test_whatever_units_say_a_wave_is_sent_once_and_only_after_a_good_one(said: list[tuple[int, int, int]]) -> None:
    progress = Progress()
    sent: list[int] = []
    tallies = list(UNTOUCHED)
    for minute, (succeeded, failed, unwell) in enumerate(said):
        if progress.wave:
            units = tallies[progress.wave - 1].units
            lost = min(failed, units)
            good = min(succeeded, units - lost)
            tallies[progress.wave - 1] = Tally(units=units, succeeded=good, failed=lost, unwell=min(unwell, good))
        before = progress
        progress, actions = step(PLAN, progress, tallies, after(minute * 11))
        for action in actions:
            assert isinstance(action, SendWave)
            sent.append(action.wave)
            if before.wave:
                last = tallies[before.wave - 1]
                assert last.is_over
                assert before.soaking_since is not None
                assert (last.succeeded - last.unwell) * 100 >= PLAN.success_percent * last.units
    assert sent == list(range(1, len(sent) + 1))


@pytest.mark.parametrize("words", ["", "5%", "0,100%", "x,100%", "50%,10%,100%", "100%,200%", "100%,1"])
def test_waves_that_make_no_sense_are_refused(words: str) -> None:
    with pytest.raises(BadConfig):
        parse_waves(words)


@pytest.mark.parametrize("words", ["20:00", "25:00-07:00", "20:00-20:00", "8-9"])
def test_windows_that_make_no_sense_are_refused(words: str) -> None:
    with pytest.raises(BadConfig):
        parse_window(words)


def test_a_window_within_a_day() -> None:
    window = parse_window("09:30-17:00")
    assert window is not None
    assert window.is_open(NOON)
    assert not window.is_open(after(5 * 60))
    assert parse_window("") is None
