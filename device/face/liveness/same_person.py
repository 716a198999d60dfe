"""Is it still the person who was matched? Asked on every frame, of the card's portrait and of the first frame."""

from __future__ import annotations

from dataclasses import dataclass

from device.face.embed import Direction, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class SameLimits:
    """Cosines. Each embedder has its own in models/manifest.toml, and SFace's are these."""

    portrait: float = 0.30
    """With the card's portrait. A turned face comes out lower than a straight one, so this is below `retry`."""
    first: float = 0.35
    """With the first frame of the attempt: same day, same light, same camera."""
    strangers: int = 3
    """So many frames in a row of somebody else end the attempt; fewer only interrupt the move."""


class SamePerson:
    """Compares every frame with two views of the person; keeps one direction, until `wipe()`."""

    def __init__(self, limits: SameLimits = SameLimits()) -> None:
        self._limits = limits
        self._first: Template | None = None
        self._strangers = 0

    def is_same(self, direction: Direction, portrait_score: float) -> bool:
        """Return whether this face passes for the person. The first one that passes for the portrait is remembered."""
        same = portrait_score >= self._limits.portrait
        if same and self._first is None:
            self._first = Template(direction)
        same = same and self._first is not None and self._first.score(direction) >= self._limits.first
        self._strangers = 0 if same else self._strangers + 1
        return same

    @property
    def is_someone_else(self) -> bool:
        """Whether too many frames in a row were of somebody else."""
        return self._strangers >= self._limits.strangers

    def wipe(self) -> None:
        """Overwrite the first frame's direction; harmless when repeated."""
        if self._first is not None:
            self._first.wipe()
