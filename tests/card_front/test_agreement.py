"""When two readings of one visit may be believed."""

from __future__ import annotations

from device.card.front import Agreed, AgreeingReader, FrontReading
from device.domain.secrets import ReferenceNumberB

ONE = b"55021720352285"
OTHER = b"55021720352286"


def NEVER(_: ReferenceNumberB) -> bool:  # noqa: N802  a constant that happens to be a function
    return False


def reading(
    frame: int, digits: bytes | None, fingerprint: bytes | None = None, *, certain: bool = True
) -> FrontReading:
    number = None if digits is None else ReferenceNumberB(digits)
    return FrontReading(frame, fingerprint or frame.to_bytes(16, "big"), number, certain=certain)


def in_doubt(frame: int, digits: bytes) -> FrontReading:
    return reading(frame, digits, certain=False)


CONTRADICTION = FrontReading(99, b"99", None, contradicted=True)


def agreed(reader: AgreeingReader, *readings: FrontReading) -> bytes | None:
    for one in readings:
        decision = reader.feed(one)
        if isinstance(decision, Agreed):
            return bytes(decision.number.reveal())
    return None


def test_two_frames_that_say_the_same_agree() -> None:
    assert agreed(AgreeingReader(NEVER), reading(1, ONE), reading(2, ONE)) == ONE


def test_one_frame_is_never_enough_and_the_same_frame_is_one() -> None:
    assert agreed(AgreeingReader(NEVER), reading(1, ONE), reading(1, ONE)) is None
    assert agreed(AgreeingReader(NEVER), reading(1, ONE, b"same"), reading(2, ONE, b"same")) is None


def test_frames_that_say_nothing_do_not_count() -> None:
    assert agreed(AgreeingReader(NEVER), reading(1, ONE), reading(2, None), reading(3, ONE)) == ONE


def test_a_dissenting_frame_asks_for_one_more() -> None:
    reader = AgreeingReader(NEVER)
    assert agreed(reader, reading(1, OTHER), reading(2, ONE), reading(3, ONE)) is None
    assert agreed(reader, reading(4, ONE)) == ONE


def test_what_the_card_refused_is_nothing_that_was_read() -> None:
    reader = AgreeingReader(lambda number: bytes(number.reveal()) == ONE)
    assert agreed(reader, reading(1, ONE), reading(2, ONE), reading(3, ONE)) is None
    assert agreed(reader, reading(4, OTHER), reading(5, OTHER)) == OTHER


def test_print_that_was_seen_in_two_ways_takes_three_frames() -> None:
    reader = AgreeingReader(NEVER)
    assert agreed(reader, CONTRADICTION) is None
    assert agreed(reader, reading(2, ONE), reading(3, ONE)) is None
    assert agreed(reader, reading(4, ONE)) == ONE
    reader.forget()
    assert agreed(reader, reading(5, ONE), reading(6, ONE)) == ONE


def test_a_frame_in_doubt_bears_a_certain_one_out_whichever_comes_first() -> None:
    assert agreed(AgreeingReader(NEVER), reading(1, ONE), in_doubt(2, ONE)) == ONE
    assert agreed(AgreeingReader(NEVER), in_doubt(1, ONE), reading(2, ONE)) == ONE


def test_frames_in_doubt_alone_have_to_be_three() -> None:
    reader = AgreeingReader(NEVER)
    assert agreed(reader, in_doubt(1, ONE), in_doubt(2, ONE)) is None
    assert agreed(reader, in_doubt(3, ONE)) == ONE


def test_frames_in_doubt_alone_are_not_believed_once_two_looks_differed() -> None:
    reader = AgreeingReader(NEVER)
    assert agreed(reader, CONTRADICTION, *(in_doubt(frame, ONE) for frame in range(1, 9))) is None
    assert agreed(reader, reading(9, ONE)) == ONE


def test_a_frame_in_doubt_that_says_otherwise_counts_as_dissent() -> None:
    reader = AgreeingReader(NEVER)
    assert agreed(reader, in_doubt(1, OTHER), reading(2, ONE), reading(3, ONE)) is None
    assert agreed(reader, reading(4, ONE)) == ONE


def test_no_digit_shows_in_what_is_printed() -> None:
    assert "5502" not in repr(reading(1, ONE))
