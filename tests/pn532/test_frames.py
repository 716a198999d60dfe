"""The frames' codec against frames made elsewhere, and against whatever may come along a wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.pn532.frames import (
    ACK,
    LARGEST,
    LARGEST_FRAME,
    NACK,
    Ack,
    Broken,
    Decoder,
    ErrorFrame,
    Event,
    Information,
    Nack,
    encode,
)

# From libnfc's notes on frames, nfcpy's test data, and the wiki of a maker of HATs.
COMMANDS = {
    "0000FF 02FE D402 2A00": (0x02, ""),
    "0000FF 03FD D41401 1700": (0x14, "01"),
    "0000FF 05FB D414010000 1700": (0x14, "010000"),
    "0000FF 06FA D43205FF0101 F400": (0x32, "05FF0101"),
    "0000FF 04FC D44A0100 E100": (0x4A, "0100"),
    "0000FF 05FB D400313233 9600": (0x00, "313233"),
    "0000FF FFFF 0105FA D400313233" + "00" * 256 + "9600": (0x00, "313233" + "00" * 256),
}
ANSWERS = {
    "0000FF 00FF 00": Ack(),
    "0000FF FF00 00": Nack(),
    "0000FF 01FF 7F81 00": ErrorFrame(),
    "0000FF 02FE D515 1600": Information(0xD5, 0x15, b""),
    "0000FF 03FD D54100 EA00": Information(0xD5, 0x41, b"\x00"),
    "0000FF 05FB D501343536 8B00": Information(0xD5, 0x01, b"456"),
    "0000FF FFFF 0002FE D402 2A00": Information(0xD4, 0x02, b""),
    "0000FF FFFF 0105FA D501343536" + "00" * 256 + "8B00": Information(0xD5, 0x01, b"456" + bytes(256)),
    "00FF 02FE D515 16": Information(0xD5, 0x15, b""),
    "0000000000FF 02FE D515 1600000000": Information(0xD5, 0x15, b""),
}
BROKEN = {
    "0000FF 04FB D501343536 8B00": Broken("the length's checksum is wrong"),
    "0000FF 05FB D501343536 8A00": Broken("the data's checksum is wrong", b"\xd5\x01"),
    "0000FF FFFF 0104FA D501": Broken("the length's checksum is wrong"),
    "0000FF FFFF 010AF5 D501": Broken("a length of 266 bytes"),
    "0000FF FFFF 000000 D501": Broken("a length of 0 bytes"),
    "0000FF 0000 D501": Broken("a length of 0 bytes"),
    "0000FF 01FF D52B 00": Broken("a frame without a code"),
}


@pytest.mark.parametrize(("frame", "command"), COMMANDS.items())
def test_commands_look_as_others_send_them(frame: str, command: tuple[int, str]) -> None:
    code, data = command
    assert encode(code, bytes.fromhex(data)).hex() == bytes.fromhex(frame).hex()


@pytest.mark.parametrize(("frame", "event"), ANSWERS.items())
def test_answers_are_read_as_others_read_them(frame: str, event: Event) -> None:
    assert Decoder().feed(bytes.fromhex(frame)) == [event]


@pytest.mark.parametrize(("frame", "event"), BROKEN.items())
def test_a_wrong_checksum_or_length_is_told(frame: str, event: Event) -> None:
    assert Decoder().feed(bytes.fromhex(frame))[0] == event


def test_the_hosts_own_signals_are_the_manuals() -> None:
    assert Decoder().feed(ACK + NACK) == [Ack(), Nack()]


@pytest.mark.parametrize("size", [0, 1, 253, 254, LARGEST - 2])
def test_a_command_of_any_size_is_read_again(size: int) -> None:
    frame = encode(0x40, bytes(range(256)) * 2 if size == 512 else bytes(size))
    assert len(frame) <= LARGEST_FRAME
    assert Decoder().feed(bytes(frame)) == [Information(0xD4, 0x40, bytes(size))]


def test_what_the_chip_cannot_take_is_no_frame() -> None:
    with pytest.raises(ValueError, match="a frame takes 263 bytes, not 264"):
        encode(0x40, bytes(LARGEST - 1))


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_frame_is_found_behind_one_that_broke_off(cut: int) -> None:
    half = bytes.fromhex("0000FF 0EF2 D541 00112233445566778899AABB")[:cut]
    whole = bytes.fromhex("0000FF 03FD D54100 EA00")
    decoder = Decoder()
    events = decoder.feed(half + whole)
    events += decoder.give_up()
    assert events[-1] == Information(0xD5, 0x41, b"\x00")
    assert all(isinstance(event, Broken) for event in events[:-1])
    assert not decoder.midway


@pytest.mark.parametrize(("cut", "beginning"), [(3, b""), (5, b""), (6, b"\xd5"), (7, b"\xd5\x41"), (15, b"\xd5\x41")])
def test_a_frame_that_breaks_off_tells_how_it_began(cut: int, beginning: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(bytes.fromhex("0000FF 0EF2 D541 00112233445566778899AABB")[:cut]) == []
    assert decoder.midway
    assert decoder.give_up() == [Broken("the frame breaks off", beginning)]


@given(data=st.binary(max_size=LARGEST - 2), code=st.integers(0, 255), noise=st.binary(max_size=40))
def test_noise_without_a_start_code_costs_nothing(data: bytes, code: int, noise: bytes) -> None:
    calm = noise.replace(b"\xff", b"\xfe")
    assert Decoder().feed(calm + bytes(encode(code, data))) == [Information(0xD4, code, data)]


PIECES = st.lists(st.binary(max_size=30), max_size=40)
NEARLY_FRAMES = st.lists(
    st.sampled_from(
        [ACK, NACK, *(bytes.fromhex(frame) for frame in [*ANSWERS, *BROKEN]), b"\x00", b"\xff", b"\x00\xff", b"\xd5A"]
    ),
    max_size=20,
)


@given(pieces=PIECES | NEARLY_FRAMES, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_it_does_not_matter_in_which_portions_bytes_come(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    at_once, in_portions = Decoder(), Decoder()
    events: list[Event] = []
    start = 0
    for cut in sorted({*cuts, len(stream)}):
        events += in_portions.feed(stream[start:cut])
        start = max(start, cut)
    assert at_once.feed(stream) == events
    assert at_once.give_up() == in_portions.give_up()


@given(pieces=PIECES | NEARLY_FRAMES)
def test_whatever_came_the_next_frame_is_read_after_giving_up(pieces: list[bytes]) -> None:
    decoder = Decoder()
    for piece in pieces:
        for event in decoder.feed(piece):
            assert not isinstance(event, Information) or len(event.data) <= LARGEST - 2
    decoder.give_up()
    assert not decoder.midway
    assert decoder.feed(bytes.fromhex("00 00FF 03FD D54100 EA00")) == [Information(0xD5, 0x41, b"\x00")]
