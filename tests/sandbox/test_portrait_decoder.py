"""The decoder's child process: what it decodes, what it survives, and what it cannot do."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from device.domain.errors import FaceError, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.drivers.portrait import SandboxedPortraitDecoder
from device.drivers.portrait_header import JP2_SIGNATURE, LARGEST_FILE_BYTES, check_size


def jpeg2000(pixels: np.ndarray, *, container: bool = True) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG2000", no_jp2=not container)
    return file.getvalue()


def gradient(width: int, height: int, channels: int = 1) -> np.ndarray:
    ramp = np.add.outer(np.arange(height) * 3, np.arange(width) * 2).astype(np.uint8)
    return ramp if channels == 1 else np.stack([ramp, ramp // 2, 255 - ramp], axis=-1)


GOOD = jpeg2000(gradient(240, 320))
SIZE_AT = GOOD.index(bytes.fromhex("FF4FFF51")) + 8
"""Where Xsiz stands; Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz follow, 4 bytes each, then Csiz."""


def with_size(at: int, value: int, length: int = 4) -> bytes:
    broken = bytearray(GOOD)
    broken[SIZE_AT + at : SIZE_AT + at + length] = value.to_bytes(length, "big")
    return bytes(broken)


BROKEN = {
    "empty": b"",
    "one byte": b"\x00",
    "zeros": bytes(5_000),
    "text": b"not a picture at all" * 20,
    "signature alone": JP2_SIGNATURE,
    "cut in the header": GOOD[: SIZE_AT + 10],
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "cut near the end": GOOD[:-200],
    "another format": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a PostScript program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n" + bytes(100),
    "too many bytes": GOOD + bytes(LARGEST_FILE_BYTES),
    "huge width": with_size(0, 0xFFFFFFFF),
    "huge height": with_size(4, 60_000),
    "no width": with_size(0, 0),
    "offset beyond the picture": with_size(8, 100_000),
    "tiles of no width": with_size(16, 0),
    "a million tiles": with_size(16, 1),
    "tiles that begin behind the picture": with_size(24, 100),
    "no components": with_size(32, 0, 2),
    "16384 components": with_size(32, 16_384, 2),
    "38 bits per component": with_size(34, 37, 1),
    "a box that ends before it begins": JP2_SIGNATURE + (1).to_bytes(4, "big") + b"jp2c" + bytes(8),
    "a box of endless length": JP2_SIGNATURE + (1).to_bytes(4, "big") + b"ftyp" + b"\xff" * 8,
    "noise after a true header": GOOD[: SIZE_AT + 60] + np.random.default_rng(5).bytes(4_000),
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_a_greyscale_card_picture_comes_out_as_three_equal_channels(decoder: SandboxedPortraitDecoder) -> None:
    pixels = decoder.decode(GOOD)

    assert pixels.shape == (320, 240, 3)
    assert np.array_equal(pixels[..., 0], gradient(240, 320))
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_a_colour_picture_comes_out_with_blue_first(decoder: SandboxedPortraitDecoder) -> None:
    colour = gradient(120, 160, 3)

    assert np.array_equal(decoder.decode(jpeg2000(colour)), colour[..., ::-1])


def test_a_bare_codestream_is_read_too(decoder: SandboxedPortraitDecoder) -> None:
    assert decoder.decode(jpeg2000(gradient(100, 100), container=False)).shape == (100, 100, 3)


@pytest.mark.parametrize("jp2", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_picture_is_unreadable(jp2: bytes, decoder: SandboxedPortraitDecoder) -> None:
    with pytest.raises(FaceError) as refused:
        decoder.decode(jp2)

    assert refused.value.reason is Reason.PORTRAIT_UNREADABLE


def test_after_a_broken_picture_the_next_one_decodes(decoder: SandboxedPortraitDecoder) -> None:
    with pytest.raises(FaceError):
        decoder.decode(BROKEN["noise after a true header"])

    assert decoder.decode(GOOD).shape == (320, 240, 3)
    assert decoder.decode(bytearray(GOOD)).shape == (320, 240, 3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255), keep=st.integers(1, len(GOOD)))
def test_whatever_is_flipped_or_cut_the_answer_is_a_sane_picture_or_unreadable(
    decoder: SandboxedPortraitDecoder, at: int, value: int, keep: int
) -> None:
    damaged = bytearray(GOOD)
    damaged[at] = value
    try:
        pixels = decoder.decode(bytes(damaged[:keep]))
    except FaceError:  # always PORTRAIT_UNREADABLE: see above
        return
    assert pixels.dtype == np.uint8
    assert max(pixels.shape) <= 1_000


@given(st.binary(max_size=300))
def test_the_header_of_anything_is_read_without_surprise(tail: bytes) -> None:
    for start in (b"", JP2_SIGNATURE, GOOD[:SIZE_AT], GOOD[: SIZE_AT - 20]):
        try:
            width, height = check_size(start + tail)
        except ValueError:
            continue
        assert 0 < width <= 1_000
        assert 0 < height <= 1_000


def test_the_working_folder_does_not_matter_and_no_code_comes_from_it(folder: Path) -> None:
    hijackers = {"PIL.py", "struct.py", "resource.py", "device.py"}
    for name in hijackers:
        (folder / name).write_text("raise SystemExit('hijacked')")

    with SandboxedPortraitDecoder() as decoder:
        assert decoder.decode(GOOD).shape == (320, 240, 3)
    assert {file.name for file in folder.iterdir()} == hijackers


def children() -> set[int]:
    """Return the ids of this process's children."""
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_each_picture_gets_a_child_of_its_own_and_none_is_left_behind() -> None:
    before = children()
    with SandboxedPortraitDecoder() as decoder:
        first = children() - before
        decoder.decode(GOOD)
        second = children() - before
        with pytest.raises(FaceError):
            decoder.decode(GOOD[:100])
        third = children() - before

        assert len(first) == len(second) == len(third) == 1
        assert not first & second
        assert not second & third
    assert children() == before


