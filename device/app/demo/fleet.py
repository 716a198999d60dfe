"""A fleet of twenty simulated units shown live, also on its page: import, claim, settings, rollouts, revoke, the end.

Broker, service and units are real but for their cards and cameras: mutual TLS, MQTT 5, certificates, signed orders.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import typer

from device.app.claiming import claim_unit
from device.app.demo.member import SimulatedMember
from device.app.demo.page_reader import PageReader
from device.app.demo.rollouts import RolloutShow
from device.app.home import Home
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.paho_line import BrokerAddress
from device.link.fleet import FleetPolicy
from provisioning.console.run import open_console
from provisioning.fleet import acting
from provisioning.fleet.accounts import FleetAccounts, new_link
from provisioning.fleet.counter import Counter
from provisioning.fleet.deeds import Revoke
from provisioning.fleet.entrance import Ticketed, bring_in, look_at
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.labels import Label, draw_sheets
from provisioning.fleet.plan import ServiceSection
from provisioning.fleet.private import PrivateFleet, run_private_fleet
from provisioning.fleet.roles import Actor, Role
from provisioning.fleet.settings import put
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Unit
from provisioning.knock import Door, knock

PATIENCE_S = 60.0
ACTOR = "demonstration"
PERSON = "hanako"
_LOOK_AGAIN_S = 0.02


@dataclass(slots=True)
class Teller:
    """What a spectator sees."""

    as_json: bool
    steps: list[dict[str, object]] = field(default_factory=list)

    def step(self, name: str, words: str, **figures: object) -> None:
        """Tell one step."""
        self.steps.append({"step": name, "words": words, **figures})
        if not self.as_json:
            typer.echo(f"{name:14} {words}")

    def more(self, words: str) -> None:
        """Tell something about the step."""
        if not self.as_json:
            typer.echo(f"{'':14}   {words}")


@dataclass(frozen=True, slots=True)
class OpenPage:
    """The page of the fleet that was shown, and who may sign in there."""

    address: str
    person: str
    password: str = field(repr=False)
    folder: Path
    """The fleet's."""


