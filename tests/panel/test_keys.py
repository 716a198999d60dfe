from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.panel.keys import KeyDecoder, KeyEvent, KeyHeld, KeyPressed, KeyReleased, KeySettings, StuckKey, decode
from device.ports.panel import KeypadSample
from device.sim.clock import SimulatedClock
from device.sim.contacts import Pace
from device.sim.panel import SimulatedKeypad, typed

KEYS = "0123456789*#"
SETTINGS = KeySettings()


def pressed(events: list[KeyEvent]) -> str:
    return "".join(event.key for event in events if isinstance(event, KeyPressed))


def held(*stretches: tuple[str, float], scan_s: float = 0.005) -> list[KeypadSample]:
    """Samples of a pad without bounce: which keys are closed, and for how long, one stretch after the other."""
    samples, at_s = [], 0.0
    for closed, seconds in stretches:
        for _ in range(round(seconds / scan_s)):
            samples.append(KeypadSample(at_s, frozenset(closed)))
            at_s += scan_s
    return samples


# --- one key at a time -----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.text(KEYS, max_size=8), st.integers(0, 2**32), st.floats(0.06, 0.6), st.floats(0.06, 0.6))
def test_what_is_typed_on_a_bouncing_pad_is_what_comes_out(keys: str, seed: int, hold_s: float, gap_s: float) -> None:
    clock = SimulatedClock()
    keypad = SimulatedKeypad(clock, seed=seed)

    assert pressed(decode(typed(keypad, clock, keys, Pace(hold_s, gap_s)))) == keys


def test_a_key_counts_once_it_conducted_long_enough() -> None:
    event, released = decode(held(("5", 0.1), ("", 0.1)))

    assert isinstance(event, KeyPressed)
    assert event.at_s == pytest.approx(SETTINGS.press_stable_s)
    assert isinstance(released, KeyReleased)
    assert released.at_s == pytest.approx(0.095 + SETTINGS.release_stable_s)


def test_a_spike_is_no_key() -> None:
    assert decode(held(("", 0.05), ("5", 0.015), ("", 0.1))) == []


def test_a_key_that_bounces_on_its_way_up_counts_once() -> None:
    assert pressed(decode(held(("5", 0.1), ("", 0.02), ("5", 0.025), ("", 0.1)))) == "5"


def test_the_same_key_counts_again_after_it_was_up() -> None:
    assert pressed(decode(held(("5", 0.1), ("", 0.04), ("5", 0.1), ("", 0.04)))) == "55"


def test_a_held_key_does_not_repeat() -> None:
    assert pressed(decode(held(("5", 5.0), ("", 0.1)))) == "5"


# --- held and let go -------------------------------------------------------------------------------------------------


def told(events: list[KeyEvent]) -> list[tuple[str, str]]:
    return [(type(event).__name__, event.key) for event in events]


def test_a_key_is_held_once_after_a_second_and_then_released() -> None:
    events = decode(held(("*", 2.5), ("", 0.1)))

    assert told(events) == [("KeyPressed", "*"), ("KeyHeld", "*"), ("KeyReleased", "*")]
    assert events[1].at_s == pytest.approx(SETTINGS.held_after_s)


def test_a_key_that_another_joins_is_not_held() -> None:
    assert told(decode(held(("*", 0.5), ("*5", 0.2), ("*", 2.0), ("", 0.1)))) == [
        ("KeyPressed", "*"),
        ("KeyReleased", "*"),
    ]


def test_a_key_that_bounces_while_it_is_held_is_still_held() -> None:
    events = decode(held(("*", 0.5), ("", 0.015), ("*", 0.6), ("", 0.1)))

    assert told(events) == [("KeyPressed", "*"), ("KeyHeld", "*"), ("KeyReleased", "*")]


@settings(deadline=None)
@given(st.text(KEYS, max_size=6), st.integers(0, 2**32))
def test_every_key_that_was_pressed_is_released(keys: str, seed: int) -> None:
    clock = SimulatedClock()
    keypad = SimulatedKeypad(clock, seed=seed)
    events = decode(typed(keypad, clock, keys))

    assert [event.key for event in events if isinstance(event, KeyReleased)] == list(keys)


# --- two and more ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["".join(pair) for pair in combinations(KEYS, 2)])
def test_two_keys_at_once_are_no_key(keys: str) -> None:
    assert decode(held((keys, 0.2), ("", 0.1))) == []


def test_with_two_down_nothing_counts_until_all_are_up() -> None:
    samples = held(("1", 0.1), ("12", 0.1), ("2", 0.5), ("23", 0.1), ("3", 0.5), ("", 0.05), ("4", 0.1), ("", 0.1))

    assert pressed(decode(samples)) == "14"


def test_three_fingers_and_their_ghost_are_no_key(clock: SimulatedClock, keypad: SimulatedKeypad) -> None:
    for key in "137":
        keypad.press(key)
    samples = []
    for _ in range(200):
        samples.append(keypad.scan())
        clock.advance(0.005)

    assert samples[-1].closed == set("1379"), "the model shows the ghost"
    assert decode(samples) == []


