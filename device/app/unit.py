"""One unit: its parts wired to the mailbox. What the parts are made of is decided by whoever builds it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from cryptography import x509
from joserfc.jwk import ECKey

from device.app.ask_desk import AskDesk
from device.app.attendant import AttendantGate
from device.app.card_desk import CardDesk
from device.app.card_watch import CardWatch
from device.app.display_desk import DisplayDesk
from device.app.face_desk import FaceDesk, FaceParts
from device.app.fleet_agent import FleetAgent
from device.app.forgetting import Forgetting
from device.app.hands import UnitHands
from device.app.health import Health
from device.app.journal_events import Event, about
from device.app.link_worker import Link, LinkOwner
from device.app.logbook import Logbook, process_cost
from device.app.mailbox import Mailbox, Observer
from device.app.panel_desk import PanelDesk
from device.app.part_versions import LONGEST
from device.app.snapshot import PartNow, Snapshot
from device.app.upkeep import Upkeep
from device.app.workers import InlineWorkers, ThreadWorkers, Workers
from device.card.my_number_card import PORTRAIT_FLOOR
from device.card.trust import CardTrust
from device.domain.errors import Fault
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.link.fleet import LISTENS
from device.link.machine import LinkMachine
from device.ports.card import CardReader
from device.ports.clock import Clock
from device.ports.entropy import Entropy
from device.ports.institution import InstitutionCredential
from device.ports.line import LastWill, Line, Outbox
from device.ports.machine import Machine
from device.ports.panel import Display, Indicators, Keypad, Voice
from device.ports.tally import Tally
from device.reception import Policy
from device.wire.findings import Checkup
from device.wire.messages import Receipt, Status
from device.wire.sealing import Signer
from device.wire.topics import Down

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a unit touches the world with."""

    clock: Clock
    entropy: Entropy
    reader: CardReader
    institution: InstitutionCredential | None
    trust: CardTrust
    portrait_floor: int = PORTRAIT_FLOOR
    face: FaceParts | None
    keypad: Keypad
    indicators: Indicators
    voice: Voice
    display: Display | None = None
    quiet: bool = False
    """The buzzer keeps to the click of keys and the call for a forgotten card."""
    open_line: Callable[[LastWill], Line]
    outbox: Outbox
    signer: Signer
    authority: x509.Certificate
    """The site's: who speaks for the clinic has a certificate of it."""
    clinic_key: ECKey
    sweep: Callable[[], None] = lambda: None
    """Overwrites what the machine's memory keeps of what was let go of."""
    machine: Machine | None = None
    """What the unit runs on, where it is looked after."""
    state: Path = Path("/")
    """On whose disk results are kept."""
    morning: str = ""
    """The time of day in Japan from which on the unit is examined once, `HH:MM`; empty: never."""
    examine: Callable[[Unit], Checkup] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    """What the unit is made of, by part."""
    join_fleet: Callable[[Unit], FleetAgent] | None = None
    """None for a unit that no fleet looks after."""
    passcodes: Mapping[str, str] = field(default_factory=dict)
    """Hashes of attendants' passcodes by name (`device.app.attendant`)."""
    refusals: Tally
    """How many passcodes in a row did not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the unit is to others."""

    name: UnitId
    language: str
    simulated: bool


