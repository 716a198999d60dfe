"""What films, inside the child."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from device.ports.camera import Picture

SMALL_WIDTH = 320
"""Of the second stream, where there is one: as large as the search for faces wants it."""


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the second stream beside a main one: the same shape, in even numbers."""
    return SMALL_WIDTH, max(2, round(SMALL_WIDTH * height / width / 2) * 2)


class SourceError(Exception):
    """The camera cannot be used, in words for a technician."""


class Shot(Protocol):
    """One exposure, as long as its context lasts."""

    @property
    def started_s(self) -> float:
        """When the exposure began, on the monotonic clock."""

    @property
    def ended_s(self) -> float:
        """When it ended."""

    def copy_to(self, pixels: Picture, small: Picture | None) -> None:
        """Write the picture, and the small one where the source has one. Raise SourceError."""


class Source(Protocol):
    """A camera that runs. Any call may block for ever: that is what the process around it is for."""

    @property
    def name(self) -> str:
        """What it is called, for messages and health."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures, which may be others than were asked for."""

    @property
    def has_small(self) -> bool:
        """Whether there is a stream of small pictures."""

    def shoot(self) -> AbstractContextManager[Shot]:
        """Wait for the next exposure. Raise SourceError."""

    def hold_light(self, *, hold: bool) -> None:
        """Keep exposure and colours, or let them adapt; where it cannot, nothing happens."""
