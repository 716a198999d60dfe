"""The card's portrait decoded in a throw-away process (`portrait_child.py`)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from device.domain.errors import FaceError, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.drivers.lockdown import COMPLETE, Protection
from device.drivers.portrait_header import HEADER, LARGEST_FILE_BYTES, LONGEST_SIDE_PX, PROCESSOR_S, READY
from device.ports.camera import Picture

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

# -I: no environment variable, no user site and no current folder can bring other code in.
CHILD = (sys.executable, "-I", "-m", "device.drivers.portrait_child")
TIMEOUT_S = 5.0
"""A portrait takes some 10 ms; a Pi under load stays far below this, and a visitor does not wait longer."""
GREY, COLOUR = 1, 3


class SandboxedPortraitDecoder:
    """One child is always kept ready, decodes one picture and is replaced: no card meets another card's leftovers."""

    def __init__(
        self, *, timeout_s: float = TIMEOUT_S, child: Sequence[str] = CHILD, processor_s: float = PROCESSOR_S
    ) -> None:
        """Start the first child; where that cannot be, whoever asks for a picture is told.

        `processor_s`: so much of the processor's time a child may take for its picture.
        """
        self._timeout_s = timeout_s
        self._command = (*child, str(processor_s))
        self._lock = threading.Lock()
        self._closed = False
        self._child: _Child | None = None
        self._keep_one_ready()

    def decode(self, jp2: bytes | bytearray) -> Picture:
        """Return height x width x 3 BGR, at most 1000 x 1000, in an array of its own that the caller may overwrite.

        Raise FaceError(PORTRAIT_UNREADABLE) for anything but a sane picture within the time-out, Fault(INTERNAL_FAULT)
        when the child itself does not work.
        """
        if not 0 < len(jp2) <= LARGEST_FILE_BYTES:
            raise FaceError(f"a portrait of {len(jp2)} bytes", reason=Reason.PORTRAIT_UNREADABLE)
        with self._lock:
            child = self._ready_child()
            self._child = None
            try:
                with child.ended_after(self._timeout_s):
                    child.wait_until_ready()
                    return child.decode(jp2)
            finally:
                child.end()
                self._keep_one_ready()

    def missing_protection(self) -> Protection:
        """Return the layers that this machine cannot put round the decoder; none where all is well.

        Raise Fault(INTERNAL_FAULT) when the child does not work.
        """
        with self._lock:
            child = self._child = self._ready_child()
            try:
                with child.ended_after(self._timeout_s):
                    return COMPLETE & ~child.wait_until_ready()
            except Fault:
                self._child = None
                child.end()
                raise

    def check(self) -> None:
        """Raise Fault(INTERNAL_FAULT) when no picture could be decoded now."""
        self.missing_protection()

    def close(self) -> None:
        """End the child that is waiting; harmless when repeated."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
        if child:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _ready_child(self) -> _Child:
        if self._closed:
            raise _fault("is closed")
        child = self._child
        if child is not None and child.is_gone:  # killed while it waited; no card is to blame for that
            child.end()
            child = None
        return child or _Child(self._command)

    def _keep_one_ready(self) -> None:
        # An answer that was given is good even if the machine has no process left; the next call says so.
        with contextlib.suppress(Fault):
            self._child = _Child(self._command)


class _Child:
    """One process for one picture."""

    def __init__(self, command: Sequence[str]) -> None:
        # An interpreter that was built with a shared library may need to be told where that is, and nothing else.
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own file
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,  # a buffer of Python's would be one more place where a portrait lies
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C in a terminal is for the program, not for the child it keeps ready
            )
        except OSError as error:
            raise _fault(f"has no process: {error.strerror}") from error
        assert self._process.stdin  # noqa: S101  all pipes are ours, the type cannot know
        assert self._process.stdout  # noqa: S101  same
        self._to: BinaryIO = self._process.stdin  # type: ignore[assignment]  # IO[bytes] is what it is
        self._from: BinaryIO = self._process.stdout  # type: ignore[assignment]  # same
        self._protection: Protection | None = None

    @contextlib.contextmanager
    def ended_after(self, timeout_s: float) -> Iterator[None]:
        """Kill the process when this takes longer: its pipes close then, and every read and write below ends."""
        watchdog = threading.Timer(timeout_s, self._process.kill)
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    def wait_until_ready(self) -> Protection:
        """Return what is in force. Raise Fault(INTERNAL_FAULT) when the process ends before it says so."""
        if self._protection is None:
            said = bytearray(len(READY) + 1)
            if not self._fill(memoryview(said)) or not said.startswith(READY):
                raise _fault("does not start")
            self._protection = Protection(said[-1])
        return self._protection

    def decode(self, jp2: bytes | bytearray) -> Picture:
        """Hand the file over and take the picture. Raise FaceError(PORTRAIT_UNREADABLE)."""
        try:
            rest = memoryview(jp2)
            while rest:
                rest = rest[self._to.write(rest) :]
            self._to.close()
        except BrokenPipeError as error:
            raise FaceError("the card's portrait ends its decoder", reason=Reason.PORTRAIT_UNREADABLE) from error
        header = bytearray(HEADER.size)
        if not self._fill(memoryview(header)):
            raise FaceError("the card's portrait does not decode", reason=Reason.PORTRAIT_UNREADABLE)
        channels, width, height = HEADER.unpack(header)
        if channels not in {GREY, COLOUR} or not (0 < width <= LONGEST_SIDE_PX and 0 < height <= LONGEST_SIDE_PX):
            raise FaceError("the card's portrait decodes to nonsense", reason=Reason.PORTRAIT_UNREADABLE)
        pixels = np.empty((height, width, channels), np.uint8)
        if not self._fill(pixels.data.cast("B")) or self._from.read(1):
            raise FaceError("the card's portrait decodes to another size", reason=Reason.PORTRAIT_UNREADABLE)
        if channels == COLOUR:
            return pixels
        picture = np.repeat(pixels, COLOUR, axis=2)
        pixels.fill(0)
        return picture

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def end(self) -> None:
        """Kill the process, close the pipes and wait."""
        self._process.kill()
        with self._process:
            pass

    def _fill(self, buffer: memoryview) -> bool:
        """Read until the buffer is full; return False when the pipe ends before."""
        while buffer:
            count = self._from.readinto(buffer)  # type: ignore[attr-defined]  # a raw pipe has it
            if not count:
                return False
            buffer = buffer[count:]
        return True


def _fault(why: str) -> Fault:
    return Fault(
        f"the portrait's decoder {why}",
        part="portrait",
        reason=Reason.INTERNAL_FAULT,
        finding=FindingCode.PORTRAIT_DECODER,
    )
