"""The card's portrait decoded in a throw-away process (`portrait_child.py`)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from device.domain.errors import FaceError, Fault
from device.domain.reasons import Reason
from device.drivers.portrait_child import HEADER, LARGEST_FILE_BYTES, LONGEST_SIDE_PX, READY
from device.ports.camera import Picture

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

CHILD = Path(__file__).resolve().with_name("portrait_child.py")
TIMEOUT_S = 5.0
"""A portrait takes some 10 ms; a Pi under load stays far below this, and a visitor does not wait longer."""
MOST_CHANNELS = 3
LARGEST_ANSWER_BYTES = HEADER.size + MOST_CHANNELS * LONGEST_SIDE_PX * LONGEST_SIDE_PX


class SandboxedPortraitDecoder:
    """One child is always kept ready, decodes one picture and is replaced: no card meets another card's leftovers."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """Start the first child. Raise Fault(INTERNAL_FAULT) when no process can be started."""
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._closed = False
        self._child: subprocess.Popen[bytes] | None = _spawn()

    def decode(self, jp2: bytes) -> Picture:
        """Return height x width x 3 BGR, at most 1000 x 1000.

        Raise FaceError(PORTRAIT_UNREADABLE) for anything but a sane picture within the time-out, Fault(INTERNAL_FAULT)
        when the child itself does not work.
        """
        if not 0 < len(jp2) <= LARGEST_FILE_BYTES:
            raise FaceError(f"a portrait of {len(jp2)} bytes", reason=Reason.PORTRAIT_UNREADABLE)
        with self._lock:
            if self._closed:
                raise Fault("the portrait decoder is closed", part="portrait", reason=Reason.INTERNAL_FAULT)
            child, self._child = self._child or _spawn(), None
            try:
                answer = self._ask(child, jp2)
            finally:
                _end(child)
                # This answer is good even if the machine has no process left; the next call says so.
                with contextlib.suppress(Fault):
                    self._child = _spawn()
        return _picture(answer)

    def close(self) -> None:
        """End the child that is waiting; harmless when repeated."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child:
            _end(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _ask(self, child: subprocess.Popen[bytes], jp2: bytes) -> bytes:
        """Return what the child answers; empty when it ends or is ended without an answer."""
        assert child.stdin  # noqa: S101  all pipes are ours, the type cannot know
        assert child.stdout  # noqa: S101  same
        # A dead child closes its pipes, and that ends the reads below: no clock is needed here.
        watchdog = threading.Timer(self._timeout_s, child.kill)
        watchdog.start()
        try:
            if child.stdout.read(len(READY)) != READY:
                raise Fault("the portrait decoder does not start", part="portrait", reason=Reason.INTERNAL_FAULT)
            child.stdin.write(jp2)
            child.stdin.close()
            return child.stdout.read(LARGEST_ANSWER_BYTES + 1)
        except BrokenPipeError:
            return b""
        finally:
            watchdog.cancel()


def _spawn() -> subprocess.Popen[bytes]:
    # An interpreter that was built with a shared library may need to be told where that is, and nothing else.
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    try:
        # -I: no environment variable, no user site and no current folder can bring other code in.
        return subprocess.Popen(  # noqa: S603  our own interpreter and our own file
            [sys.executable, "-I", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,  # Ctrl-C in a terminal is for the program, not for the child that it keeps ready
        )
    except OSError as error:
        raise Fault(
            f"no process for the portrait decoder: {error.strerror}", part="portrait", reason=Reason.INTERNAL_FAULT
        ) from error


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    with child:  # closes the pipes and waits
        pass


def _picture(answer: bytes) -> Picture:
    if len(answer) < HEADER.size:
        raise FaceError("the card's portrait does not decode", reason=Reason.PORTRAIT_UNREADABLE)
    channels, width, height = HEADER.unpack_from(answer)
    pixels = np.frombuffer(answer, np.uint8, offset=HEADER.size)
    if channels not in {1, MOST_CHANNELS} or pixels.size != channels * width * height or not pixels.size:
        raise FaceError("the card's portrait decodes to nonsense", reason=Reason.PORTRAIT_UNREADABLE)
    rgb = np.broadcast_to(pixels.reshape(height, width, channels), (height, width, MOST_CHANNELS))
    return np.ascontiguousarray(rgb[..., ::-1])
