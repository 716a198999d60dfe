from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.panel.entry import CancelPressed, CountChanged, EntryEvent, PinComplete, PinEntry, TooLong, TooShort


def press_all(entry: PinEntry, keys: str) -> list[EntryEvent | None]:
    return [entry.press(key) for key in keys]


def entered(event: EntryEvent | None) -> bytes:
    assert isinstance(event, PinComplete)
    return bytes(event.pin.reveal())


def test_four_digits_and_enter_are_a_pin() -> None:
    *counts, last = press_all(PinEntry(), "1234#")

    assert counts == [CountChanged(1), CountChanged(2), CountChanged(3), CountChanged(4)]
    assert entered(last) == b"1234"


def test_enter_before_the_fourth_digit_says_so_and_keeps_what_was_typed() -> None:
    entry = PinEntry()

    assert press_all(entry, "12#")[-1] == TooShort(2)
    assert entered(press_all(entry, "34#")[-1]) == b"1234"


def test_a_fifth_digit_is_refused_and_shifts_nothing() -> None:
    entry = PinEntry()

    assert press_all(entry, "123456")[-2:] == [TooLong(), TooLong()]
    assert entered(entry.press("#")) == b"1234"


def test_star_clears_and_with_nothing_to_clear_it_cancels() -> None:
    entry = PinEntry()

    assert press_all(entry, "12**")[-2:] == [CountChanged(0), CancelPressed()]
    assert entered(press_all(entry, "9876#")[-1]) == b"9876"


def test_after_the_pin_the_entry_is_empty() -> None:
    entry = PinEntry()
    press_all(entry, "1234#")

    assert entry.press("#") == TooShort(0)


def test_a_closed_entry_takes_nothing() -> None:
    entry = PinEntry()
    press_all(entry, "12")
    entry.close()
    entry.close()

    assert press_all(entry, "34#*") == [None] * 4


@pytest.mark.parametrize("ending", ["*", "#", "close"])
def test_every_way_out_wipes_the_digits(ending: str) -> None:
    entry = PinEntry()
    press_all(entry, "7531")
    (buffer,) = [getattr(entry, name) for name in vars(entry) if isinstance(getattr(entry, name), bytearray)]
    assert bytes(buffer) == b"7531"

    if ending == "close":
        entry.close()
    else:
        entry.press(ending)

    assert bytes(buffer) == bytes(4)


@pytest.mark.parametrize("key", ["", "A", "12", "²", "٣", " "])
def test_what_is_no_key_of_the_pad_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no such key"):
        PinEntry().press(key)


@given(st.text("0123456789*#", max_size=20))
def test_what_comes_out_is_always_what_was_typed_since_the_last_clearing(keys: str) -> None:
    entry, typed = PinEntry(), ""
    for key in keys:
        event = entry.press(key)
        if key == "*":
            assert event == (CountChanged(0) if typed else CancelPressed())
            typed = ""
        elif key == "#" and len(typed) == 4:
            assert entered(event) == typed.encode()
            typed = ""
        elif key == "#":
            assert event == TooShort(len(typed))
        elif len(typed) == 4:
            assert event == TooLong()
        else:
            typed += key
            assert event == CountChanged(len(typed))


def test_neither_entry_nor_event_tells_a_digit() -> None:
    entry = PinEntry()
    events = press_all(entry, "7777#")

    assert "7" not in f"{entry!r} {events!r}"
    assert repr(entry) == "PinEntry(0 of 4)"
    with pytest.raises(TypeError):
        pickle.dumps(events[-1])
