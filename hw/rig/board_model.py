"""The rig's board as a Python program, to test with and to compare firmware with: lines in, lines out."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hw.errors import CannotMeasure
from hw.rig.board import VERSION
from hw.rig.frames import LONGEST, BadFrame, RigLine
from hw.rig.port import Beside, Light, Picture, Plug, Rig, Sensor

FIRMWARE: Final = "model-1"
ABILITIES: Final = ",".join(
    ("place", "lift", "press", "show", "light", "power", "unplug", *(f"sense:{sensor}" for sensor in Sensor))
)
KEY_NAMES: Final = str.maketrans("SH", "*#")

Mangle = Callable[[bytes], bytes]


class BoardModel:
    """Answers lines as PROTOCOL.md says, and does what they ask for by another rig."""

    def __init__(self, rig: Rig, *, abilities: str = "press,lift") -> None:
        self._rig = rig
        self._abilities = abilities
        self._last: tuple[int, bytes] | None = None
        self.done: list[tuple[str, ...]] = []
        """Every request that was carried out, once each."""

    def hear(self, line: bytes) -> bytes:
        """Return the answer to a line; nothing to one that is none."""
        try:
            request = RigLine.decode(line)
        except BadFrame:
            return b""
        greets = request.number == 0 and request.words == ("HELLO",)
        if self._last is not None and self._last[0] == request.number and not greets:
            return self._last[1]
        answer = RigLine(request.number, self._carry_out(request.words)).encode()
        self._last = request.number, answer
        return answer

    def _carry_out(self, words: tuple[str, ...]) -> tuple[str, ...]:
        self.done.append(words)
        try:
            return ("OK", *self._do(words))
        except CannotMeasure as error:
            return "ERR", "cannot", str(error).replace(" ", "_")[: LONGEST // 2].encode("ascii", "replace").decode()
        except ValueError:
            return "ERR", "unknown", words[0]

    def _do(self, words: tuple[str, ...]) -> tuple[str, ...]:
        match words:
            case ("HELLO",):
                self._rig.lift()
                return "uketsuke-rig", VERSION, FIRMWARE, "model", self._abilities
            case ("PLACE", card, mm, beside):
                self._rig.place(card, spacer_mm=float(mm), beside=Beside(beside))
            case ("LIFT",) | ("SAFE",):
                self._rig.lift()
            case ("PRESS", keys, ms):
                self._rig.press(keys.translate(KEY_NAMES), int(ms) / 1000)
            case ("SHOW", picture):
                self._rig.show(Picture(picture) if picture in set(Picture) else picture)
            case ("LIGHT", light):
                self._rig.light(Light(light))
            case ("POWER", ms):
                self._rig.cut_power(int(ms) / 1000)
            case ("UNPLUG", plug, ms):
                self._rig.unplug(Plug(plug), int(ms) / 1000)
            case ("SENSE", sensor, place):
                reading = self._rig.sense(Sensor(sensor), "" if place == "-" else place)
                return f"{reading.value:.3f}", f"{reading.uncertainty:.3f}"
            case _:
                raise ValueError(words[0])
        return ()


@contextmanager
def on_a_pty(model: BoardModel, mangle: Mangle = lambda line: line) -> Iterator[str]:
    """Serve a model on a pseudo-terminal and give its path; `mangle` may spoil each answer. Leaving pulls the cable."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop_reading, stop = os.pipe()
    thread = threading.Thread(target=_serve, args=(model, mangle, ours, stop_reading))
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.write(stop, b".")
        thread.join()
        for end in (ours, theirs, stop_reading, stop):
            os.close(end)


def _serve(model: BoardModel, mangle: Mangle, line: int, stop: int) -> None:
    rest = b""
    while stop not in (ready := select.select([line, stop], [], [])[0]) and line in ready:
        *whole, rest = (rest + os.read(line, 4096)).split(b"\n")
        for each in whole:
            if answer := mangle(model.hear(each)):
                os.write(line, answer)