def test_a_palm_on_the_pad_types_nothing(clock: SimulatedClock, keypad: SimulatedKeypad) -> None:
    for key in KEYS:
        keypad.press(key)
        keypad.release(key)
    samples = []
    for _ in range(100):
        samples.append(keypad.scan())
        clock.advance(0.005)

    assert decode(samples) == []


# --- stuck -----------------------------------------------------------------------------------------------------------


def test_a_stuck_key_is_noticed_once_and_the_others_go_on_working(
    clock: SimulatedClock, keypad: SimulatedKeypad
) -> None:
    decoder = KeyDecoder()
    keypad.jam("8")

    def type_and_listen(keys: str) -> list[KeyEvent]:
        return [event for sample in typed(keypad, clock, keys) for event in decoder.feed(sample)]

    first = [event for sample in hold(keypad, clock, 12.0) for event in decoder.feed(sample)]
    assert pressed(first) == "8"
    (stuck,) = [event for event in first if isinstance(event, StuckKey)]
    assert stuck.key == "8"
    assert stuck.at_s == pytest.approx(SETTINGS.stuck_after_s)
    assert decoder.resting
    assert decoder.any_stuck

    assert pressed(type_and_listen("1239#")) == "1239#"

    keypad.free("8")
    assert pressed(type_and_listen("18#")) == "18#"
    assert not decoder.any_stuck


def test_a_key_that_goes_down_just_when_another_is_found_stuck_counts() -> None:
    decoder = KeyDecoder()
    samples = iter(held(("5", SETTINGS.stuck_after_s + 1.0)))
    while not decoder.any_stuck:
        events = decoder.feed(next(samples))
    (stuck,) = events

    both = [KeypadSample(stuck.at_s + 0.005 * scan, frozenset("52")) for scan in range(1, 20)]
    assert pressed([event for sample in both for event in decoder.feed(sample)]) == "2"


def test_a_stuck_key_makes_no_ghost_count(clock: SimulatedClock, keypad: SimulatedKeypad) -> None:
    decoder = KeyDecoder()
    keypad.jam("9")
    for sample in hold(keypad, clock, 11.0):
        decoder.feed(sample)
    keypad.press("1")
    keypad.press("3")

    events = [event for sample in hold(keypad, clock, 1.0) for event in decoder.feed(sample)]

    assert keypad.scan().closed == set("1379")
    assert events == []


def test_a_key_on_a_broken_line_is_never_seen(clock: SimulatedClock, keypad: SimulatedKeypad) -> None:
    keypad.break_row(0)
    keypad.break_column(2)

    assert pressed(decode(typed(keypad, clock, "123456789*0#"))) == "4578*0"


# --- samples that are not as they should be --------------------------------------------------------------------------


def test_what_lies_between_two_distant_samples_proves_nothing() -> None:
    apart = [KeypadSample(at_s, frozenset("5")) for at_s in (0.0, 1.0, 2.0, 3.0, 12.0)]

    assert decode(apart) == []


@pytest.mark.parametrize("scan_s", [0.1, 0.25, 0.45])
def test_a_machine_that_has_little_time_for_its_keys_still_sees_those_that_are_held(scan_s: float) -> None:
    assert pressed(decode(held(("", 1.0), ("5", 1.5), ("", 1.0), ("8", 1.5), ("", 1.0), scan_s=scan_s))) == "58"


def test_a_clock_that_goes_back_presses_no_key() -> None:
    back = [KeypadSample(at_s, frozenset("5")) for at_s in (5.0, 4.0, 3.0)]

    assert decode(back) == []


def test_the_pad_rests_only_when_every_key_was_up_long_enough() -> None:
    decoder = KeyDecoder()
    resting = []
    for sample in held(("", 0.01), ("5", 0.05), ("", 0.05)):
        decoder.feed(sample)
        resting.append(decoder.resting)

    assert resting[:2] == [True, True]
    assert resting[2:17] == [False] * 15
    assert resting[-1]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 0.2, allow_subnormal=False), st.frozensets(st.sampled_from(KEYS), max_size=4)),
        max_size=60,
    )
)
def test_whatever_the_samples_no_key_comes_from_nowhere_and_never_two_at_once(
    steps: list[tuple[float, frozenset[str]]],
) -> None:
    at_s, samples = 0.0, []
    for gap_s, closed in steps:
        at_s += gap_s
        samples.append(KeypadSample(at_s, closed))
    events = decode(samples)

    assert events == decode(samples), "the same samples give the same keys"
    for event in events:
        if not isinstance(event, KeyPressed):
            continue
        (sample, *_) = [it for it in samples if it.at_s == event.at_s and event.key in it.closed]
        assert sample.closed == {event.key}
    presses = [event.at_s for event in events if isinstance(event, KeyPressed)]
    assert len(set(presses)) == len(presses)


def test_events_do_not_tell_the_key() -> None:
    assert "5" not in f"{KeyPressed(1.0, '5')} {KeyHeld(1.0, '5')} {KeyReleased(1.0, '5')} {StuckKey(1.0, '5')}"


def hold(keypad: SimulatedKeypad, clock: SimulatedClock, seconds: float) -> list[KeypadSample]:
    samples = []
    for _ in range(round(seconds / 0.005)):
        samples.append(keypad.scan())
        clock.advance(0.005)
    return samples
