"""A whole unit of simulated parts on a simulated table, under one simulated clock.

Parts are those of `device.sim`, with the faults that real parts have (`hw.sim.physics`); the line leads to a real
broker; the program that serves visitors on them is the product's own.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from device.app.config import KeySection
from device.drivers.oled import OledDisplay
from device.panel.pad import Pad
from device.sim.card import SimulatedCard
from device.sim.card.link import Link
from device.sim.card_front import SimulatedCardFront
from device.sim.clock import SimulatedClock
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.oled import Ssd1306Bus
from device.sim.portrait import Photo
from hw.errors import CannotMeasure, UnitLost
from hw.record import UnitFacts
from hw.sim import wardrobe
from hw.sim.field import FieldCard, FieldReader
from hw.sim.optics import OpticsCamera
from hw.sim.panel import HeardVoice, WiredIndicators, WornKeypad, open_simulated_display
from hw.sim.physics import Physics
from hw.sim.program import SimulatedProgram
from hw.sim.site import SimulatedSite
from hw.sim.stage import Stage
from hw.sim.system import SimulatedSystem
from hw.unit.port import FaceParts, Through


@dataclass(slots=True)
class SimulatedUnit:
    """A `UnitUnderTest`; its `physics` decide how good it is."""

    physics: Physics = field(default_factory=Physics)
    serial: str = "sim-0001"
    board: str = "simulated-board"
    starts: int = 1
    """How often it was started."""
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    cards: dict[str, SimulatedCard] = field(default_factory=wardrobe.new_cards)
    key_place: KeySection = field(default_factory=KeySection)
    site: SimulatedSite | None = None
    """The clinic that its line leads to; None: the line is not plugged in."""

    stage: Stage = field(init=False)
    reader: FieldReader = field(init=False)
    keypad: WornKeypad = field(init=False)
    indicators: WiredIndicators = field(init=False)
    voice: HeardVoice = field(init=False)
    camera: OpticsCamera = field(init=False)
    front: SimulatedCardFront = field(init=False)
    credential: SimulatedInstitutionCredential = field(init=False, default_factory=SimulatedInstitutionCredential)
    display_chip: Ssd1306Bus = field(init=False, default_factory=Ssd1306Bus)
    system: SimulatedSystem = field(init=False)
    lost: str = ""
    """Why the unit does not answer any more; empty while it does."""
    _program: SimulatedProgram | None = field(init=False, default=None)
    _lying: SimulatedCard | None = field(init=False, default=None)
    _later: list[tuple[float, int, Callable[[], None]]] = field(init=False, default_factory=list)
    _count: itertools.count[int] = field(init=False, default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.stage = Stage(self.clock)
        self.reader = FieldReader(self.physics, self.stage)
        self.keypad = WornKeypad(self.physics, self.clock)
        self.indicators = WiredIndicators(self.physics, self.clock)
        self.voice = HeardVoice(self.clock)
        self.camera = OpticsCamera(self.physics, self.stage, self.clock, wardrobe.photo)
        self.front = SimulatedCardFront(lambda: self._lying.reference_number() if self._lying else None)
        self.system = SimulatedSystem(self.physics, self.clock, self.site)

    @property
    def hosts_the_bench(self) -> bool:
        """No machine of its own."""
        return False

    @property
    def pad(self) -> Pad:
        """How the keys lie."""
        return self.keypad.pad

    @property
    def display(self) -> OledDisplay:
        """The driver of real displays, on a model of their chip."""
        return open_simulated_display(self.display_chip)

    @property
    def face(self) -> FaceParts:
        """The real networks."""
        return wardrobe.face_parts()

    def photo(self, name: str) -> Photo:
        """A photo of models/photos.toml."""
        return wardrobe.photo(name)

    def facts(self) -> UnitFacts:
        """Say what it is."""
        self._require_presence()
        return UnitFacts(
            serial=self.serial,
            board=self.board,
            started=str(self.starts),
            hardware="simulated",
            simulated=True,
            versions={"program": version("uketsuke")},
            digests={},
        )

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a folder of this machine."""
        with TemporaryDirectory(prefix="bench-") as folder:
            yield Path(folder)

    def wait(self, seconds: float) -> None:
        """Let time pass, and whatever was planned on the way happen."""
        self._require_presence()
        end_s = self.clock.monotonic_s() + seconds
        while self._later and self._later[0][0] <= end_s:
            at_s, _, happen = heapq.heappop(self._later)
            self._pass_until(at_s)
            happen()
        self._pass_until(end_s)

    @contextmanager
    def serving(self, through: Through) -> Iterator[SimulatedProgram]:
        """Let the product's program live on these parts. Raise CannotMeasure without a line."""
        if self.site is None:
            raise CannotMeasure("the simulated unit's line leads nowhere")
        with ExitStack() as stack:
            self._program = SimulatedProgram(self, self.site, stack, through)
            try:
                yield self._program
            finally:
                self._program = None

    def later(self, seconds: float, happen: Callable[[], None]) -> None:
        """Plan what a hand or a board does in a while."""
        heapq.heappush(self._later, (self.clock.monotonic_s() + seconds, next(self._count), happen))

    def lay(self, name: str, *others: str) -> None:
        """Put cards on the reader, by their names."""
        self._lying = self.cards[name]
        link = Link()
        timed = [
            FieldCard(self.cards[each], self.reader, link, self.clock, self.physics.seed) for each in (name, *others)
        ]
        self.reader.place(timed[0])
        for other in timed[1:]:
            self.reader.place_another(other)

    def lift(self) -> None:
        """Take them away."""
        self._lying = None
        self.reader.lift()

    def _pass_until(self, end_s: float) -> None:
        while self._program is not None and (left_s := end_s - self.clock.monotonic_s()) > 0:
            self._program.live(left_s)
        self.clock.advance(max(0.0, end_s - self.clock.monotonic_s()))

    def _require_presence(self) -> None:
        if self.lost:
            raise UnitLost(self.lost)
