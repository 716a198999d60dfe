"""The camera that sees the visitor, and the one that sees the front of the card."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.domain.secrets import ReferenceNumberB

Picture = npt.NDArray[np.uint8]
"""Height x width x 3, BGR, 0..255."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the visitor. Its pixels may be overwritten by `Camera.forget` and by whoever asked for it."""

    pixels: Picture = field(repr=False)
    taken_s: float
    """When the exposure ended, on the monotonic clock."""
    number: int
    """Counts up by at least one from frame to frame of one source."""
    small: Picture | None = field(default=None, repr=False)
    """The same exposure, scaled down by the camera itself, for the search; None where it has no such stream."""


class Camera(Protocol):
    """A camera that is already running; frames are fresh or they are not given."""

    def next_frame(self, timeout_s: float) -> Frame:
        """Return a frame exposed after this call began. Raise Fault(CAMERA_FAULT) when none comes in time."""

    def hold_light(self, *, hold: bool) -> None:
        """Keep exposure and colours as they are now, or let the camera adapt them again. Where it cannot, nothing."""

    def forget(self) -> None:
        """Overwrite every frame given so far: whoever still has one sees black."""


class CardFront(Protocol):
    """Reads the printed front of the card that lies on the reader."""

    def read(self, timeout_s: float, refused: Callable[[ReferenceNumberB], bool]) -> ReferenceNumberB | None:
        """Return 照合番号B if readings agree, None if the print cannot be read. Raise Fault(CAMERA_FAULT).

        What this card has `refused` before is never returned. The caller wipes what is.
        """
