"""The unit of simulated parts, running for real, and hands that act when it is time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Protocol

from device.app.config import LivenessSection
from device.app.demo.site import UNIT, Site
from device.app.face_desk import FaceParts
from device.app.face_models import load_engine
from device.app.liveness_parts import choose_liveness
from device.app.unit import Identity, Parts, Unit
from device.card.trust import CardTrust
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.drivers.paho_line import PahoLine
from device.drivers.portrait import TIMEOUT_S, SandboxedPortraitDecoder
from device.drivers.portrait_header import PROCESSOR_S
from device.drivers.sqlite_outbox import SqliteOutbox
from device.drivers.system import SystemClock, SystemEntropy
from device.ports.card import CardReader
from device.reception import Policy, State
from device.reception.effects import Effect
from device.reception.events import Event
from device.sim.camera import RecordedCamera
from device.sim.card import PlaceableCard, SimulatedCard
from device.sim.card_front import SimulatedCardFront
from device.sim.contacts import UNHURRIED, Pace
from device.sim.institution import SimulatedInstitutionCredential
from device.sim.panel import RecordingIndicators, RecordingVoice, SimulatedKeypad
from device.sim.people.actors import Visitor, hears
from device.sim.portrait import Photo
from device.sim.reader import SimulatedReader
from device.sim.tally import MemoryTally
from device.sim.vpcd import VpcdSlot

CURTAIN_S = 30.0
"""No state of the visit lasts longer than this; a spectator who waits longer sees a failure."""

LONGEST_PRESS_S = 0.6
"""A slow processor never sees a short press. From 1 s on a key means another thing."""

Watcher = Callable[[State, Event, State, tuple[Effect, ...]], None]


class Slot(Protocol):
    """Where a hand puts a card."""

    def place(self, card: PlaceableCard) -> None:
        """Put a card on the reader."""

    def lift(self) -> None:
        """Take it away; harmless when there is none."""


class Stage:
    """Verbs for the demonstration: place, lift, press, stand, wait."""

    def __init__(self, slot: Slot, watcher: Watcher, patience: float) -> None:
        self._slot = slot
        self._watcher = watcher
        self._curtain_s = CURTAIN_S * patience
        self._pace = Pace(
            hold_s=min(UNHURRIED.hold_s * patience, LONGEST_PRESS_S),
            gap_s=min(UNHURRIED.gap_s * patience, LONGEST_PRESS_S),
        )
        self._clock = SystemClock()
        self._card: SimulatedCard | None = None
        self._hand_free_s = 0.0
        self._seen: deque[State] = deque()
        self._news = threading.Condition()
        self.troubles: Callable[[], tuple[Reason, ...]] = tuple
        """What the unit says is wrong; known once there is a unit."""
        self.camera = RecordedCamera(self._clock)
        self.voice = RecordingVoice(self._clock)
        self.keypad = SimulatedKeypad(self._clock)
        self.front = SimulatedCardFront(self._printed)

    def place(self, card: SimulatedCard) -> None:
        """Put a card on the reader."""
        self._card = card
        self._slot.place(card)

    def lift(self) -> None:
        """Take the card away."""
        self._card = None
        self._slot.lift()

    def stand(self, *people: Photo) -> None:
        """Stand before the camera; nobody for an empty room. Who stands there alone does as the voice asks."""
        if len(people) == 1:
            self.camera.perform(Visitor(people[0], hears(self.voice)))
        else:
            self.camera.show(*people)

    def press(self, keys: str) -> None:
        """Press keys at human speed, once the hand has left the key before; returns when the first one is down."""
        threading.Event().wait(max(0.0, self._hand_free_s - self._clock.monotonic_s()))
        self._hand_free_s = self.keypad.type_keys(keys, self._pace)

    def wait_for(self, state: type[State]) -> State:
        """Wait until the visit comes to `state`, or came to it since the last wait. Raise Fault when it never does."""
        with self._news:
            while True:
                while self._seen:
                    seen = self._seen.popleft()
                    if isinstance(seen, state):
                        return seen
                if not self._news.wait(self._curtain_s):
                    troubles = ", ".join(self.troubles()) or "none"
                    raise Fault(
                        f"the visit did not come to {state.__name__}; the unit's troubles: {troubles}",
                        part="demo",
                        reason=Reason.INTERNAL_FAULT,
                    )

    def observe(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None:
        """Take what the mailbox thought."""
        self._watcher(before, event, after, effects)
        if type(after) is not type(before):
            with self._news:
                self._seen.append(after)
                self._news.notify_all()

    def _printed(self) -> ReferenceNumberB | None:
        return None if self._card is None else self._card.reference_number()


@contextmanager
def open_stage(
    folder: Path,
    site: Site,
    *,
    models_dir: Path,
    trust: CardTrust,
    language: str,
    pcsc: bool,
    patience: float,
    watcher: Watcher,
) -> Iterator[tuple[Stage, Unit]]:
    """Start a unit and hand out the stage. Raise Fault when a part that cannot be done without does not start."""
    with ExitStack() as stack:
        slot, reader = _pcsc_reader(stack) if pcsc else _simulated_reader()
        stage = Stage(slot, watcher, patience)
        troubles: dict[str, Fault] = {}
        face = _face_parts(stage, stack, models_dir, troubles, patience)
        clock = SystemClock()
        parts = Parts(
            clock=clock,
            entropy=SystemEntropy(),
            reader=reader,
            institution=SimulatedInstitutionCredential(),
            trust=trust,
            face=face,
            keypad=stage.keypad,
            indicators=RecordingIndicators(clock),
            voice=stage.voice,
            open_line=lambda will: PahoLine(site.broker, UNIT, site.tls, will=will),
            outbox=stack.enter_context(SqliteOutbox(folder / "outbox.sqlite")),
            signer=site.signer,
            authority=site.authority,
            clinic_key=site.clinic_key,
            refusals=MemoryTally(),
        )
        unit = Unit(
            parts,
            Identity(name=UNIT, language=language, simulated=True),
            policy=_with_patience(Policy(face_available=face is not None), patience),
            troubles=troubles,
            observe=stage.observe,
        )
        stage.troubles = lambda: unit.health.troubles
        thread = threading.Thread(target=unit.run, name="unit", daemon=True)
        thread.start()
        try:
            yield stage, unit
        finally:
            unit.stop()
            thread.join(timeout=10.0)


def _with_patience(policy: Policy, times: float) -> Policy:
    """Return the policy with every time stretched."""
    bounds = {one.name: getattr(policy, one.name) * times for one in fields(policy) if one.name.endswith("_s")}
    return replace(policy, **bounds)


def _face_parts(
    stage: Stage, stack: ExitStack, models_dir: Path, troubles: dict[str, Fault], patience: float
) -> FaceParts | None:
    try:
        engine, threshold = load_engine(models_dir)
    except Fault as fault:
        troubles["models"] = fault
        return None
    liveness = choose_liveness(LivenessSection(), models_dir, troubles, face_alone_counts=False)
    if liveness is not None:
        timing = replace(liveness.rules.timing, longest_wait_s=liveness.rules.timing.longest_wait_s * patience)
        liveness = replace(liveness, rules=replace(liveness.rules, timing=timing))
    return FaceParts(
        camera=stage.camera,
        front=stage.front,
        decoder=stack.enter_context(
            SandboxedPortraitDecoder(timeout_s=TIMEOUT_S * patience, processor_s=PROCESSOR_S * patience)
        ),
        engine=engine,
        threshold=threshold,
        liveness=liveness,
    )


def _simulated_reader() -> tuple[Slot, CardReader]:
    reader = SimulatedReader()
    return reader, reader


class _VirtualHand:
    """Puts cards into the virtual reader of the PC/SC stack."""

    def __init__(self, slot: VpcdSlot) -> None:
        self._slot = slot

    def place(self, card: PlaceableCard) -> None:
        """Insert the card."""
        self._slot.insert(card)

    def lift(self) -> None:
        """Pull it out."""
        self._slot.pull()


def _pcsc_reader(stack: ExitStack) -> tuple[Slot, CardReader]:
    from device.drivers.pcsc import PcscReader  # noqa: PLC0415  pyscard is needed only here
    from device.sim.pcscd import VIRTUAL_READER, run_pcscd  # noqa: PLC0415  as above

    stack.enter_context(run_pcscd())
    slot = VpcdSlot()
    stack.callback(slot.close)
    reader = PcscReader(VIRTUAL_READER)
    stack.callback(reader.close)
    return _VirtualHand(slot), reader