def keep_open(page: OpenPage) -> None:
    """Leave everything running until Ctrl-C."""
    listed = f"uketsuke-fleet list --fleet {page.folder}"
    typer.echo(f"\n{page.address}  {page.person}  {page.password}\n{listed}\nCtrl-C ends it.", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def play(*, units: int, as_json: bool, at_end: Callable[[OpenPage], None] | None = None) -> bool:
    """Show everything, then give the page to `at_end`; return whether all went as it should.

    Raise Fault when a part does not come up.
    """
    tell = Teller(as_json)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-demo-")))
        guarded = ServiceSection(two_people=["revoke"])
        private = stack.enter_context(run_private_fleet(folder / "fleet", service=guarded))
        worker = private.fleet.worker(1)
        stack.callback(worker.close)
        worker.start()
        if not worker.line.ready.wait(PATIENCE_S):
            raise Fault("the service finds no way to its broker", part="service", reason=Reason.BROKER_UNREACHABLE)
        tell.step("broker", f"mosquitto on 127.0.0.1:{private.broker.port}, claims on {private.broker.claim_port}")
        page = stack.enter_context(open_console(private.fleet, port=0))
        password = _admit(private.fleet, PERSON)
        tell.step("page", f"{page.address}, sign in as {PERSON} with {password}", address=page.address)
        tell.more(f"its certificate is by the fleet's own authority: {private.fleet.places.authority_certificate}")
        authority = private.fleet.places.authority_certificate
        reader = stack.enter_context(PageReader(page.address, authority, name=PERSON, password=password))
        show = _Show(private, folder, tell, stack, reader)
        show.import_units(units)
        show.claim()
        show.set_volume()
        show.break_settings()
        show.roll_out()
        show.quarantine()
        show.revoke()
        show.decommission()
        holds = show.audit()
        if as_json:
            typer.echo(json.dumps({"ok": holds, "steps": tell.steps}, ensure_ascii=False, default=str))
        if at_end is not None:
            at_end(OpenPage(page.address, PERSON, password, folder / "fleet"))
    return holds


def _admit(fleet: Fleet, name: str) -> str:
    """Let somebody sign in as an administrator; return the password, which nobody knew before."""
    password = secrets.token_urlsafe(15)
    with fleet.store.begin(utc_now(), actor=ACTOR) as work:
        work.people.add(name, role=Role.ADMIN)
        token = new_link(work, name)
    FleetAccounts(fleet.store, utc_now).accept(token, name, password)
    return password


class _Show:
    def __init__(self, private: PrivateFleet, folder: Path, tell: Teller, stack: ExitStack, reader: PageReader) -> None:
        self._reader = reader
        self._private = private
        self._fleet: Fleet = private.fleet
        self._folder = folder
        self._tell = tell
        self._stack = stack
        self._made: list[Ticketed] = []
        self._members: list[SimulatedMember] = []

    def import_units(self, how_many: int) -> None:
        listed = self._folder / "units.csv"
        rows = [f"DEMO-{number:03},clinic-{number % 4 + 1},desk" for number in range(1, how_many + 1)]
        listed.write_text("\n".join(["serial,site,profile", "DEMO 000,clinic-1,desk", *rows]) + "\n")
        _, problems = look_at(self._fleet, listed, now=utc_now())
        self._tell.step("dry run", f"{len(problems)} mistake found: {problems[0]}", problems=[str(p) for p in problems])
        listed.write_text("\n".join(["serial,site,profile", *rows]) + "\n")
        found, _ = look_at(self._fleet, listed, now=utc_now())
        self._made = bring_in(self._fleet, found, now=utc_now(), actor=ACTOR)
        site_of = {unit.name: unit.site for unit in found}
        labels = [Label(one.unit.serial, site_of[one.unit.name], one.ticket) for one in self._made]
        files = draw_sheets(labels, self._folder / "labels.pdf")
        self._tell.step(
            "import", f"{len(self._made)} units, a ticket each; labels in {files[0].name}", units=len(self._made)
        )
        self._tell.more(f"the fleet's fingerprint: {self._made[0].ticket.fingerprint}")

    def claim(self) -> None:
        began_s = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            self._members = list(pool.map(self._claim_one, self._made))
        for member in self._members:
            self._stack.callback(member.close)
            member.start()
        self._until(lambda units: all(unit.state is UnitState.ACTIVE for unit in units))
        took_s = time.monotonic() - began_s
        self._tell.step("claim", f"{len(self._members)} units active after {took_s:.1f} s", took_s=round(took_s, 2))
        try:
            self._claim_one(self._made[0], folder="thief")
        except Fault as fault:
            self._tell.step("reuse", f"the first ticket once more, by a thief: {fault}")

    def set_volume(self) -> None:
        began_s = time.monotonic()
        put(
            self._fleet,
            "profile/desk",
            {"voice": {"volume": 60}},
            expected=0,
            why="open plan",
            now=utc_now(),
            actor=ACTOR,
        )
        self._until(lambda units: all(unit.twin_reported == 1 for unit in units))
        took_s = time.monotonic() - began_s
        words = f"voice.volume = 60 tried out and kept by all {len(self._members)} after {took_s:.1f} s"
        self._tell.step("settings", words, took_s=round(took_s, 2))
        try:
            put(self._fleet, "fleet", {"voice": {"volum": 6}}, expected=0, why="", now=utc_now(), actor=ACTOR)
        except BadConfig as error:
            self._tell.step("slip", f"refused before it is sent: {error}")

    def break_settings(self) -> None:
        bad = {"camera": {"source": "folder:/no/such/place"}}
        put(self._fleet, "site/clinic-1", bad, expected=0, why="a slip", now=utc_now(), actor=ACTOR)
        there = [unit for unit in self._units() if unit.site == "clinic-1"]
        self._until(lambda units: all(unit.twin_status == "rolled_back" for unit in units if unit.site == "clinic-1"))
        report = json.loads(self._units_of("clinic-1")[0].twin_report or "{}")
        words = f"{len(there)} units tried it, failed their own test and went back: {report['errors'][0]}"
        self._tell.step("rolled back", words, units=len(there), reason=report["errors"][0])

    def roll_out(self) -> None:
        sick = {self._members[-1].unit, self._members[-2].unit}
        rollouts = RolloutShow(self._fleet, self._folder / "updates", self._members, sick=sick)
        for member in self._members:
            self._stack.callback(rollouts.close, member)
        name, waves, took_s = rollouts.run("1.0", self._until)
        self._tell.step("rollout", f"{name}: voice 1.0 in waves of {waves}, all have it after {took_s:.1f} s")
        name, waves, took_s = rollouts.run("1.1", self._until)
        found = rollouts.found(name)
        words = f"{name}: voice 1.1 {found.progress.state} after {took_s:.1f} s: {found.progress.told('en')}"
        self._tell.step("gate", words, state=found.progress.state, versions=sorted(rollouts.versions()))
        self._tell.more(f"every unit has {', '.join(sorted(rollouts.versions()))} again")

    def quarantine(self) -> None:
        member = self._members[1]
        began_s = time.monotonic()
        acting.quarantine(self._fleet, member.unit, why="odd results", now=utc_now(), actor=ACTOR)
        self._until(lambda _: member.mode == "quarantined")
        took_s = time.monotonic() - began_s
        shown_s = self._reader.wait_for(member.unit, "quarantined") - began_s
        words = f"{member.unit} serves no visitor after {took_s:.2f} s, and still says how it is"
        self._tell.step("quarantine", words, took_s=round(took_s, 3), shown_s=round(shown_s, 3))
        self._tell.more(f"an open page showed it after {shown_s:.2f} s, without being loaded anew")

    def revoke(self) -> None:
        member, home = self._members[2], Home(self._folder / self._members[2].unit)
        door = Door(
            host="127.0.0.1",
            port=self._private.broker.port,
            authority=home.authority,
            certificate=home.certificate,
            key=home.key,
        )
        asking, agreeing = (Counter(self._fleet, Actor(name, "cli", Role.ADMIN)) for name in (ACTOR, PERSON))
        request = asking.ask(Revoke(unit=member.unit, why="stolen")).request
        if request is None:
            raise Fault("nobody else was asked", part="service", reason=Reason.INTERNAL_FAULT)
        try:
            asking.approve(request.name)
        except BadConfig as error:
            self._tell.step("two people", f"{ACTOR} asks to revoke {member.unit}, and alone cannot: {error}")
        began_s = time.monotonic()
        _, effect = agreeing.approve(request.name)
        took_s = time.monotonic() - began_s
        shown_s = self._reader.wait_for(member.unit, "revoked") - began_s
        try:
            knock(door, client_id=member.unit)
            words = "it still gets in"
        except Fault as fault:
            words = f"its next try: {fault}"
        figures = {"took_s": round(took_s, 3), "shown_s": round(shown_s, 3)}
        self._tell.step("revoke", f"{PERSON} agrees: {member.unit} {effect.words} after {took_s:.2f} s", **figures)
        self._tell.more(f"an open page showed it after {shown_s:.2f} s")
        self._tell.more(words)

    def decommission(self) -> None:
        member = self._members[3]
        acting.decommission(self._fleet, member.unit, written_off=False, why="replaced", now=utc_now(), actor=ACTOR)
        self._until(lambda units: any(u.name == member.unit and u.state is UnitState.DECOMMISSIONED for u in units))
        member.vanished.wait(PATIENCE_S)
        self._tell.step("decommission", f"{member.unit} wiped itself and left a receipt signed with its last key")

    def audit(self) -> bool:
        with self._fleet.store.begin(utc_now()) as work:
            verdict = work.audit.verify()
            counts = {state.value: number for state, number in sorted(work.units.counts().items())}
        self._tell.step(
            "audit", f"{verdict.entries} entries, the chain {'holds' if verdict.holds else 'is broken'}", **counts
        )
        self._tell.more(", ".join(f"{number} {state}" for state, number in counts.items()))
        return verdict.holds

    def _claim_one(self, made: Ticketed, *, folder: str = "") -> SimulatedMember:
        home = Home(self._folder / (folder or made.unit.name))
        hardware = sha256((folder or made.unit.serial).encode()).hexdigest()
        claim_unit(made.ticket, home, timeout_s=PATIENCE_S, hardware=hardware)
        address = BrokerAddress("127.0.0.1", self._private.broker.port)
        policy = FleetPolicy(health_every_s=2.0)
        return SimulatedMember(made.unit.name, home, address, hardware=hardware, policy=policy)

    def _units(self) -> list[Unit]:
        with self._fleet.store.begin(utc_now()) as work:
            return work.units.listed()

    def _units_of(self, site: str) -> list[Unit]:
        return [unit for unit in self._units() if unit.site == site]

    def _until(self, holds: Callable[[list[Unit]], bool]) -> None:
        deadline_s, tick = time.monotonic() + PATIENCE_S, threading.Event()
        while not holds(self._units()):
            if time.monotonic() > deadline_s:
                raise Fault("the units did not do what they should", part="units", reason=Reason.INTERNAL_FAULT)
            tick.wait(_LOOK_AGAIN_S)
