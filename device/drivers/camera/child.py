"""The camera's child: it films all the time, and writes a frame where it is told to when it is told to.

A frame that nobody asked for is not copied out of the camera's own buffers, which the next frames overwrite.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

from device.drivers.camera.frames import SharedFrames
from device.drivers.camera.source import Source, SourceError
from device.drivers.camera.words import Broken, Cancel, HoldLight, Opened, Take, Taken, ToChild, hear_unit, say
from device.drivers.lockdown import leave_no_memory_image

PR_SET_PDEATHSIG = 1
WORDS_VARIABLE = "UKETSUKE_CAMERA_WORDS"
"""The descriptor of the socket that the unit passed on."""


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
    say(words, Opened(source.name[:200], width, height, source.has_small))
    _, descriptors, _, _ = socket.recv_fds(words, 1, 1)
    if not descriptors:
        return
    frames = SharedFrames(descriptors[0], width, height, has_small=source.has_small)
    os.close(descriptors[0])
    words.settimeout(0)
    number = 0
    wanted: Take | None = None
    written: int | None = None
    while True:
        with source.shoot() as shot:
            number += 1
            frames.beat(time.monotonic())
            for order in _orders(words):
                match order:
                    case Take():
                        wanted = order
                    case Cancel():
                        wanted = None
                        if written is not None:
                            _overwrite(frames, written)
                    case HoldLight(hold=hold):
                        source.hold_light(hold=hold)
            if wanted is not None and shot.started_s >= wanted.after_s:
                written = wanted.place
                shot.copy_to(*frames.view(written))
                say(words, Taken(wanted.order, number, shot.ended_s))
                wanted = None


def _orders(words: socket.socket) -> Iterator[ToChild]:
    """Yield what was said meanwhile. Raise ConnectionError when the unit is gone."""
    while True:
        try:
            order = hear_unit(words)
        except BlockingIOError:
            return
        if order is None:
            raise ConnectionError("the unit is gone")
        yield order


def _overwrite(frames: SharedFrames, place: int) -> None:
    for array in frames.view(place):
        if array is not None:
            array.fill(0)


def _broken(words: socket.socket, why: str) -> int:
    try:
        words.settimeout(None)
        say(words, Broken(why[:1000]))
    except OSError:
        sys.stderr.write(f"camera: {why}\n")
    return 1