class Unit:
    """A unit that is ready to run: with threads (`start`, `run`), or inline under a simulated clock (`run_due`)."""

    def __init__(
        self,
        parts: Parts,
        identity: Identity,
        *,
        policy: Policy,
        troubles: Mapping[str, Fault],
        inline: bool = False,
        observe: Observer | None = None,
    ) -> None:
        """`troubles` are the parts that failed to start; the unit serves without them and says so."""
        workers: Workers = InlineWorkers() if inline else ThreadWorkers()
        self.parts, self._identity = parts, identity
        self._logbook = Logbook(parts.clock, observe)
        self._closed: Reason | None = None
        mailbox = Mailbox(clock=parts.clock, policy=lambda: self._policy(policy), observe=self._logbook.observe)
        health = Health(self._health_changed, parts.clock.monotonic_s)
        asks = AskDesk(
            unit=identity.name,
            clinic_key=parts.clinic_key,
            simulated=identity.simulated,
            send=lambda ask: self.link.ask(ask, policy.answer_s),
            mailbox=mailbox,
            clock=parts.clock,
            entropy=parts.entropy,
        )
        self.birth_id = parts.entropy.token(8).hex()
        """New at each start."""
        status = Status(
            unit=identity.name,
            state="ready",
            birth_id=self.birth_id,
            version=version("uketsuke"),
            troubles=[],
            simulated=identity.simulated,
        )
        machine = LinkMachine(
            status, random=_fractions(parts.entropy), also=LISTENS if parts.join_fleet is not None else ()
        )
        self.link = Link(
            machine,
            line=parts.open_line(machine.last_will),
            outbox=parts.outbox,
            clock=parts.clock,
            signer=parts.signer,
            authority=parts.authority,
            owner=LinkOwner(
                on_answer=asks.answered,
                on_ask_lost=asks.lost,
                on_line=self._line_changed,
                on_receipt=self._receipt_came,
                on_fault=lambda fault: health.report(fault.part, fault.reason, why=str(fault), finding=fault.finding),
                on_order=self._ordered,
            ),
            own_thread=not inline,
        )
        self.health = health
        self.fleet = None if parts.join_fleet is None else parts.join_fleet(self)
        self.mailbox = mailbox
        self.panel = PanelDesk(
            keypad=parts.keypad,
            indicators=parts.indicators,
            voice=parts.voice,
            language=identity.language,
            quiet=parts.quiet,
            clock=parts.clock,
            mailbox=mailbox,
            health=health,
        )
        self.display = (
            None
            if parts.display is None
            else DisplayDesk(parts.display, self.panel.telling, clock=parts.clock, health=health)
        )
        self.watch = CardWatch(reader=parts.reader, mailbox=mailbox, health=health, entropy=parts.entropy)
        self._workers = workers
        self._line_up = False
        face = None
        if parts.face is not None:
            face = FaceDesk(
                parts.face,
                workers=workers,
                mailbox=mailbox,
                health=health,
                clock=parts.clock,
                entropy=parts.entropy,
            )
        self._card = CardDesk(
            reader=parts.reader,
            institution=parts.institution,
            trust=parts.trust,
            workers=workers,
            mailbox=mailbox,
            clock=parts.clock,
            entropy=parts.entropy,
            portrait_floor=parts.portrait_floor,
        )
        self._hands = UnitHands(
            card=self._card,
            face=face,
            panel=self.panel,
            asks=asks,
            link=self.link,
            mailbox=mailbox,
            gate=AttendantGate(
                parts.passcodes, tally=parts.refusals, workers=workers, mailbox=mailbox, clock=parts.clock
            ),
            clock=parts.clock,
            health=health,
            forget=Forgetting(parts.face, sweep=parts.sweep, workers=workers, clock=parts.clock),
        )
        mailbox.attach(self._hands)
        for part, fault in troubles.items():
            health.report(part, fault.reason, why=str(fault), finding=fault.finding)
        self.upkeep = Upkeep(
            health=health,
            clock=parts.clock,
            panel=self.panel,
            mailbox=mailbox,
            tries=_tries(parts),
            machine=parts.machine,
            state=parts.state,
            morning=parts.morning,
            examine=None if parts.examine is None else partial(parts.examine, self),
            valid=(parts.signer.certificate.not_valid_before_utc, parts.signer.certificate.not_valid_after_utc),
        )

    @property
    def remembers_visitor(self) -> bool:
        """Somebody's evidence is held: a visit is going on."""
        return self._hands.remembers_visitor

    def run(self, tick: Callable[[], None] | None = None) -> None:
        """Serve visitors until `stop`. Threads at the rim start here and have ended when this returns."""
        with ExitStack() as running:
            running.callback(self._card.close)
            if isinstance(self._workers, ThreadWorkers):
                running.enter_context(self._workers)
            loops = [
                ("card-watch", self.watch.run, self.watch.stop),
                ("panel", self.panel.run, self.panel.stop),
                ("upkeep", self.upkeep.run, self.upkeep.stop),
            ]
            if self.display is not None:
                loops.append(("display", self.display.run, self.display.stop))
            for name, loop, stop in loops:
                thread = threading.Thread(target=loop, name=name, daemon=True)
                running.callback(thread.join, timeout=5.0)
                running.callback(stop)
                thread.start()
            if self.fleet is not None:
                running.callback(self.fleet.close)
                self.fleet.start()
            running.callback(self.link.close)
            self.link.start()
            self.panel.show(Cue.IDLE)
            log.info("serving visitors", extra=about(Event.UNIT_READY, simulated=self._identity.simulated))
            self.mailbox.run(tick)
            log.info("ends", extra=about(Event.UNIT_STOPS))

    def run_due(self) -> None:
        """Do everything that is there and due now: the simulated world's way to run."""
        self.mailbox.run_due()
        self.link.run_due()
        self.mailbox.run_due()
        self.upkeep.look()

    @property
    def awaits_frame(self) -> bool:
        """Whether the simulated world's camera has something to do."""
        return isinstance(self._workers, InlineWorkers) and self._workers.is_busy

    def run_frame(self) -> None:
        """Do what waits for the camera's next frame: the simulated world's way to run."""
        if isinstance(self._workers, InlineWorkers):
            self._workers.run_next()
        self.run_due()

    def next_deadline_s(self) -> float:
        """Return when something is due next, in monotonic seconds; infinite when nothing is."""
        deadline_s = self.mailbox.next_deadline_s()
        due_s = min(self.link.next_deadline_s(), self.upkeep.next_deadline_s())
        return due_s if deadline_s is None else min(due_s, deadline_s)

    def stop(self) -> None:
        """End `run`, from any thread."""
        self.mailbox.stop()

    def snapshot(self) -> Snapshot:
        """Return how the unit is now; any thread may ask."""
        clock, now_s = self.parts.clock, self.parts.clock.monotonic_s()
        memory_kb, cpu_s = process_cost(self.parts.machine)
        try:
            waiting: int | None = self.parts.outbox.depth
        except Fault:
            waiting = None
        return Snapshot(
            unit=self._identity.name,
            version=version("uketsuke"),
            simulated=self._identity.simulated,
            pid=os.getpid(),
            at=clock.utc_now(),
            uptime_s=now_s - self._logbook.started_s,
            state="impaired" if self.health.troubles else "ready",
            visit=self._logbook.state,
            visit_s=now_s - self._logbook.since_s,
            cue=str(self.panel.telling()[0]),
            troubles=[
                PartNow(
                    part=one.part,
                    reason=one.reason,
                    why=one.why,
                    for_s=now_s - one.since_s,
                    needs_person=self.upkeep.needs_person(one),
                    finding=one.finding,
                )
                for one in self.health.parts
            ],
            line_up=self._line_up,
            waiting_results=waiting,
            visits={str(reason): count for reason, count in self._logbook.endings.copy().items()},
            dropped={str(cause): count for cause, count in self.link.dropped.copy().items()},
            clock_trusted=clock.utc_now_if_trusted() is not None,
            memory_kb=memory_kb,
            cpu_s=cpu_s,
            checkup=self.upkeep.checkup,
            versions={**self.parts.versions, "reader": self.parts.reader.name[:LONGEST]},
        )

    def _health_changed(self, troubles: tuple[Reason, ...]) -> None:
        self.link.set_status("impaired" if troubles else "ready", troubles)

    def close_to_visitors(self, why: Reason | None) -> None:
        """From now on serve nobody, and say why to whoever comes; None: serve again. A visit that runs goes on."""
        self._closed = why
        self.health.report("fleet", why)

    def _policy(self, policy: Policy) -> Policy:
        return policy if self._closed is None else replace(policy, closed=self._closed)

    def _ordered(self, leaf: Down, payload: bytes) -> None:
        if self.fleet is not None:
            self.fleet.ordered(leaf, payload)

    def _line_changed(self, up: bool, why: str) -> None:  # noqa: FBT001  the link's signature
        self._line_up = up
        if self.fleet is not None:
            self.fleet.line_changed(up=up)
        self.health.report("line", None if up else Reason.BROKER_UNREACHABLE, why=why)

    def _receipt_came(self, receipt: Receipt) -> None:
        for part in ("outbox", "results"):
            self.health.report(part, None)
        if receipt.disposition == "refused":
            log.error(
                "the clinic will never take result %d: %s",
                receipt.sequence,
                receipt.reason,
                extra=about(Event.RESULT_REFUSED, sequence=receipt.sequence, reason=receipt.reason),
            )


def _tries(parts: Parts) -> dict[str, Callable[[], object]]:
    """Return what shows that a part works again which nothing else uses until a visitor needs it."""
    tries: dict[str, Callable[[], object]] = {"outbox": lambda: parts.outbox.waiting(1)}
    if parts.face is not None:
        tries["portrait"] = parts.face.decoder.check
    return tries


def _fractions(entropy: Entropy) -> Callable[[], float]:
    """Return a source of numbers from 0 up to, not including, 1."""
    return lambda: int.from_bytes(entropy.token(6), "big") / 2**48
