"""Only picamera2's child sees the system's Python packages, and before those of the unit's own environment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from device.drivers.camera.setup import SYSTEM_PACKAGES, CameraSetup


def places_of(command: list[str]) -> list[str]:
    """Return where the child's Python looks for packages."""
    python = command.index(sys.executable)
    show = [*command[: python + 1], "-c", "import sys; print(*sys.path, sep='\\n')"]
    return subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines()


def test_picamera2_finds_the_systems_packages_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    places = places_of(CameraSetup("picamera2:0", 640, 480, 15.0).command())
    ours = [place for place in places if place.endswith("site-packages")]
    assert places.index(SYSTEM_PACKAGES) < places.index(ours[0])


def test_what_was_to_be_found_before_is_still_found_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/opt")
    places = places_of(CameraSetup("picamera2:0", 640, 480, 15.0).command())
    assert places.index("/opt") < places.index(SYSTEM_PACKAGES)


@pytest.mark.parametrize("address", ["v4l2:/dev/video0", "folder:pictures"])
def test_no_other_camera_sees_them(address: str) -> None:
    assert SYSTEM_PACKAGES not in places_of(CameraSetup(address, 640, 480, 15.0).command())
