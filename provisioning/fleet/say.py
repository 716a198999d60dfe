"""What a worker has to tell somebody, after what it did is kept."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Say:
    """One message."""

    topic: str
    payload: bytes = field(repr=False)
    expiry_s: int
    """Nobody hears it later than this."""
