"""A face as a direction: two pictures of one person point nearly the same way."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ModelSpec
from device.face.picture import planes
from device.ports.camera import Picture
from device.ports.network import Network, Tensor

Direction = npt.NDArray[np.float32]
"""One row of unit length."""
DIRECTION_LENGTH = 128
"""Of every embedder in the manifest; a network that gives another length is not one of them."""


class Template:
    """The card portrait's direction, in a buffer of its own that `wipe()` overwrites.

    Like the secrets of `device.domain.secrets` it keeps quiet: it cannot be printed, compared, copied or serialised.
    """

    __slots__ = ("_direction",)

    def __init__(self, direction: Direction) -> None:
        self._direction: Direction | None = direction.copy()

    def score(self, direction: Direction) -> float:
        """Return the cosine between the two, -1..1. Raise ValueError after `wipe()`."""
        mine = self._direction  # once: another thread may wipe meanwhile
        if mine is None:
            raise ValueError("this template was wiped")
        return float(np.dot(mine, direction))

    def wipe(self) -> None:
        """Overwrite the numbers; harmless when repeated."""
        if self._direction is not None:
            self._direction.fill(0)
            self._direction = None

    def __repr__(self) -> str:
        return "Template()"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a template cannot be compared, only scored")

    def __hash__(self) -> NoReturn:
        raise TypeError("a template cannot be hashed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a template cannot be copied or serialised")


def embed(network: Network, spec: ModelSpec, square: Picture) -> Direction:
    """Return the direction of an aligned face. Raise Fault(INTERNAL_FAULT) when the network gives none."""
    pixels = square[..., ::-1] if spec.input.channels == "rgb" else square
    fed = planes(pixels)
    if any(spec.input.mean):
        fed -= _per_channel(spec.input.mean)
    if any(deviation != 1.0 for deviation in spec.input.std):
        fed /= _per_channel(spec.input.std)
    outputs = list(network.run(fed).values())
    vector = outputs[0].reshape(-1) if len(outputs) == 1 else np.empty(0, np.float32)
    length = float(np.linalg.norm(vector)) if vector.size else 0.0
    if not np.isfinite(length) or length == 0.0:
        raise _no_direction(spec)
    direction: Direction = (vector / length).astype(np.float32)
    return direction


def _per_channel(values: tuple[float, float, float]) -> Tensor:
    return np.array(values, np.float32).reshape(-1, 1, 1)


def embed_with_mirror(network: Network, spec: ModelSpec, square: Picture) -> Direction:
    """Return the common direction of an aligned face and its mirror image. Raise Fault(INTERNAL_FAULT).

    What light and pose do to one side of a face, its mirror image has on the other; between the two lies the person.
    For the portrait, which is embedded once in a visit and may not be taken again (docs/face.md tells what it gains).
    """
    face, mirror = (embed(network, spec, side) for side in (square, np.ascontiguousarray(square[:, ::-1])))
    both = face + mirror
    length = float(np.linalg.norm(both))
    if length == 0.0:
        raise _no_direction(spec)
    direction: Direction = (both / length).astype(np.float32)
    for left in (face, mirror, both):
        left.fill(0)
    return direction


def _no_direction(spec: ModelSpec) -> Fault:
    return Fault(f"{spec.name} gave no direction for a face", part="models", reason=Reason.INTERNAL_FAULT)
