"""The camera's child: the camera runs all the time, and a frame is written where and when somebody asks for one.

While nobody asks, the sensor goes on and keeps exposure and colours up to date, but the child only looks twice a second
whether it still gives frames: what it does not take stays in the camera's own buffers, which the next ones overwrite.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

from device.drivers.camera.frames import SharedFrames, blacken
from device.drivers.camera.source import Source, SourceError
from device.drivers.camera.words import Broken, Cancel, HoldLight, Opened, Take, Taken, ToChild, hear_unit, say
from device.drivers.lockdown import leave_no_memory_image

PR_SET_PDEATHSIG = 1
WORDS_VARIABLE = "UKETSUKE_CAMERA_WORDS"
"""The descriptor of the socket that the unit passed on."""
LOOK_S = 0.5
"""While nobody asks. The unit takes a camera for stalled after 2 s."""
BUFFERS = 4
"""So many frames at most wait in a camera's buffers; behind them comes one that is fresh."""


def serve(open_source: Callable[[], Source]) -> int:
    """Film until the unit goes away or the camera breaks; return the exit code."""
    leave_no_memory_image()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # no camera outlives its unit
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the unit, which ends its child in order
    with socket.socket(fileno=int(os.environ[WORDS_VARIABLE])) as words:
        try:
            _film(open_source(), words)
        except SourceError as error:
            return _broken(words, str(error))
        except ConnectionError:
            return 0
        except Exception as error:  # noqa: BLE001  the rim: whatever a camera's library raises, the unit is told
            return _broken(words, f"{type(error).__name__}: {error}")
    return 0


def _film(source: Source, words: socket.socket) -> None:
    width, height = source.size
    say(words, Opened(width, height, source.form, source.name[:200]))
    _, descriptors, _, _ = socket.recv_fds(words, 1, 1)
    if not descriptors:
        return
    frames = SharedFrames(descriptors[0], width, height, source.form)
    os.close(descriptors[0])
    words.settimeout(0)
    film = _Film(source, words, frames)
    while True:
        for order in _orders(words, 0.0 if film.is_wanted else LOOK_S):
            film.obey(order)
        film.look()


class _Film:
    """The frame that somebody asked for, if somebody did."""

    def __init__(self, source: Source, words: socket.socket, frames: SharedFrames) -> None:
        self._source = source
        self._words = words
        self._frames = frames
        self._number = 0
        self._wanted: Take | None = None
        self._written: tuple[int, int] | None = None
        """Which place, and how many bytes that are to be developed."""

    @property
    def is_wanted(self) -> bool:
        return self._wanted is not None

    def obey(self, order: ToChild) -> None:
        match order:
            case Take():
                self._wanted = order
            case Cancel():
                self._wanted = None
                if self._written is not None:
                    _overwrite(self._frames, *self._written)
            case HoldLight(hold=hold):
                self._source.hold_light(hold=hold)

    def look(self) -> None:
        """Go on to an exposure that is fresh, and write it if it is wanted."""
        after_s = self._wanted.after_s if self._wanted else time.monotonic()
        for _ in range(BUFFERS + 1):
            with self._source.shoot() as shot:
                self._number += 1
                self._frames.beat(time.monotonic())
                if shot.started_s < after_s:
                    continue
                if self._wanted is not None:
                    pixels, _, raw = self._frames.parts(self._wanted.place)
                    length = shot.copy_to(pixels, raw)
                    self._written = self._wanted.place, length
                    say(self._words, Taken(self._wanted.order, self._number, length, shot.ended_s))
                    self._wanted = None
                return


def _orders(words: socket.socket, wait_s: float) -> Iterator[ToChild]:
    """Yield what was said meanwhile, or is said within this time. Raise ConnectionError when the unit is gone."""
    select.select([words], [], [], wait_s)
    while True:
        try:
            order = hear_unit(words)
        except BlockingIOError:
            return
        if order is None:
            raise ConnectionError("the unit is gone")
        yield order


def _overwrite(frames: SharedFrames, place: int, length: int) -> None:
    pixels, _, raw = frames.parts(place)
    for part in (pixels, raw[:length]):
        blacken(part)
    frames.give_back(place)


def _broken(words: socket.socket, why: str) -> int:
    try:
        words.settimeout(None)
        say(words, Broken(why[:1000]))
    except OSError:
        sys.stderr.write(f"camera: {why}\n")
    return 1
