"""Randomness as a port, so that a visit can be told twice."""

from __future__ import annotations

from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes, fit for challenges and names."""

    def token(self, length: int) -> bytes:
        """Return `length` random bytes."""
