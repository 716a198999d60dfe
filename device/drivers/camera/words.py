"""What the unit and the camera's child say to each other: one JSON object a packet."""

from __future__ import annotations

import socket

import msgspec
from msgspec import Struct

LARGEST_PACKET = 4096


class Take(Struct, tag="take", frozen=True):
    """Write a frame whose exposure begins after this moment into that place."""

    order: int
    place: int
    after_s: float


class Cancel(Struct, tag="cancel", frozen=True):
    """Nobody waits for a frame any more: do not write one, and overwrite the last."""


class HoldLight(Struct, tag="hold_light", frozen=True):
    """See the port."""

    hold: bool


class Opened(Struct, tag="opened", frozen=True):
    """The camera runs; pictures are this large."""

    name: str
    width: int
    height: int
    has_small: bool


class Taken(Struct, tag="taken", frozen=True):
    """The frame is in its place."""

    order: int
    number: int
    ended_s: float


class Broken(Struct, tag="broken", frozen=True):
    """The camera cannot be used; the child ends."""

    why: str


ToChild = Take | Cancel | HoldLight
ToUnit = Opened | Taken | Broken

_to_child: msgspec.json.Decoder[ToChild] = msgspec.json.Decoder(ToChild)
_to_unit: msgspec.json.Decoder[ToUnit] = msgspec.json.Decoder(ToUnit)


def say(end: socket.socket, words: ToChild | ToUnit) -> None:
    """Send. Raise OSError when the other end is gone."""
    end.send(msgspec.json.encode(words))


def hear_child(end: socket.socket) -> ToUnit | None:
    """Receive from the child; None when it is gone. Raise TimeoutError, msgspec.DecodeError."""
    packet = end.recv(LARGEST_PACKET)
    return _to_unit.decode(packet) if packet else None


def hear_unit(end: socket.socket) -> ToChild | None:
    """Receive from the unit; None when it is gone. Raise BlockingIOError when nothing was said."""
    packet = end.recv(LARGEST_PACKET)
    return _to_child.decode(packet) if packet else None
