"""A neural network that is ready to run, and the decoder for a card's picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture

Tensor = npt.NDArray[np.float32]


class Network(Protocol):
    """Float arrays in, float arrays out; which engine runs it is the driver's business."""

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """Run on one input of the declared shape; return every output by name. Raise Fault(INTERNAL_FAULT)."""


class PortraitDecoder(Protocol):
    """Turns the card's JPEG 2000 into pixels, somewhere its bytes can do no harm."""

    def decode(self, jp2: bytes | bytearray) -> Picture:
        """Return height x width x 3 BGR. Raise FaceError(PORTRAIT_UNREADABLE) for anything but a sane picture.

        Raise Fault(INTERNAL_FAULT) when it is the decoder that does not work.
        """

    def check(self) -> None:
        """Raise Fault(INTERNAL_FAULT) when no picture could be decoded now; may take seconds to find out."""
