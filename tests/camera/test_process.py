"""A camera in a child process, with stand-ins for the libraries: what is told, what goes wrong, what is overwritten."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.camera.forms import Form
from device.drivers.camera.frames import PLACES, SharedFrames
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup

if TYPE_CHECKING:
    from tests.camera.conftest import StandIn

    Start = Callable[..., StandIn]

PATIENCE_S = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    chance = np.random.default_rng(1)
    for number in range(2):
        cv2.imwrite(str(pictures / f"{number}.png"), chance.integers(1, 256, (120, 200, 3), np.uint8))
    return pictures


def test_a_picamera_says_its_name_and_size_and_has_a_small_stream(stand_in: Start) -> None:
    opened = stand_in("picamera2").camera.wait_until_open(PATIENCE_S)

    assert (opened.name, opened.width, opened.height, opened.has_small) == ("imx708", 640, 480, True)


def test_a_picamera_gives_blue_first_and_a_small_picture_of_the_same_exposure(stand_in: Start) -> None:
    camera = stand_in("picamera2").camera
    camera.wait_until_open(PATIENCE_S)
    frame = camera.next_frame(PATIENCE_S)

    assert frame.pixels[0, 0, :2].tolist() == [200, 100]
    assert frame.small is not None
    assert frame.small.shape == (240, 320, 3)
    steps = np.abs(np.diff(frame.small.astype(int), axis=1))
    assert steps.max() <= 8, "rows that are longer than the picture left no seam"


def test_exposure_is_held_and_let_go(stand_in: Start) -> None:
    camera = stand_in("picamera2").camera
    camera.wait_until_open(PATIENCE_S)

    def settled(red: int) -> bool:
        return any(camera.next_frame(PATIENCE_S).pixels[0, 0, 2] == red for _ in range(50))

    camera.hold_light(hold=True)
    assert settled(255)
    camera.hold_light(hold=False)
    assert settled(0)


@pytest.mark.parametrize("what", ["picamera2", "v4l2"])
def test_frames_of_a_camera_that_runs_are_fresh(stand_in: Start, what: str) -> None:
    camera = stand_in(what).camera
    camera.wait_until_open(PATIENCE_S)
    for _ in range(5):
        asked_s = time.monotonic()
        frame = camera.next_frame(PATIENCE_S)
        assert asked_s <= frame.taken_s <= time.monotonic()


@pytest.mark.parametrize(
    ("what", "trouble", "said"),
    [
        ("picamera2", "none", "ribbon cable"),
        ("picamera2", "format", "XBGR8888"),
        ("picamera2", "raise", "Camera frontend has timed out!"),
        ("picamera2", "unstamped", "SensorTimestamp"),
        ("v4l2", "none", "does not open"),
        ("v4l2", "raise", "gives no frames"),
        ("v4l2", "wall clock", "not of the monotonic clock"),
        ("v4l2", "realtime", "not of the monotonic clock"),
        ("v4l2", "grey", "gives GREY"),
    ],
)
def test_a_camera_that_cannot_be_used_says_why(stand_in: Start, what: str, trouble: str, said: str) -> None:
    camera = stand_in(what, trouble).camera
    with pytest.raises(Fault, match=said) as fault:
        camera.next_frame(PATIENCE_S)

    assert fault.value.reason is Reason.CAMERA_FAULT
    assert camera.end()


def test_a_picture_of_another_shape_breaks_the_camera(stand_in: Start) -> None:
    camera = stand_in("v4l2", "format").camera
    camera.wait_until_open(PATIENCE_S)

    with pytest.raises(Fault, match="is expected"):
        camera.next_frame(PATIENCE_S)


@pytest.mark.parametrize("trouble", ["yuyv", "torn", "damaged"])
def test_a_usb_camera_s_frames_come_whole(stand_in: Start, trouble: str) -> None:
    camera = stand_in("v4l2", trouble).camera
    frames = [camera.next_frame(PATIENCE_S) for _ in range(3)]

    assert all(frame.pixels.shape == (480, 640, 3) and frame.pixels.any(axis=2).all() for frame in frames)


def test_a_camera_that_chooses_its_own_size_is_taken_at_its_word(stand_in: Start) -> None:
    opened = stand_in("v4l2", "small", height=240).camera.wait_until_open(PATIENCE_S)

    assert (opened.width, opened.height) == (320, 240)


def test_frames_that_were_exposed_before_the_question_are_no_answer(stand_in: Start) -> None:
    started = stand_in("picamera2")
    started.camera.wait_until_open(PATIENCE_S)
    started.now("old")

    assert "no frame in time" in first_fault(started)


def first_fault(started: StandIn) -> str:
    """Take frames until none comes; return what is said then."""
    for _ in range(50):
        try:
            started.camera.next_frame(0.2)
        except Fault as fault:
            return str(fault)
    return "frames came"


@pytest.mark.parametrize("what", ["picamera2", "v4l2"])
def test_a_stalled_camera_is_a_fault_and_its_process_can_be_taken_down(stand_in: Start, what: str) -> None:
    started = stand_in(what)
    started.camera.wait_until_open(PATIENCE_S)
    started.now("stall")

    assert "no frame in time" in first_fault(started)
    assert started.camera.end()


def test_a_library_that_hangs_before_the_camera_opens_can_be_taken_down(stand_in: Start) -> None:
    camera = stand_in("picamera2", "hang").camera

    assert camera.broken() is None
    assert camera.end()


def test_a_process_that_is_deaf_to_asking_is_killed(stand_in: Start) -> None:
    assert stand_in("deaf").camera.end()


@pytest.mark.parametrize("what", ["nothing at all", "raise SystemExit(3)", "print('no words')"])
def test_a_process_that_ends_at_once_is_a_broken_camera(what: str) -> None:
    with CameraProcess([sys.executable, "-c", what]) as camera, pytest.raises(Fault, match="process ended"):
        camera.next_frame(PATIENCE_S)


def test_a_program_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(Fault, match="no process"):
        CameraProcess(["/nowhere/camera"])


def test_a_process_that_speaks_nonsense_is_a_broken_camera() -> None:
    code = "import os, socket; socket.socket(fileno=int(os.environ['UKETSUKE_CAMERA_WORDS'])).send(b'?')"
    with CameraProcess([sys.executable, "-c", code]) as camera, pytest.raises(Fault, match="nonsense"):
        camera.next_frame(PATIENCE_S)


def saying(words: str) -> list[str]:
    """Return a child that says these words and ends."""
    code = (
        "import os, socket\n"
        "from device.drivers.camera.forms import Form\n"
        "from device.drivers.camera.words import *\n"
        "end = socket.socket(fileno=int(os.environ['UKETSUKE_CAMERA_WORDS']))\n"
    )
    return [sys.executable, "-c", code + words]


def test_a_size_that_no_camera_has_is_refused() -> None:
    opened = "say(end, Opened(900_000, 900_000, Form.JPEG, 'x'))"
    with CameraProcess(saying(opened)) as camera, pytest.raises(Fault, match="900000"):
        camera.next_frame(PATIENCE_S)


def test_a_process_that_tells_of_more_than_fits_is_not_believed() -> None:
    opened = "say(end, Opened(64, 48, Form.YUYV, 'x')); end.recv(1); end.recv(99); say(end, Taken(1, 1, 99_999, 1.0))"
    with CameraProcess(saying(opened)) as camera, pytest.raises(Fault, match="99999 bytes"):
        camera.next_frame(PATIENCE_S)


def test_pictures_of_a_folder_come_in_turn_whole_and_in_a_camera_s_size(folder: Path) -> None:
    with CameraProcess(CameraSetup(f"folder:{folder}", 640, 480, 50.0).command()) as camera:
        first, second = (camera.next_frame(PATIENCE_S) for _ in range(2))

        assert first.pixels.shape == (480, 640, 3)
        assert not np.array_equal(first.pixels, second.pixels)
        assert not first.pixels[:40].any(), "black above a picture that is wider than the frame"
        assert first.pixels[60:420].any(axis=(1, 2)).all()


def test_the_small_picture_has_the_shape_of_the_large_one(stand_in: Start) -> None:
    frame = stand_in("picamera2", width=1280, height=720).camera.next_frame(PATIENCE_S)

    assert frame.small is not None
    assert frame.small.shape == (180, 320, 3)


@pytest.mark.parametrize(("address", "said"), [("folder:/nowhere", "no folder"), ("v4l2:/dev/null", "does not open")])
def test_a_camera_that_is_not_there_is_named(address: str, said: str) -> None:
    setup = CameraSetup(address, 640, 480, 50.0)
    with CameraProcess(setup.command()) as camera, pytest.raises(Fault, match=said):
        camera.next_frame(PATIENCE_S)


def test_without_picamera2_the_package_is_named() -> None:
    setup = CameraSetup("picamera2:0", 640, 480, 50.0)
    with CameraProcess(setup.command()) as camera, pytest.raises(Fault, match="apt install python3-picamera2"):
        camera.next_frame(PATIENCE_S)


def test_forgetting_blackens_every_frame_and_the_camera_goes_on(stand_in: Start) -> None:
    camera = stand_in("picamera2").camera
    frames = [camera.next_frame(PATIENCE_S) for _ in range(3)]
    part = frames[1].pixels[100:200, 100:200]
    camera.forget()

    assert not any(frame.pixels.any() for frame in frames)
    assert not any(frame.small is not None and frame.small.any() for frame in frames)
    assert not part.any()
    assert camera.next_frame(PATIENCE_S).pixels.any()


def test_the_end_blackens_what_somebody_still_holds(stand_in: Start) -> None:
    camera = stand_in("v4l2").camera
    frame = camera.next_frame(PATIENCE_S)
    assert frame.pixels.any()
    camera.end()

    assert not frame.pixels.any()
    with pytest.raises(Fault):
        camera.next_frame(PATIENCE_S)


def test_a_view_of_a_frame_keeps_its_place_and_nobody_s_places_are_used_again(stand_in: Start) -> None:
    camera = stand_in("v4l2").camera
    views = [camera.next_frame(PATIENCE_S).pixels[:10] for _ in range(PLACES)]
    seen = [view.copy() for view in views]

    with pytest.raises(Fault, match="lets go"):
        camera.next_frame(PATIENCE_S)
    assert all(np.array_equal(view, copy) for view, copy in zip(views, seen, strict=True))
    del views[2]
    assert camera.next_frame(PATIENCE_S).pixels.any()


def test_after_somebody_gave_up_waiting_the_next_one_gets_a_frame_of_their_own(stand_in: Start) -> None:
    camera = stand_in("v4l2").camera
    first = camera.next_frame(PATIENCE_S)
    with pytest.raises(Fault, match="no frame in time"):
        camera.next_frame(0.001)
    camera.forget()
    second = camera.next_frame(PATIENCE_S)

    assert not first.pixels.any()
    assert second.pixels.any()
    assert second.number > first.number


def test_neither_side_can_shrink_the_memory_under_the_other() -> None:
    _, descriptor = SharedFrames.make(64, 48, Form.FILE)
    try:
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def test_the_camera_s_process_leaves_no_core(stand_in: Start) -> None:
    camera = stand_in("v4l2").camera
    camera.next_frame(PATIENCE_S)
    limits = Path(f"/proc/{camera.pid}/limits").read_text(encoding="utf-8")

    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]


def test_no_camera_outlives_a_unit_that_was_killed(folder: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from device.drivers.camera.process import CameraProcess\n"
        "from device.drivers.camera.setup import CameraSetup\n"
        f"camera = CameraProcess(CameraSetup('folder:{folder}', 64, 48, 50.0).command())\n"
        f"camera.next_frame({PATIENCE_S})\n"
        "print(camera.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as unit:
        assert unit.stdout is not None
        pid = int(unit.stdout.readline())
        descriptor = os.pidfd_open(pid)
        unit.wait()
    ready, _, _ = select.select([descriptor], [], [], PATIENCE_S)
    os.close(descriptor)
    assert ready
