"""What a phase has in its hands: the unit, the rig, the bench's cards, and a pen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hw.cards import CardBox
from hw.errors import CannotMeasure, UnitLost
from hw.limits import Limits
from hw.record import Series, UnitFacts
from hw.rig.port import Rig
from hw.unit.port import UnitUnderTest

Listener = Callable[["Session"], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """One measurement as a phase took it; OpenHTF judges it."""

    value: float | None
    uncertainty: float | None = None
    samples: int = 1
    note: str = ""


@dataclass(slots=True)
class Session:
    """One run on one unit; phases come one after the other."""

    unit: UnitUnderTest
    rig: Rig
    cards: CardBox
    limits: Limits
    facts: UnitFacts
    """What the unit said when the run began."""
    listener: Listener = lambda _session: None
    """Told whenever something new is to be seen."""
    phase: str = ""
    taken: dict[str, Taken] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)

    def begin(self, phase: str) -> None:
        """Turn to a clean page."""
        self.phase = phase
        self.taken, self.series = {}, []
        self.listener(self)

    def measured(
        self, name: str, value: float, *, uncertainty: float | None = None, samples: int = 1, note: str = ""
    ) -> None:
        """Write a value down, in the unit of its limit. `uncertainty`: half of the 95 % interval."""
        self.taken[self.limits[name].name] = Taken(float(value), uncertainty, samples, note)
        self.listener(self)

    def not_measured(self, name: str, why: str) -> None:
        """Write down that nobody looked, and why."""
        self.taken[self.limits[name].name] = Taken(None, note=why)
        self.listener(self)

    def attempt(self, *names: str, measure: Callable[[], None]) -> None:
        """Measure; where rig or unit cannot, the names that are still open get the reason."""
        try:
            measure()
        except CannotMeasure as error:
            for name in names:
                if name not in self.taken:
                    self.not_measured(name, str(error))

    def expect_restart(self) -> None:
        """The unit was started anew on purpose: from now on that is the start that counts."""
        self.facts = self.unit.facts()

    def require_same_unit(self) -> None:
        """Raise UnitLost when the unit went away, started anew by itself, or is another one."""
        now = self.unit.facts()
        if (now.serial, now.board) != (self.facts.serial, self.facts.board):
            raise UnitLost(f"another unit lies on the table: {now.serial}")
        if now.started != self.facts.started:
            raise UnitLost("the unit started anew in the middle of a phase")

    def draw(self, series: Series) -> None:
        """Keep samples or a curve for the report."""
        self.series.append(series)
        self.listener(self)
