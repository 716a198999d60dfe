from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from device.drivers.camera.process import CameraProcess

CHILD = Path(__file__).parent / "stand_ins" / "child.py"


@dataclass(frozen=True, slots=True)
class StandIn:
    """A camera's process with a stand-in inside."""

    camera: CameraProcess
    switch: Path

    def now(self, trouble: str) -> None:
        """From now on this is what happens to the camera; "" for nothing."""
        self.switch.write_text(trouble, encoding="utf-8")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., StandIn]]:
    """Start a stand-in: "picamera2", "v4l2" or "deaf", with a trouble from the start or not."""
    switch = tmp_path / "switch"
    monkeypatch.setenv("STAND_IN_SWITCH", str(switch))
    with ExitStack() as stack:

        def start(what: str, trouble: str = "", *, width: int = 640, height: int = 480) -> StandIn:
            switch.write_text(trouble, encoding="utf-8")
            command = [sys.executable, str(CHILD), what, str(width), str(height)]
            return StandIn(stack.enter_context(CameraProcess(command)), switch)

        yield start
