"""What the unit and the camera's child say to each other, a packet each: a letter, numbers, perhaps text.

Not JSON and no library: what a child loads, each of them keeps as long as the unit runs.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812  a class, whatever its name
from typing import Any, Final, NamedTuple

from device.drivers.camera.forms import Form, has_small

LARGEST_PACKET: Final = 4096


class Take(NamedTuple):
    """Write a frame whose exposure begins after this moment into that place."""

    order: int
    place: int
    after_s: float


class Cancel(NamedTuple):
    """Nobody waits for a frame any more: do not write one, and overwrite the last."""


class HoldLight(NamedTuple):
    """See the port."""

    hold: bool


class Opened(NamedTuple):
    """The camera runs; pictures are this large and arrive like this."""

    width: int
    height: int
    form: Form
    name: str

    @property
    def has_small(self) -> bool:
        """Whether each comes with its second, small picture."""
        return has_small(self.form)


class Taken(NamedTuple):
    """The frame is in its place, with so many bytes that are to be developed."""

    order: int
    number: int
    length: int
    ended_s: float


class Broken(NamedTuple):
    """The camera cannot be used; the child ends."""

    why: str


class NonsenseError(Exception):
    """A packet that is none of these."""


ToChild = Take | Cancel | HoldLight
ToUnit = Opened | Taken | Broken


class _Lies(NamedTuple):
    """How one of them lies in its packet."""

    letter: bytes
    numbers: Struct
    text: bool = False


_LIES: Final[Mapping[type, _Lies]] = {
    Take: _Lies(b"t", Struct("=QBd")),
    Cancel: _Lies(b"c", Struct("=")),
    HoldLight: _Lies(b"h", Struct("=?")),
    Opened: _Lies(b"o", Struct("=IIB"), text=True),
    Taken: _Lies(b"T", Struct("=QQId")),
    Broken: _Lies(b"b", Struct("="), text=True),
}


def say(end: socket.socket, words: ToChild | ToUnit) -> None:
    """Send. Raise OSError when the other end is gone."""
    lies, said, text = _LIES[type(words)], list[Any](words), ""
    if lies.text:
        text = said.pop()
    end.send(lies.letter + lies.numbers.pack(*said) + text.encode())


def hear_child(end: socket.socket) -> ToUnit | None:
    """Receive from the child; None when it is gone. Raise TimeoutError, NonsenseError."""
    packet = end.recv(LARGEST_PACKET)
    if not packet:
        return None
    match packet[:1]:
        case b"o":
            width, height, form, name = _said(Opened, packet)
            try:
                return Opened(width, height, Form(form), name)
            except ValueError as error:
                raise NonsenseError(str(error)) from error
        case b"T":
            return Taken(*_said(Taken, packet))
        case b"b":
            return Broken(*_said(Broken, packet))
        case _:
            raise NonsenseError("an unknown letter")


def hear_unit(end: socket.socket) -> ToChild | None:
    """Receive from the unit; None when it is gone. Raise BlockingIOError when nothing was said, NonsenseError."""
    packet = end.recv(LARGEST_PACKET)
    if not packet:
        return None
    match packet[:1]:
        case b"t":
            return Take(*_said(Take, packet))
        case b"c":
            return Cancel(*_said(Cancel, packet))
        case b"h":
            return HoldLight(*_said(HoldLight, packet))
        case _:
            raise NonsenseError("an unknown letter")


def _said(kind: type, packet: bytes) -> list[Any]:
    lies = _LIES[kind]
    text = packet[1 + lies.numbers.size :]
    try:
        said: list[Any] = [*lies.numbers.unpack(packet[1 : 1 + lies.numbers.size])]
        if lies.text:
            said.append(text.decode())
    except (StructError, UnicodeDecodeError) as error:
        raise NonsenseError(str(error)) from error
    if (text and not lies.text) or not all(math.isfinite(one) for one in said if isinstance(one, float)):
        raise NonsenseError("too much, or no number")
    return said
