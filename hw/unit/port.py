"""What the bench asks of the unit on the table. Ports of the product where they exist; the rest is facts and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from device.app.config import KeySection
    from device.app.face_desk import LivenessParts
    from device.face.engine import FaceLook
    from device.face.manifest import Threshold
    from device.panel.pad import Pad
    from device.ports.camera import Camera, CardFront
    from device.ports.card import CardReader
    from device.ports.clock import Clock
    from device.ports.institution import InstitutionCredential
    from device.ports.panel import Display, Indicators, Keypad, Voice
    from device.reception import State
    from device.sim.portrait import Photo
    from hw.record import UnitFacts


@dataclass(frozen=True, slots=True)
class PowerFlags:
    """What the board says of its supply and its heat, since it started."""

    undervoltage: int
    """0 or 1: it was seen since the start."""
    throttled: int


@dataclass(frozen=True, slots=True)
class FaceParts:
    """What the face match of this unit is made of."""

    engine: FaceLook
    threshold: Threshold
    liveness: LivenessParts | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """Where a visit stood from some moment on."""

    at_s: float
    """On the unit's first clock."""
    state: State


Through: TypeAlias = "Callable[[CardReader], CardReader]"


class Program(Protocol):
    """The unit's own program while it serves visitors."""

    @property
    def line_up(self) -> bool:
        """Whether the broker has accepted the unit."""

    @property
    def waiting_results(self) -> int:
        """How many results the clinic has not confirmed."""

    @property
    def state(self) -> State:
        """Where the visit stands."""

    def thoughts(self) -> Sequence[Thought]:
        """Return every state since the program began, in order."""


class System(Protocol):
    """The unit's machine. Each method raises CannotMeasure where this unit cannot say."""

    def power_flags(self) -> PowerFlags:
        """Return the board's flags."""

    def temperature_c(self) -> float:
        """Return the processor's temperature."""

    def work_hard(self, *, on: bool) -> None:
        """Keep all cores busy from now on, or no more."""

    def clock_offset_s(self) -> float:
        """Return by how much the unit's wall clock is ahead of a reference."""

    def fsync_ms(self, times: int) -> list[float]:
        """Write a page and have it on the disk, so often; return how long each took."""

    def storage_life_used_percent(self) -> float:
        """Return what the storage says of its wear."""

    def boot_ready_s(self) -> float:
        """Return how long the last start took, from power to ready."""

    def watchdog_bite_s(self) -> float:
        """Hang the deciding thread and return after how long the unit was started anew."""

    def hardening_complaints(self) -> tuple[str, ...]:
        """Return what the doctor complains about."""

    def round_trips_ms(self, times: int) -> list[float | None]:
        """Send so many messages to the broker and have them answered; None for one that was lost."""

    def wrong_digests(self) -> tuple[str, ...]:
        """Return the names of weights that are not what the manifest says."""


class UnitUnderTest(Protocol):
    """A unit that is switched on, its program stopped: the bench holds its parts.

    Each property raises CannotMeasure where the unit has no such part, or where it cannot be opened.
    """

    @property
    def clock(self) -> Clock:
        """The unit's clocks; the first one times everything at the bench."""

    @property
    def hosts_the_bench(self) -> bool:
        """The bench runs on this very machine, and would go down with its power."""

    def scratch(self) -> AbstractContextManager[Path]:
        """Lend a new folder on the unit's own storage; it is removed afterwards."""

    def wait(self, seconds: float) -> None:
        """Let time pass, on the clock above. Raise UnitLost when the unit went away meanwhile."""

    def facts(self) -> UnitFacts:
        """Say what it is. Raise UnitLost when it does not answer, or answers as another one than before."""

    @property
    def reader(self) -> CardReader:
        """The card reader."""

    @property
    def pad(self) -> Pad:
        """How the keys lie."""

    @property
    def keypad(self) -> Keypad:
        """The keys."""

    @property
    def indicators(self) -> Indicators:
        """Lamps and buzzer."""

    @property
    def display(self) -> Display:
        """The small display."""

    @property
    def voice(self) -> Voice:
        """The loudspeaker."""

    @property
    def camera(self) -> Camera:
        """The visitor's camera."""

    @property
    def front(self) -> CardFront:
        """What reads the card's front."""

    @property
    def credential(self) -> InstitutionCredential:
        """What opens a card without its PIN, where an institution has the right to."""

    @property
    def key_place(self) -> KeySection:
        """Where the unit has its key."""

    @property
    def face(self) -> FaceParts:
        """The face match."""

    @property
    def system(self) -> System:
        """The machine."""

    def serving(self, through: Through) -> AbstractContextManager[Program]:
        """Run the unit's own program on its parts for a while; the bench lets go of them meanwhile.

        The program has what `through` makes of its reader, and lives while `wait` is called. Raise CannotMeasure where
        it does not start.
        """

    def photo(self, name: str) -> Photo:
        """Return a photo that the bench display may show."""
