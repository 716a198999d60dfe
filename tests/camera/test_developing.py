"""What a camera gave reaches the networks bit for bit as OpenCV makes it of the same bytes.

A child hands over what its camera gave; the unit makes pixels of it. How it was made before both were apart is written
out here once more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.drivers.camera.forms import Form
from device.drivers.camera.frames import SharedFrames
from device.drivers.camera.given_frames import GivenFrames, UndevelopedError, WrongSizeError
from device.drivers.camera.picamera import PicameraSource
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup
from device.ports.camera import Picture

STAND_INS = Path(__file__).parent / "stand_ins"
PATIENCE_S = 20.0
WIDTH, HEIGHT = 64, 48


def a_picture(width: int, height: int) -> Picture:
    """Return shapes in colour, with some noise: what compresses, and what does not."""
    down, across = np.mgrid[:height, :width]
    waves = np.stack([np.sin(down / 7), np.cos(across / 5), np.sin((down + across) / 9)], axis=2) * 90 + 128
    noise = np.random.default_rng(5).integers(-20, 21, waves.shape)
    return np.clip(waves + noise, 0, 255).astype(np.uint8)


@contextmanager
def shared(form: Form, width: int = WIDTH, height: int = HEIGHT) -> Iterator[tuple[SharedFrames, GivenFrames, int]]:
    frames, descriptor = SharedFrames.make(width, height, form)
    yield frames, GivenFrames(frames, width, height, form), descriptor
    os.close(descriptor)


def developed(form: Form, raw: bytes, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    with shared(form, width, height) as (frames, given, _):
        frames.parts(0)[2][: len(raw)] = raw
        return given.give(0, len(raw))[0].copy()


def test_a_jpeg_of_a_usb_camera_is_what_opencv_decodes() -> None:
    raw = cv2.imencode(".jpg", a_picture(WIDTH, HEIGHT), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]

    seen = cv2.imdecode(raw, cv2.IMREAD_COLOR)

    assert seen is not None
    assert np.array_equal(developed(Form.JPEG, raw.tobytes()), seen)


def test_yuyv_of_a_usb_camera_is_what_opencv_converts() -> None:
    raw = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 2), np.uint8)

    assert np.array_equal(developed(Form.YUYV, raw.tobytes()), cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUYV))


def test_a_picamera_s_pixels_are_its_own_and_the_small_picture_is_what_opencv_converts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(STAND_INS)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setenv("STAND_IN_SWITCH", str(tmp_path / "no trouble"))
    source = PicameraSource(0, CameraSetup("picamera2:0", 640, 360, 1000.0))
    picamera2 = sys.modules["picamera2"]
    with shared(source.form, *source.size) as (frames, given, _), source.shoot() as shot:
        pixels, _, raw = frames.parts(0)
        length = shot.copy_to(pixels, raw)
        large, small = given.give(0, length)
        request = picamera2.captured[0]

        assert np.array_equal(large, request.main)
        assert small is not None
        assert np.array_equal(small, cv2.cvtColor(request.lores, cv2.COLOR_YUV2BGR_I420)[:, :320])


@pytest.mark.parametrize("size", [(640, 480), (800, 600), (200, 120)], ids=["as it is", "shrunk", "drawn out"])
@pytest.mark.parametrize("kind", ["png", "jpg", "bmp"])
def test_a_picture_of_a_folder_is_what_opencv_reads_and_fits_in(
    tmp_path: Path, size: tuple[int, int], kind: str
) -> None:
    file = tmp_path / f"one.{kind}"
    cv2.imwrite(str(file), a_picture(*size))
    with CameraProcess(CameraSetup(f"folder:{tmp_path}", 640, 480, 200.0).command()) as camera:
        frame = camera.next_frame(PATIENCE_S)
        pixels, small = frame.pixels.copy(), None if frame.small is None else frame.small.copy()

    seen = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert seen is not None
    scale = min(640 / size[0], 480 / size[1])
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        seen = cv2.resize(seen, (round(size[0] * scale), round(size[1] * scale)), interpolation=how)
    expected = np.zeros((480, 640, 3), np.uint8)
    left, top = (640 - seen.shape[1]) // 2, (480 - seen.shape[0]) // 2
    expected[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    assert np.array_equal(pixels, expected)
    assert small is not None
    assert np.array_equal(small, cv2.resize(expected, (320, 240), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("raw", [b"", b"no picture", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(UndevelopedError):
        developed(Form.JPEG, raw)


def test_a_frame_that_is_cut_off_is_no_picture() -> None:
    with pytest.raises(UndevelopedError, match="cut off"):
        developed(Form.YUYV, bytes(WIDTH * HEIGHT))


def test_a_picture_of_another_size_than_was_told_is_not_taken() -> None:
    raw = cv2.imencode(".jpg", a_picture(WIDTH, HEIGHT * 2))[1].tobytes()
    with pytest.raises(WrongSizeError, match="is expected"):
        developed(Form.JPEG, raw)


def test_pixels_of_a_pi_s_camera_lie_where_its_child_wrote_them() -> None:
    with shared(Form.BGR_AND_I420) as (frames, given, _):
        pixels, _, raw = frames.parts(2)
        given_pixels, _ = given.give(2, len(raw))
        pixels[0] = 77

        assert given_pixels[0, 0, 0] == 77


def test_what_was_forgotten_is_black_on_both_sides_and_takes_no_memory() -> None:
    raw = np.full((HEIGHT, WIDTH, 2), 200, np.uint8).tobytes()
    with shared(Form.YUYV) as (frames, given, descriptor):
        frames.beat(5.0)
        for place in (0, 3):
            frames.parts(place)[2][: len(raw)] = raw
        held = [given.give(place, len(raw))[0] for place in (0, 3)]
        assert all(picture.all() for picture in held)
        given.wipe()

        assert os.fstat(descriptor).st_blocks * 512 <= os.sysconf("SC_PAGESIZE"), "the page of the heartbeat is left"
        assert not any(picture.any() for picture in held)
        assert not any(any(part) for part in frames.parts(3))
        assert given.beat_s == 5.0


def test_a_child_loads_nothing_but_pythons_own_library() -> None:
    command = CameraSetup("folder:pictures", 64, 48, 50.0).command()
    before = command[: next(place for place, word in enumerate(command) if word.endswith(".py"))]
    camera = "device.drivers.camera"
    show = f"import sys, {camera}.__main__, {camera}.v4l2, {camera}.folder; print(*sys.modules)"
    told = subprocess.run([*before, "-c", show], capture_output=True, text=True, check=True).stdout.split()

    packages = {name.partition(".")[0] for name in told} - sys.stdlib_module_names
    assert packages == {"__main__", "device"}
    assert {name for name in told if name.startswith("device.")} <= {"device.drivers", "device.drivers.lockdown"} | {
        name for name in told if name.startswith(camera)
    }
