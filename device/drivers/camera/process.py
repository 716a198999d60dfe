"""The unit's side of a camera: a child that can be killed, and frames that it writes into shared memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.camera.child import WORDS_VARIABLE
from device.drivers.camera.frames import LONGEST_SIDE_PX, SharedFrames
from device.drivers.camera.given_frames import GivenFrames, UndevelopedError, WrongSizeError
from device.drivers.camera.words import (
    Broken,
    Cancel,
    HoldLight,
    NonsenseError,
    Opened,
    Take,
    Taken,
    ToChild,
    ToUnit,
    hear_child,
    say,
)
from device.ports.camera import Frame

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

GRACE_S = 1.0
"""After SIGTERM, and again after SIGKILL."""


class _Silence(Fault):
    """Nothing was said in time."""


class CameraProcess:
    """One camera, filming in a child from construction on. Ends with it; to start again, make another.

    One thread takes frames; any thread may ask `beat_s`, `forget` or `end`.
    """

    def __init__(self, command: Sequence[str], *, part: str = "camera") -> None:
        """Start the child without waiting for its camera. Raise Fault(CAMERA_FAULT) when there is no process."""
        self._part = part
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._child = subprocess.Popen(  # noqa: S603  our own program
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=os.environ | {WORDS_VARIABLE: str(theirs.fileno())},
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise self._fault(f"no process: {error.strerror}") from error
        self._words = ours
        self._taking = threading.Lock()
        self._frames_lock = threading.Lock()
        self._frames: GivenFrames | None = None
        self._order = 0
        self._unanswered: Take | None = None
        self.opened: Opened | None = None
        """What the child said of its camera; None until then."""
        self.started_s = time.monotonic()

    @property
    def pid(self) -> int:
        """The child's."""
        return self._child.pid

    @property
    def beat_s(self) -> float:
        """When the last exposure ended, on the monotonic clock; 0 before the first."""
        frames = self._frames
        return frames.beat_s if frames else 0.0

    def broken(self) -> str | None:
        """Return why the child cannot film any more, None while it may. Lets it open; never waits."""
        if not self._taking.acquire(blocking=False):
            return None  # somebody is hearing it
        try:
            if self.opened is None:
                self._open(0.0)
            elif self._child.poll() is not None:
                while True:  # to its last words
                    self._hear(0.0)
        except _Silence:
            return None
        except Fault as fault:
            return str(fault)
        finally:
            self._taking.release()
        return None

    def wait_until_open(self, timeout_s: float) -> Opened:
        """Return what the child says of its camera. Raise Fault(CAMERA_FAULT)."""
        with self._taking:
            return self._open(time.monotonic() + timeout_s)

    def next_frame(self, timeout_s: float) -> Frame:
        """Return a frame exposed after this call began; its pixels lie in the memory shared with the child."""
        asked_s = time.monotonic()
        until_s = asked_s + timeout_s
        with self._taking:
            self._open(until_s)
            with self._frames_lock:
                frames = self._frames
            if frames is None:
                raise self._fault("the camera was ended")
            while True:
                place = frames.free_place() if self._unanswered is None else self._unanswered.place
                if place is None:
                    raise self._fault("nobody lets go of the frames")
                taken = self._take(place, asked_s, until_s)
                try:
                    pixels, small = frames.give(place, taken.length)
                except WrongSizeError as error:
                    raise self._fault(str(error)) from error
                except UndevelopedError as error:  # USB loses a part of a frame now and then; the next is whole
                    if time.monotonic() >= until_s:
                        raise self._fault(str(error)) from error
                else:
                    return Frame(pixels=pixels, taken_s=taken.ended_s, number=taken.number, small=small)

    def hold_light(self, *, hold: bool) -> None:
        """Pass it on; a child that is gone has nothing to hold."""
        if self.opened is not None:
            with contextlib.suppress(OSError):
                say(self._words, HoldLight(hold))

    def forget(self) -> None:
        """Overwrite the frames. One that is under way belongs to who waits for it."""
        with self._frames_lock:
            if self._frames is not None:
                self._frames.wipe()
        if self._taking.acquire(blocking=False):
            try:
                if self._unanswered is not None:  # the child may still write for somebody who gave up waiting
                    with contextlib.suppress(OSError):
                        say(self._words, Cancel())
            finally:
                self._taking.release()

    def end(self) -> bool:
        """Take the child down: SIGTERM, a second, SIGKILL, a second. Return whether it is gone; may be repeated."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._child.send_signal(number)
            try:
                self._child.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                continue
            break
        with contextlib.suppress(OSError):
            self._words.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a child that cannot be killed
        with self._frames_lock:
            if self._frames is not None:
                self._frames.wipe()
                self._frames = None
        self._words.close()
        return self._child.returncode is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.end()

    def _open(self, until_s: float) -> Opened:
        if self.opened is None:
            opened = self._hear(until_s)
            if not isinstance(opened, Opened):
                raise self._fault("the camera's process speaks out of turn")
            if not (0 < opened.width <= LONGEST_SIDE_PX and 0 < opened.height <= LONGEST_SIDE_PX):
                raise self._fault(f"pictures of {opened.width} x {opened.height}")
            size = opened.width, opened.height
            shared, descriptor = SharedFrames.make(*size, opened.form)
            try:
                with self._last_words():
                    socket.send_fds(self._words, [b"+"], [descriptor])
            finally:
                os.close(descriptor)
            with self._frames_lock:
                self._frames = GivenFrames(shared, *size, opened.form)
            self.opened = opened
        return self.opened

    def _take(self, place: int, after_s: float, until_s: float) -> Taken:
        self._order += 1
        self._unanswered = Take(self._order, place, after_s)
        self._say(self._unanswered)
        taken = self._hear(until_s)
        while not (isinstance(taken, Taken) and taken.order == self._order):
            taken = self._hear(until_s)  # an answer that came too late for the one who asked
        self._unanswered = None
        return taken

    def _hear(self, until_s: float) -> ToUnit:
        try:
            self._words.settimeout(max(0.001, until_s - time.monotonic()))
            try:
                said = hear_child(self._words)
            except ConnectionResetError:  # told first when the child ended without hearing us out; its words are behind
                said = hear_child(self._words)
        except TimeoutError as error:
            raise _Silence("no frame in time", part=self._part, reason=Reason.CAMERA_FAULT) from error
        except OSError as error:
            raise self._fault("the camera was ended") from error
        except NonsenseError as error:
            raise self._fault("the camera's process speaks nonsense") from error
        if said is None:
            raise self._fault("the camera's process ended")
        if isinstance(said, Broken):
            raise self._fault(said.why)
        return said

    def _say(self, words: ToChild) -> None:
        with self._last_words():
            say(self._words, words)

    @contextlib.contextmanager
    def _last_words(self) -> Iterator[None]:
        """When the child does not hear any more, raise Fault with what it said before it ended."""
        try:
            yield
        except OSError as error:
            try:
                while True:
                    self._hear(0.0)
            except Fault as fault:
                raise fault from error

    def _fault(self, why: str) -> Fault:
        return Fault(why, part=self._part, reason=Reason.CAMERA_FAULT)
