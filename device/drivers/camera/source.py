"""What films, inside the child."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from device.drivers.camera.forms import Form


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

    def copy_to(self, pixels: memoryview, raw: memoryview) -> int:
        """Write the pixels, or what they are to be developed from; return how many bytes that is. Raise SourceError."""


class Source(Protocol):
    """A camera that runs. Any call may block for ever: that is what the process around it is for."""

    @property
    def name(self) -> str:
        """What it is called, for messages and health."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures, which may be others than were asked for."""

    @property
    def form(self) -> Form:
        """What it writes."""

    def shoot(self) -> AbstractContextManager[Shot]:
        """Wait for the next exposure. Raise SourceError."""

    def hold_light(self, *, hold: bool) -> None:
        """Keep exposure and colours, or let them adapt; where it cannot, nothing happens."""
