"""What ends a measurement, a phase or a whole run at the bench, without ever making it a pass."""

from __future__ import annotations


class BenchError(Exception):
    """Root of the tree; `str(error)` is written into the record as it is."""


class CannotMeasure(BenchError):  # noqa: N818  it says what it is
    """Rig or unit has nothing to measure it with: the measurement is "not measured", and this is its why."""


class RunStopped(BenchError):  # noqa: N818
    """The run cannot go on; what was not measured yet stays so."""


class RigLost(RunStopped):
    """The rig does not answer any more: its cable was pulled, or it lost power."""


class NobodyAnswered(RunStopped):
    """Nobody answered on the station's page in time."""


class UnitLost(RunStopped):
    """The unit on the table went away or started anew in the middle of a run."""


class CardInDanger(RunStopped):
    """A card is not one of the bench's own, or a counter of it is below full; nothing more is sent to it."""


class HeldBack(CardInDanger):
    """A command that a card would count was kept from it."""


class BadLimits(BenchError):  # noqa: N818
    """The limits cannot be used. The message begins with file and line."""
