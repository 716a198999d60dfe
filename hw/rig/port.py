"""What the bench asks of whatever stands around the unit: a hand, a board with relays and servos, or a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from device.wire.texts import Text

if TYPE_CHECKING:
    from hw.cards import GoldenCard
    from hw.record import RigFacts


class Beside(StrEnum):
    """What lies with the card."""

    NOTHING = "nothing"
    SECOND_CARD = "second_card"
    METAL = "metal"


class Picture(StrEnum):
    """What the bench display shows to the camera."""

    NOTHING = "nothing"
    """The display is dark."""
    GREY = "grey"
    WHITE = "white"
    SLANTED_EDGE = "slanted_edge"
    GRID = "grid"


class Light(StrEnum):
    """Light on the scene, by the name of what it stands for."""

    BRIGHT = "bright"
    """1000 lx: beside a window."""
    OFFICE = "office"
    """300 lx."""
    DIM = "dim"
    """30 lx: evening, one lamp."""
    DARK = "dark"
    """Lens covered."""


class Plug(StrEnum):
    """What can be pulled."""

    READER = "reader"
    CAMERA = "camera"
    NETWORK = "network"


class Sensor(StrEnum):
    """What the rig can measure, in the unit of `Reading`."""

    LAMP = "lamp"
    """lx before one lamp; `at` names it."""
    SOUND = "sound"
    """dB(A) at 0.5 m."""
    SUPPLY = "supply"
    """V at the unit."""
    ROOM_TEMPERATURE = "room_temperature"
    """°C."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a sensor, and half of its 95 % interval."""

    value: float
    uncertainty: float


LIVE: Final = "live"
"""What a person who is really there is called among the kinds of presentations."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What is held before the camera: a kind of attack, or somebody who is there; and the how-manieth of how many."""

    species: str
    title: Text
    number: int
    of: int


class Rig(Protocol):
    """Verbs for the hands around a unit.

    Each returns when it is done, but `press`. Any of them raises CannotMeasure for what this rig has not got, RigLost
    when it went away, NobodyAnswered when nobody answered.
    """

    press_within_s: float
    """After `press` the key is down within this time."""
    tireless: bool
    """It does the same forty times over without a murmur."""
    knows_when: bool
    """What it does has happened when the call returns, to a hundredth of a second."""

    def facts(self) -> RigFacts:
        """Say what this rig is."""

    def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
        """Put the card of this name on the reader, so far above it, with what lies beside it."""

    def lift(self) -> None:
        """Take every card and whatever lay with it away; harmless when there is none."""

    def press(self, keys: str, hold_s: float) -> None:
        """Begin to press these keys together, and let them go after `hold_s`. Does not wait."""

    def type_pin(self, card: str) -> None:
        """Have whoever knows the card's PIN type it, and the hash key. Does not wait."""

    def show(self, picture: Picture | str) -> None:
        """Show a chart, or a photo by its name in models/photos.toml."""

    def bring_holder(self, card: GoldenCard) -> None:
        """Have the card's holder stand before the camera, or a photo of them shown."""

    def present(self, presentation: Presentation) -> None:
        """Hold it before the camera, until something else is shown."""

    def light(self, light: Light) -> None:
        """Set the light."""

    def cut_power(self, seconds: float) -> None:
        """Take the supply away for so long; returns when it is back."""

    def unplug(self, plug: Plug, seconds: float) -> None:
        """Pull a plug for so long; returns when it is back."""

    def sense(self, sensor: Sensor, at: str = "") -> Reading:
        """Measure."""

    def ask(self, question: Text) -> bool:
        """Ask whoever stands there what only a person can say: yes or no."""
