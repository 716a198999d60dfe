"""Bytes that look random and are the same each time. Never fit for a real unit."""

from __future__ import annotations

import random
import threading


class SeededEntropy:
    """An `Entropy` whose whole sequence follows from its seed, so that a visit can be told twice."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._lock = threading.Lock()

    def token(self, length: int) -> bytes:
        """Return the next `length` bytes of the sequence."""
        with self._lock:
            return self._random.randbytes(length)
