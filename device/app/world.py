"""A whole unit of simulated parts under a simulated clock: a visit told line by line, in milliseconds, always the same.

The line and the clinic behind it are the caller's: a `MemoryBroker` hosts whatever plays the clinic. So are the parts
that people touch, where they shall be other ones than the faultless ones made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography import x509
from joserfc.jwk import ECKey

from device.app.face_desk import FaceParts, LivenessParts
from device.app.unit import Identity, Parts, Unit
from device.card.trust import CardTrust, Realm
from device.domain.errors import Fault
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.domain.values import UnitId
from device.face.engine import FaceLook
from device.face.manifest import Threshold
from device.ports.camera import Camera
from device.ports.card import CardReader
from device.ports.entropy import Entropy
from device.ports.institution import InstitutionCredential
from device.ports.line import LastWill, Line
from device.ports.network import PortraitDecoder
from device.ports.tally import Tally
from device.reception import Policy, Settled, State
from device.reception.effects import Effect
from device.reception.events import Event
from device.reception.questions import Topic
from device.reception.states import Asking
from device.sim.camera import RecordedCamera
from device.sim.card import PlaceableCard, SimulatedCard
from device.sim.card_front import SimulatedCardFront
from device.sim.clock import SimulatedClock
from device.sim.entropy import SeededEntropy
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.line import MemoryBroker
from device.sim.machine import SimulatedMachine
from device.sim.outbox import MemoryOutbox
from device.sim.panel import RecordingIndicators, RecordingVoice, SimulatedKeypad
from device.sim.portrait import Photo
from device.sim.reader import SimulatedReader
from device.sim.tally import MemoryTally
from device.wire import phrases
from device.wire.reasons import entry
from device.wire.sealing import Signer

WORLD_UNIT = UnitId("sim-0001")

SCAN_S = 0.005
KEY_TAIL_S = 0.1
"""After the last key was let go, until the panel is sure of it."""


@dataclass(frozen=True, slots=True)
class FaceWorks:
    """The parts of the face path: the real ones even here, or staged ones where thousands of visits are played."""

    engine: FaceLook
    threshold: Threshold
    decoder: PortraitDecoder
    liveness: LivenessParts | None = None
    camera: Camera | None = None
    """In place of the world's own, which films photos."""


@dataclass(frozen=True, slots=True)
class Fittings:
    """What hands, eyes and ears meet."""

    reader: SimulatedReader
    front: SimulatedCardFront
    keypad: SimulatedKeypad
    indicators: RecordingIndicators
    voice: RecordingVoice
    through: Callable[[CardReader], CardReader] = lambda reader: reader
    """What the unit has in place of the reader itself: somebody who looks on."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thought of the mailbox."""

    at_s: float
    before: State
    event: Event
    after: State
    effects: tuple[Effect, ...]


