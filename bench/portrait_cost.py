"""What the sandbox adds to decoding a portrait: the throw-away process against the same decoder in this one."""

from __future__ import annotations

import io
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from device.drivers.portrait import SandboxedPortraitDecoder
from device.sim.portrait import Photo, card_portrait

REST_S = 0.3
"""Between two portraits, for the next child to get ready: no two visitors come within this time."""


@dataclass(frozen=True, slots=True)
class PortraitCost:
    """Medians in milliseconds."""

    in_process_ms: float
    sandboxed_ms: float

    @property
    def added_ms(self) -> float:
        """What the sandbox costs."""
        return self.sandboxed_ms - self.in_process_ms


def measure(turns: int) -> PortraitCost:
    """Decode a portrait of a card's size so many times each way, in turns."""
    jp2 = _portrait()
    here, there = [], []
    with SandboxedPortraitDecoder() as decoder:
        decoder.missing_protection()
        for _ in range(turns):
            here.append(_timed(lambda: np.asarray(Image.open(io.BytesIO(jp2)).convert("RGB"))))
            there.append(_timed(lambda: decoder.decode(jp2)))
            threading.Event().wait(REST_S)
    return PortraitCost(statistics.median(here), statistics.median(there))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _portrait() -> bytes:
    chance = np.random.default_rng(1)
    rough = chance.integers(0, 256, (30, 24, 3), np.uint8)
    smooth = np.asarray(cv2.resize(rough, (480, 640), interpolation=cv2.INTER_CUBIC), np.uint8)
    return card_portrait(Photo(pixels=smooth, face=(120, 160, 240, 300)))
