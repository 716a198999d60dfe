"""A rollout with the fleet's store, signed orders, and units that really update, on each base."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from securesystemslib.signer import CryptoSigner

from device.app.update_clerk import UpdateClerk
from device.app.updating import Updating
from device.domain.errors import MessageError
from device.domain.updates import Kind
from device.domain.values import UnitId
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher
from device.drivers.update_shelf import UpdateShelf
from device.update.jobs import JobBook, read_book
from device.wire.codec import encode
from device.wire.rollout import UpdateReport
from device.wire.sealing import Signer
from device.wire.services import FLEET
from device.wire.texts import Text
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.states import JobState, UnitState
from provisioning.fleet.store.units import Heard, NewUnit
from provisioning.pki import SiteAuthority
from provisioning.rollouts import desk
from provisioning.rollouts.desk import ROLLOUT_JOB, UPDATE_JOB, Found, RolloutDesk
from provisioning.rollouts.machine import RolloutState
from provisioning.rollouts.plan import RolloutPlan
from provisioning.updates.packing import Content, describe, write_bundle
from provisioning.updates.repository import Founders, Repository

UNITS = 4
PLAN = RolloutPlan(part=Kind.VOICE, version="1.1", waves=("1", "100%"), soak_s=60)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def monotonic_s(self) -> float:
        return 0.0

    def utc_now(self) -> datetime:
        return self.now

    def utc_now_if_trusted(self) -> datetime | None:
        return self.now


class Feels:
    """A trial whose outcome a test says."""

    def __init__(self) -> None:
        self.complains = False

    def complaint(self, kind: Kind, version: str, folder: Path) -> str | None:
        del kind, folder
        return None if version == "1.0" or not self.complains else "it says nothing"

    def start(self) -> str | None:
        return None


class World:
    """A fleet with a few units, a repository, and no line between them: orders are handed over."""

    def __init__(self, folder: Path, store: FleetStore, now: datetime) -> None:
        self.store, self.clock = store, Clock(now)
        authority = SiteAuthority.create("tests", now=now)
        identity = authority.issue_client(FLEET, now=now)
        self.desk = RolloutDesk(Signer.load(identity.key_pem, identity.certificate_pem))
        self.stranger = SiteAuthority.create("stranger", now=now).issue_client(FLEET, now=now)
        self.public = self._publish(folder / "site")
        self.said: list[tuple[str, UpdateReport]] = []
        self.silent: set[str] = set()
        self.trials = {f"sim-u{number}": Feels() for number in range(UNITS)}
        self.clerks = {name: self._clerk(folder / name, name, authority) for name in self.trials}
        with store.begin(now) as work:
            work.units.add(NewUnit(name=name, serial=name, site="s", profile="") for name in self.clerks)
            for name in self.clerks:
                for state in (UnitState.PENDING, UnitState.ACTIVE):
                    work.units.move(work.units.find(name), state, "tests")
        self.hear_from(*self.clerks)

    def _publish(self, folder: Path) -> Path:
        keys = [CryptoSigner.generate_ed25519()]
        repository = Repository(folder)
        now = self.clock.now
        repository.found(Founders(root=keys, root_threshold=1, targets=keys, targets_threshold=1), now=now)
        for version in ("1.0", "1.1"):
            write_bundle(folder / "bundle.zip", {"a.wav": Content(version.encode())})
            why = Text(ja="試し", en="A trial")
            about = describe(folder / "bundle.zip", kind=Kind.VOICE, version=version, reason=why, released_at=now)
            repository.add(folder / "bundle.zip", about, now=now)
        repository.sign(keys[0])
        repository.publish(now=now)
        return repository.public

    def _clerk(self, folder: Path, name: str, authority: SiteAuthority) -> UpdateClerk:
        shelf = UpdateShelf(folder)
        updating = Updating(shelf=shelf, trial=self.trials[name], clock=self.clock, platform="any")

        def source() -> TufSource:
            return TufSource(
                root=self.public / "metadata/1.root.json",
                cache=folder / "metadata",
                address=FOLDER_URL,
                fetcher=FolderFetcher(self.public, shelf.staging),
            )

        updating.apply(Kind.VOICE, source(), wanted="1.0")
        return UpdateClerk(
            unit=name,
            authority=authority.certificate,
            updating=updating,
            source=source,
            book=JobBook(),
            keep=(folder / "jobs.json").write_bytes,
            say=lambda report: self.said.append((name, report)),
        )

    def hear_from(self, *names: str, online: bool = True) -> None:
        with self.store.begin(self.clock.now) as work:
            work.units.hear([Heard(unit=name, online=online, birth_id="b", births="", firmware="1") for name in names])

    def pass_time(self, **time: float) -> None:
        """Let time pass; a worker does what is due, units do what they are told, until nobody has anything to say."""
        self.clock.now += timedelta(**time)
        for _ in range(6):
            orders = []
            with self.store.begin(self.clock.now) as work:
                for job in work.jobs.take("w", limit=100, hold=timedelta(seconds=1), kinds=(ROLLOUT_JOB, UPDATE_JOB)):
                    do = self.desk.do_rollout if job.kind == ROLLOUT_JOB else self.desk.do_update
                    orders += do(work, job)
            for order in orders:
                name = order.topic.split("/")[3]
                if name not in self.silent:
                    self.clerks[name].handle(order.payload)
            said, self.said = self.said, []
            with self.store.begin(self.clock.now) as work:
                for name, report in said:
                    self.desk.hear(work, UnitId(name), encode(report))
            self.clock.now += timedelta(seconds=3)

    def start(self, plan: RolloutPlan = PLAN) -> str:
        with self.store.begin(self.clock.now, actor="tests") as work:
            return desk.start(work, plan, work.units.listed(), why="corrections")

    def change(self, name: str, what: str) -> None:
        with self.store.begin(self.clock.now, actor="tests") as work:
            desk.change(work, name, what, why="tests")

    def found(self, name: str) -> Found:
        with self.store.begin(self.clock.now) as work:
            return desk.find(work, name)

    def versions(self) -> list[str]:
        return [clerk.updating.installed(Kind.VOICE) or "" for clerk in self.clerks.values()]


@pytest.fixture
def world(tmp_path: Path, store: FleetStore, now: datetime) -> World:
    return World(tmp_path, store, now)


def test_a_rollout_reaches_every_unit_wave_by_wave(world: World) -> None:
    name = world.start()
    world.pass_time()
    assert sorted(world.versions()) == ["1.0", "1.0", "1.0", "1.1"]
    world.pass_time(seconds=60)
    assert world.versions() == ["1.1"] * UNITS
    world.pass_time(seconds=70)
    assert world.found(name).progress.state is RolloutState.SUCCEEDED


def test_a_version_that_is_not_well_stops_at_the_first_unit_which_has_the_one_before(world: World) -> None:
    for trial in world.trials.values():
        trial.complains = True
    name = world.start()
    world.pass_time()
    world.pass_time(seconds=600)

    found = world.found(name)
    assert found.progress.state is RolloutState.PAUSED
    assert world.versions() == ["1.0"] * UNITS
    with world.store.begin(world.clock.now) as work:
        [job] = [job for job in work.jobs.listed(rollout=name) if job.kind == UPDATE_JOB]
        assert (job.state, job.outcome["refusal"]) == (JobState.ROLLED_BACK, "not_well")
        assert "rollout.now_paused" in {entry.action for entry in work.audit.entries(name)}
        assert work.audit.verify().holds


def test_a_unit_that_falls_silent_under_watch_takes_everybody_back(world: World) -> None:
    name = world.start(msgspec.structs.replace(PLAN, on_error="roll_back"))
    world.pass_time()
    assert "1.1" in world.versions()
    world.hear_from(*world.clerks, online=False)
    world.pass_time(seconds=30)

    assert world.versions() == ["1.0"] * UNITS
    assert world.found(name).progress.state is RolloutState.ROLLED_BACK
    assert "unwell" in world.found(name).progress.told("en")


def test_a_unit_that_says_nothing_is_asked_again_and_then_counts_as_failed(world: World) -> None:
    world.silent = set(world.clerks)
    name = world.start()
    world.pass_time()
    world.pass_time(hours=1)
    assert world.found(name).progress.state is RolloutState.RUNNING
    world.pass_time(hours=24)
    assert world.found(name).progress.state is RolloutState.PAUSED


def test_a_paused_rollout_asks_nobody_else_and_a_resumed_one_goes_on(world: World) -> None:
    name = world.start()
    world.pass_time()
    world.change(name, "pause")
    world.pass_time(hours=1)
    assert world.versions().count("1.1") == 1
    world.change(name, "resume")
    world.pass_time()
    world.pass_time(hours=1)
    assert world.versions() == ["1.1"] * UNITS


def test_an_aborted_rollout_leaves_what_is_and_can_still_be_taken_back(world: World) -> None:
    name = world.start()
    world.pass_time()
    world.change(name, "abort")
    world.pass_time(hours=1)
    assert world.versions().count("1.1") == 1
    world.change(name, "roll_back")
    world.pass_time()
    assert world.versions() == ["1.0"] * UNITS
    assert world.found(name).progress.state is RolloutState.ROLLED_BACK


def test_an_order_heard_twice_is_done_once_and_answered_twice(world: World) -> None:
    world.start()
    with world.store.begin(world.clock.now) as work:
        [job] = work.jobs.take("w", limit=9, hold=timedelta(seconds=9), kinds=(ROLLOUT_JOB,))
        world.desk.do_rollout(work, job)
        [job] = work.jobs.take("w", limit=9, hold=timedelta(seconds=9), kinds=(UPDATE_JOB,))
        [order] = world.desk.do_update(work, job)
    clerk = world.clerks[job.unit or ""]
    clerk.handle(order.payload)
    states = [report.state for _, report in world.said]
    assert states == ["accepted", "running", "succeeded"]
    clerk.handle(order.payload)
    assert [report.state for _, report in world.said][3:] == ["succeeded"]


def test_a_unit_that_lost_its_power_in_an_order_says_so_afterwards(world: World) -> None:
    world.start()
    world.pass_time()
    [name] = [name for name, clerk in world.clerks.items() if clerk.book.reports]
    clerk = world.clerks[name]
    under_way = msgspec.structs.replace(clerk.book.reports[-1], job_id="interrupted-1", state="running")
    clerk.book = read_book(msgspec.json.encode(clerk.book.noted(under_way)))
    clerk.start()
    [(_, told)] = world.said
    assert (told.state, told.refusal, told.version) == ("rolled_back", "interrupted", "1.1")
    clerk.start()
    assert len(world.said) == 1


def test_nobody_else_can_order_an_update_or_answer_for_another_unit(world: World) -> None:
    world.start()
    with world.store.begin(world.clock.now) as work:
        [job] = work.jobs.take("w", limit=9, hold=timedelta(seconds=9), kinds=(ROLLOUT_JOB,))
        world.desk.do_rollout(work, job)
        [job] = work.jobs.take("w", limit=9, hold=timedelta(seconds=9), kinds=(UPDATE_JOB,))
        forger = RolloutDesk(Signer.load(world.stranger.key_pem, world.stranger.certificate_pem))
        [forged] = forger.do_update(work, job)
    with pytest.raises(MessageError):
        world.clerks[job.unit or ""].handle(forged.payload)
    other = next(name for name in world.clerks if name != job.unit)
    report = UpdateReport(job_id=job.job, part=Kind.VOICE, state="succeeded", version="1.1")
    with world.store.begin(world.clock.now) as work, pytest.raises(MessageError, match="nobody asked"):
        world.desk.hear(work, UnitId(other), encode(report))
    assert world.versions() == ["1.0"] * UNITS
