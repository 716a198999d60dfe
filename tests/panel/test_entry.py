from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.panel.entry import (
    CancelPressed,
    CountChanged,
    DigitEntry,
    EnterPressed,
    EntryEvent,
    PasscodeComplete,
    PinComplete,
    TooLong,
    TooShort,
)


def pin_entry() -> DigitEntry:
    return DigitEntry(for_pin=True)


def press_all(entry: DigitEntry, keys: str) -> list[EntryEvent | None]:
    return [entry.press(key) for key in keys]


def entered(event: EntryEvent | None) -> bytes:
    assert isinstance(event, PinComplete)
    return bytes(event.pin.reveal())


def test_four_digits_and_enter_are_a_pin() -> None:
    *counts, last = press_all(pin_entry(), "1234#")

    assert counts == [CountChanged(1), CountChanged(2), CountChanged(3), CountChanged(4)]
    assert entered(last) == b"1234"


def test_enter_before_the_fourth_digit_says_so_and_keeps_what_was_typed() -> None:
    entry = pin_entry()

    assert press_all(entry, "12#")[-1] == TooShort(2)
    assert entered(press_all(entry, "34#")[-1]) == b"1234"


@pytest.mark.parametrize("keys", ["12345", "1234567890123", "12345678901234567"])
def test_more_digits_than_a_pin_has_are_all_wiped_because_a_slip_must_not_cost_a_try(keys: str) -> None:
    entry = pin_entry()

    assert press_all(entry, keys + "#")[-1] == TooLong()
    assert entered(press_all(entry, "1234#")[-1]) == b"1234"


@pytest.mark.parametrize("for_pin", [True, False])
@pytest.mark.parametrize("passcode", ["123456", "123456789012"])
def test_a_passcode_is_told_from_a_pin_by_its_length_at_any_moment(
    passcode: str,
    for_pin: bool,  # noqa: FBT001  a table of cases
) -> None:
    event = press_all(DigitEntry(for_pin=for_pin), passcode + "#")[-1]

    assert isinstance(event, PasscodeComplete)
    assert bytes(event.passcode.reveal()) == passcode.encode()


@pytest.mark.parametrize("digits", ["", "0", "1234", "12345", "1234567890123"])
def test_where_no_pin_is_asked_for_enter_is_a_yes_and_star_a_no_whatever_was_typed_before(digits: str) -> None:
    entry = DigitEntry(for_pin=False)

    assert press_all(entry, digits + "#")[-1] == EnterPressed()
    assert press_all(entry, digits + "*")[-1] == CancelPressed()
    assert entry.press("#") == EnterPressed()


def test_star_clears_and_with_nothing_to_clear_it_cancels() -> None:
    entry = pin_entry()

    assert press_all(entry, "12**")[-2:] == [CountChanged(0), CancelPressed()]
    assert entered(press_all(entry, "9876#")[-1]) == b"9876"


def test_after_the_pin_the_entry_is_empty() -> None:
    entry = pin_entry()
    press_all(entry, "1234#")

    assert entry.press("#") == TooShort(0)


def test_a_closed_entry_takes_nothing() -> None:
    entry = pin_entry()
    press_all(entry, "12")
    entry.close()
    entry.close()

    assert press_all(entry, "34#*") == [None] * 4


@pytest.mark.parametrize("ending", ["*", "#", "close"])
def test_every_way_out_wipes_the_digits(ending: str) -> None:
    entry = pin_entry()
    press_all(entry, "7531")
    (buffer,) = [getattr(entry, name) for name in vars(entry) if isinstance(getattr(entry, name), bytearray)]
    assert bytes(buffer).rstrip(b"\0") == b"7531"

    if ending == "close":
        entry.close()
    else:
        entry.press(ending)

    assert not any(buffer)


@pytest.mark.parametrize("key", ["", "A", "12", "²", "٣", " "])
def test_what_is_no_key_of_the_pad_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no such key"):
        pin_entry().press(key)


@settings(deadline=None)
@given(st.text("0123456789*#", max_size=40))
def test_what_comes_out_is_always_what_was_typed_since_the_last_clearing(keys: str) -> None:
    entry, typed = pin_entry(), ""
    for key in keys:
        event = entry.press(key)
        if key == "*":
            assert event == (CountChanged(0) if typed else CancelPressed())
            typed = ""
        elif key == "#" and len(typed) == 4:
            assert entered(event) == typed.encode()
            typed = ""
        elif key == "#" and len(typed) < 4:
            assert event == TooShort(len(typed))
        elif key == "#" and 6 <= len(typed) <= 12:
            assert isinstance(event, PasscodeComplete)
            assert bytes(event.passcode.reveal()) == typed.encode()
            typed = ""
        elif key == "#":
            assert event == TooLong()
            typed = ""
        else:
            typed += key
            assert event == CountChanged(min(len(typed), 13))


def test_neither_entry_nor_event_tells_a_digit() -> None:
    entry = pin_entry()
    events = press_all(entry, "7777#")

    assert "7" not in f"{entry!r} {events!r}"
    assert repr(entry) == "DigitEntry(0 digits)"
    with pytest.raises(TypeError):
        pickle.dumps(events[-1])