def test_a_child_that_was_killed_meanwhile_costs_nothing() -> None:
    before = children()
    with SandboxedPortraitDecoder() as decoder:
        (child,) = children() - before
        os.kill(child, 9)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)

        assert decoder.decode(GOOD).shape == (320, 240, 3)
    assert children() == before


def test_a_check_finds_what_a_visitor_would_and_spends_nothing() -> None:
    with SandboxedPortraitDecoder() as decoder:
        before = children()
        decoder.check()
        decoder.check()
        assert children() == before
    for command in (("/nowhere/python",), (sys.executable, "-c", "raise SystemExit")):
        with SandboxedPortraitDecoder(child=command) as decoder:
            for _ in range(2):
                with pytest.raises(Fault) as fault:
                    decoder.check()
                assert fault.value.finding is FindingCode.PORTRAIT_DECODER


READY = "import signal, sys; o = sys.stdout.buffer; o.write(b'+\\x0f'); o.flush()\n"
STAND_INS = {
    "hangs before it is ready": "import signal; signal.pause()",
    "hangs with the picture": READY + "signal.pause()",
    "spins for ever": READY + "while True: pass",
}


@pytest.mark.parametrize("code", STAND_INS.values(), ids=STAND_INS.keys())
def test_a_child_that_hangs_is_ended_when_its_time_is_up(code: str) -> None:
    before = children()
    with (
        SandboxedPortraitDecoder(timeout_s=0.3, child=(sys.executable, "-c", code)) as decoder,
        pytest.raises((Fault, FaceError)),
    ):
        decoder.decode(GOOD)
    assert children() == before


@pytest.mark.parametrize(
    "answer",
    [
        "b''",
        "b'\\x01\\x00'",
        "b'\\x01\\x00\\x0a\\x00\\x0a' + bytes(99)",
        "b'\\x01\\x00\\x0a\\x00\\x0a' + bytes(101)",
        "b'\\x02\\x00\\x0a\\x00\\x0a' + bytes(200)",
        "b'\\x01\\x00\\x00\\x00\\x00'",
        "b'\\x03\\xff\\xff\\xff\\xff'",
        "bytes(50_000_000)",
    ],
    ids=[
        "nothing",
        "half a header",
        "a pixel missing",
        "a pixel too many",
        "two channels",
        "no pixels",
        "a huge picture",
        "far too much",
    ],
)
def test_a_child_in_foreign_hands_cannot_make_us_believe_nonsense(answer: str) -> None:
    code = READY + f"sys.stdin.buffer.read(); o.write({answer})"

    with (
        SandboxedPortraitDecoder(child=(sys.executable, "-c", code)) as decoder,
        pytest.raises(FaceError) as refused,
    ):
        decoder.decode(GOOD)
    assert refused.value.reason is Reason.PORTRAIT_UNREADABLE


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "raise SystemExit")])
def test_a_child_that_cannot_start_is_our_fault_and_not_the_cards(command: tuple[str, ...]) -> None:
    with pytest.raises(Fault) as fault, SandboxedPortraitDecoder(child=command) as decoder:
        decoder.decode(GOOD)
    assert fault.value.reason is Reason.INTERNAL_FAULT


def test_a_child_is_told_how_much_of_the_processor_it_may_take() -> None:
    code = READY + "sys.stdin.buffer.read(); o.write(bytes([1, 0, 1, 0, 1, int(float(sys.argv[1]))]))"
    with SandboxedPortraitDecoder(child=(sys.executable, "-c", code), processor_s=40.0) as decoder:
        assert decoder.decode(b"a picture").tolist() == [[[40, 40, 40]]]


def test_a_closed_decoder_says_so_and_closing_twice_is_harmless() -> None:
    decoder = SandboxedPortraitDecoder()
    decoder.close()
    decoder.close()

    with pytest.raises(Fault, match="closed"):
        decoder.decode(GOOD)


@pytest.fixture
def counted(decoder: SandboxedPortraitDecoder) -> Callable[[], int]:
    """Count the open descriptors of this process, after one decode."""

    def count() -> int:
        decoder.decode(GOOD)
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a Path would hold one more open

    return count


def test_a_day_of_pictures_leaks_no_descriptor(counted: Callable[[], int]) -> None:
    first = counted()

    assert [counted() for _ in range(5)] == [first] * 5
