"""A simulated unit on a simulated table, and a station in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from device.app.assets.place import MODELS_DIR
from device.app.config import LivenessSection
from device.app.liveness_parts import choose_liveness
from hw.cards import CardBox
from hw.errors import CannotMeasure
from hw.limits import Limits, load_limits
from hw.plan import Phase, Plan
from hw.record import PhaseRecord, Record
from hw.rig.simulated import SimulatedRig
from hw.run import Job, run_job
from hw.sim import wardrobe
from hw.sim.physics import Physics, good_unit
from hw.sim.site import SimulatedSite
from hw.sim.unit import SimulatedUnit
from hw.station.files import Station
from hw.store import RecordStore


@dataclass(slots=True)
class Table:
    """A unit, what stands around it, and what is to be done with it."""

    station: Station
    store: RecordStore
    limits: Limits
    unit: SimulatedUnit = field(default_factory=lambda: SimulatedUnit(good_unit(7)))
    cards: CardBox = field(default_factory=wardrobe.card_box)
    serial: str = "sim-0001"

    def try_plan(self, plan: Plan, **changes: object) -> Record:
        job = Job(
            plan=plan,
            serial=self.serial,
            tester="診療 太郎",
            unit=self.unit,
            rig=SimulatedRig(self.unit),
            cards=self.cards,
            limits=self.limits,
        )
        return run_job(replace(job, **changes), self.station, self.store)  # type: ignore[arg-type]  # any field of a job

    def try_phases(self, *phases: Phase, **changes: object) -> Record:
        return self.try_plan(Plan(name="tried", title=phases[0].title, phases=phases), **changes)

    def try_phase(self, phase: Phase, **changes: object) -> PhaseRecord:
        (record,) = self.try_phases(phase, **changes).phases
        return record


@pytest.fixture(scope="session")
def limits() -> Limits:
    return load_limits()


@pytest.fixture(scope="session")
def site() -> Iterator[SimulatedSite]:
    """A clinic with a real broker; it starts with the first test that needs it."""
    with SimulatedSite() as site:
        yield site


@pytest.fixture
def table(tmp_path: Path, limits: Limits) -> Iterator[Table]:
    station = Station(tmp_path / "station")
    with station.store() as store:
        yield Table(station, store, limits)


@pytest.fixture
def with_physics() -> Callable[..., SimulatedUnit]:
    """Make a good unit but for the numbers that are given."""

    def make(**numbers: object) -> SimulatedUnit:
        physics: Physics = good_unit(7)
        for name, value in numbers.items():
            setattr(physics, name, value)
        return SimulatedUnit(physics)

    return make


@pytest.fixture
def liveness_nets() -> None:
    """Skip where the networks that tell a face from its picture were not fetched: some mirrors do not have them."""
    try:
        liveness = wardrobe.face_parts().liveness
    except CannotMeasure as error:
        pytest.skip(str(error))
    if liveness is None or not liveness.nets:
        pytest.skip("the networks that tell a face from its picture are not there")


@pytest.fixture
def without_liveness_nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the simulated unit what a unit has whose networks were not fetched, whatever is there."""
    try:
        parts = wardrobe.face_parts()
    except CannotMeasure as error:
        pytest.skip(str(error))
    models = tmp_path / "models"
    models.mkdir()
    (models / "manifest.toml").write_bytes((MODELS_DIR / "manifest.toml").read_bytes())
    liveness = choose_liveness(LivenessSection(), models, {}, face_alone_counts=False)
    assert liveness is not None
    assert not liveness.nets
    monkeypatch.setattr(wardrobe, "face_parts", lambda: replace(parts, liveness=liveness))