@dataclass(slots=True)
class World:
    """Verbs for hands, eyes and time; what was said and shown is kept."""

    broker: MemoryBroker
    clock: SimulatedClock
    signer: Signer
    authority: x509.Certificate
    clinic_key: ECKey
    face: FaceWorks | None = None
    policy: Policy = field(default_factory=Policy)
    institution: InstitutionCredential | None = field(default_factory=SimulatedInstitutionCredential)
    trust: CardTrust = field(default_factory=lambda: CardTrust(Realm.TEST))
    name: UnitId = WORLD_UNIT
    language: str = "ja"
    seconds_per_character: float = 0.0
    """How fast the voice speaks; in stories that are not about listening it takes no time."""
    troubles: dict[str, Fault] = field(default_factory=dict)
    frame_s: float = 0.1
    """From one frame of the camera to the next, about what a Pi 4 needs to judge one."""
    scan_s: float = SCAN_S
    """From one look at keys and lamps to the next, while hands or frames are under way."""
    passcodes: dict[str, str] = field(default_factory=dict)
    refusals: Tally = field(default_factory=MemoryTally)
    """Of passcodes; the same one in the unit's next life."""
    machine: SimulatedMachine = field(default_factory=SimulatedMachine)
    fittings: Fittings | None = None
    """None: faultless ones."""
    entropy: Entropy = field(default_factory=lambda: SeededEntropy(1))
    open_line: Callable[[LastWill], Line] | None = None
    """In place of a line to the broker in memory; what it tells comes on the thread that moves the clock."""

    reader: SimulatedReader = field(init=False)
    camera: RecordedCamera = field(init=False)
    front: SimulatedCardFront = field(init=False)
    keypad: SimulatedKeypad = field(init=False)
    indicators: RecordingIndicators = field(init=False)
    voice: RecordingVoice = field(init=False)
    outbox: MemoryOutbox = field(init=False)
    unit: Unit = field(init=False)
    happenings: list[Happening] = field(init=False, default_factory=list)
    _card: PlaceableCard | None = field(init=False, default=None)
    _next_frame_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        fittings = self.fittings or Fittings(
            SimulatedReader(),
            SimulatedCardFront(self._printed),
            SimulatedKeypad(self.clock),
            RecordingIndicators(self.clock),
            RecordingVoice(self.clock, seconds_per_character=self.seconds_per_character),
        )
        self.reader, self.front, self.keypad = fittings.reader, fittings.front, fittings.keypad
        self.indicators, self.voice = fittings.indicators, fittings.voice
        self.camera = RecordedCamera(self.clock)
        self.outbox = MemoryOutbox()
        parts = Parts(
            clock=self.clock,
            entropy=self.entropy,
            reader=fittings.through(self.reader),
            institution=self.institution,
            trust=self.trust,
            face=self._face_parts(),
            keypad=self.keypad,
            indicators=self.indicators,
            voice=self.voice,
            open_line=self.open_line or (lambda will: self.broker.line(self.name, will)),
            outbox=self.outbox,
            signer=self.signer,
            authority=self.authority,
            clinic_key=self.clinic_key,
            machine=self.machine,
            passcodes=self.passcodes,
            refusals=self.refusals,
        )
        self.unit = Unit(
            parts,
            Identity(name=self.name, language=self.language, simulated=True),
            policy=replace(self.policy, face_available=self.face is not None),
            troubles=self.troubles,
            inline=True,
            observe=lambda *what: self.happenings.append(Happening(self.clock.monotonic_s(), *what)),
        )
        self.unit.link.start()
        self._settle()

    # --- hands, eyes, time -------------------------------------------------------------------------------------------

    def place(self, card: PlaceableCard, *others: PlaceableCard) -> None:
        """Put a card on the reader, with `others` in the same hand."""
        self._card = card
        self.reader.place(card)
        for other in others:
            self.reader.place_another(other)
        self._settle()

    def lift(self) -> None:
        """Take the card away."""
        self._card = None
        self.reader.lift()
        self._settle()

    def show(self, *people: Photo) -> None:
        """Stand before the camera; nobody for an empty room."""
        self.camera.show(*people)

    def type_keys(self, keys: str) -> None:
        """Type at human speed."""
        self.watch_keys(self.keypad.type_keys(keys) + KEY_TAIL_S - self.clock.monotonic_s())

    def watch_keys(self, seconds: float) -> None:
        """Let time pass while hands do something with the keys."""
        end_s = self.clock.monotonic_s() + seconds
        while self.clock.monotonic_s() < end_s:
            self._settle()
            self.clock.advance(self.scan_s)
        self._settle()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due on the way."""
        end_s = self.clock.monotonic_s() + seconds
        while True:
            self._settle()
            due_s = min(self.unit.next_deadline_s(), end_s)
            if due_s >= end_s:
                break
            self.clock.advance(max(0.0, due_s - self.clock.monotonic_s()))
        self.clock.advance(max(0.0, end_s - self.clock.monotonic_s()))
        self._settle()

    def live(self, seconds: float) -> None:
        """Let time pass, one frame at most looked at whenever it is due: for callers who act in between."""
        end_s = self.clock.monotonic_s() + seconds
        while True:
            self._happen()
            if self.unit.awaits_frame and self.clock.monotonic_s() >= self._next_frame_s:
                self.unit.run_frame()
                self._next_frame_s = self.clock.monotonic_s() + self.frame_s
            left_s = end_s - self.clock.monotonic_s()
            if left_s <= 0:
                return
            self.clock.advance(min(self.scan_s, left_s))

    def close(self) -> None:
        """Go offline, as a unit that is switched off."""
        self.unit.link.close()

    # --- what can be seen and heard ----------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the visit stands."""
        return self.unit.mailbox.state

    def has_said(self, line: Phrase | Reason, **values: object) -> bool:
        """Return whether this sentence was spoken, alone or among others."""
        match line:
            case Phrase():
                wanted = phrases.say(line, self.language, **values)
            case _:
                wanted = entry(line).patient.say(self.language, **values)
        return any(wanted in said.text for said in self.voice.said)

    def has_ended_with(self, reason: Reason) -> bool:
        """Return whether the visit is over, for this reason, and the visitor was told."""
        return isinstance(self.state, Settled) and self.state.reason is reason and self.has_said(reason)

    def asks(self, topic: Topic) -> bool:
        """Return whether a question on this topic waits for its key."""
        return isinstance(self.state, Asking) and self.state.question.topic is topic

    # --- inside ------------------------------------------------------------------------------------------------------

    def _face_parts(self) -> FaceParts | None:
        if self.face is None:
            return None
        return FaceParts(
            camera=self.face.camera or self.camera,
            front=self.front,
            decoder=self.face.decoder,
            engine=self.face.engine,
            threshold=self.face.threshold,
            liveness=self.face.liveness,
        )

    def _printed(self) -> ReferenceNumberB | None:
        return self._card.reference_number() if isinstance(self._card, SimulatedCard) else None

    def _settle(self) -> None:
        """Let happen what is due, and frames be taken and looked at for as long as somebody wants them."""
        self._happen()
        while self.unit.awaits_frame:
            frame_s = self.clock.monotonic_s() + self.frame_s
            while self.clock.monotonic_s() < frame_s:
                self.clock.advance(self.scan_s)
                self._happen()
            self.unit.run_frame()
            self._happen()

    def _happen(self) -> None:
        self.unit.watch.look(0.0)
        self.unit.panel.poll()
        self.unit.run_due()


def start_of_story() -> datetime:
    """Return when stories are told unless they say otherwise: a Monday morning in Japan."""
    return datetime(2026, 4, 6, 0, 30, tzinfo=UTC)
