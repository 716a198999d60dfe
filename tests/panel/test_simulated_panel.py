from __future__ import annotations

import pytest

from device.panel.keys import KeyPressed, decode
from device.sim.clock import SimulatedClock
from device.sim.panel import RecordingIndicators, RecordingVoice, Said, SimulatedKeypad, typed

SETTLED_S = 0.05


def press_together(keypad: SimulatedKeypad, clock: SimulatedClock, keys: str) -> frozenset[str]:
    for key in keys:
        keypad.press(key)
    clock.advance(SETTLED_S)
    closed = keypad.scan().closed
    for key in keys:
        keypad.release(key)
    clock.advance(SETTLED_S)
    assert keypad.scan().closed == frozenset()
    return closed


@pytest.mark.parametrize(
    ("fingers", "seen"),
    [("13", "13"), ("17", "17"), ("15", "15"), ("137", "1379"), ("159", "159"), ("12457", "124578"), ("*13", "*1#3")],
)
def test_three_corners_of_a_rectangle_show_the_fourth(
    keypad: SimulatedKeypad, clock: SimulatedClock, fingers: str, seen: str
) -> None:
    assert press_together(keypad, clock, fingers) == set(seen)


def test_a_jammed_key_is_down_until_it_is_freed(keypad: SimulatedKeypad, clock: SimulatedClock) -> None:
    keypad.jam("0")
    clock.advance(3600)
    assert keypad.scan().closed == {"0"}

    keypad.free("0")
    assert keypad.scan().closed == frozenset()


def test_behind_a_broken_line_no_key_is_seen(keypad: SimulatedKeypad, clock: SimulatedClock) -> None:
    keypad.break_row(3)
    keypad.break_column(0)

    assert press_together(keypad, clock, "0") == frozenset()
    assert press_together(keypad, clock, "4") == frozenset()
    assert press_together(keypad, clock, "5") == {"5"}


@pytest.mark.parametrize("broken", [4, 99])
def test_a_row_that_is_not_there_cannot_break(keypad: SimulatedKeypad, broken: int) -> None:
    with pytest.raises(IndexError):
        keypad.break_row(broken)


def test_a_key_that_is_not_there_cannot_be_pressed(keypad: SimulatedKeypad) -> None:
    with pytest.raises(ValueError, match="no key 'A'"):
        keypad.press("A")


def test_contacts_bounce_between_5_and_20_ms_and_the_same_seed_bounces_the_same() -> None:
    def watch(seed: int) -> list[bool]:
        clock = SimulatedClock()
        keypad = SimulatedKeypad(clock, seed=seed)
        keypad.press("5")
        seen = []
        for _ in range(60):
            seen.append("5" in keypad.scan().closed)
            clock.advance(0.0005)
        return seen

    runs = [watch(seed) for seed in range(50)]
    assert runs == [watch(seed) for seed in range(50)]
    assert all(all(run[40:]) for run in runs), "after 20 ms every contact is closed"
    assert sum(not all(run) for run in runs) > 25, "and on the way there it bounces"


def test_keys_typed_ahead_need_nobody_to_wait(keypad: SimulatedKeypad, clock: SimulatedClock) -> None:
    end_s = keypad.type_keys("12#")
    samples = []
    while clock.monotonic_s() < end_s:
        samples.append(keypad.scan())
        clock.advance(0.004)

    assert "".join(event.key for event in decode(samples) if isinstance(event, KeyPressed)) == "12#"


def test_typing_takes_as_long_as_a_person_takes(keypad: SimulatedKeypad, clock: SimulatedClock) -> None:
    samples = list(typed(keypad, clock, "1234#"))

    assert clock.monotonic_s() == pytest.approx(5 * 0.25, abs=0.01)
    assert samples[0].at_s == 0.0


def test_lamps_remember_their_changes(clock: SimulatedClock) -> None:
    lamps = RecordingIndicators(clock)
    assert lamps.levels == {}

    lamps.show({"ready": False})
    clock.advance(1)
    lamps.show({"ready": True, "buzzer": False})
    clock.advance(1)
    lamps.show({"ready": True})
    clock.advance(1)
    lamps.show({})

    assert lamps.changes == [(1.0, {"ready": True}), (3.0, {})]
    assert lamps.levels == {}


def test_the_voice_remembers_what_it_said_and_when_it_fell_silent(clock: SimulatedClock) -> None:
    voice = RecordingVoice(clock)

    voice.say(("カードを", "お取りください。"), language="ja")
    clock.advance(2)
    voice.stop()

    assert voice.said == [Said(0.0, "カードをお取りください。", "ja")]
    assert voice.stopped_at_s == [2.0]
