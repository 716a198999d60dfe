"""What the fleet knows survives, belongs together, and is the same with SQLite and PostgreSQL."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from device.domain.errors import BadConfig, Fault
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.jobs import NewJob
from provisioning.fleet.store.profiles import merged, scopes_of
from provisioning.fleet.store.states import ClaimState, JobState, UnitState
from provisioning.fleet.store.units import Heard, NewUnit

HOLD = timedelta(seconds=30)


def imported(store: FleetStore, now: datetime, *names: str) -> None:
    with store.begin(now) as work:
        work.units.add(NewUnit(name=name, serial=f"SN-{name}", site="clinic-1", profile="desk") for name in names)


def test_a_store_that_is_not_there_says_how_to_make_one(url: str, open_store: Callable[..., FleetStore]) -> None:
    with pytest.raises(BadConfig, match="uketsuke-fleet init"):
        open_store(url)


@pytest.mark.parametrize("address", ["", "mysql://x/y", "sqlite://", "sqlite:////no/such/folder/x.sqlite"])
def test_an_address_that_is_none_is_refused(address: str, open_store: Callable[..., FleetStore]) -> None:
    with pytest.raises(BadConfig):
        open_store(address, create=True)


def test_a_base_that_does_not_answer_is_named_without_its_password(open_store: Callable[..., FleetStore]) -> None:
    with pytest.raises(BadConfig) as caught:
        open_store("postgresql://fleet:verysecret@/x?host=/no/such/folder")
    assert "verysecret" not in str(caught.value)


def test_the_file_is_for_its_owner_alone(tmp_path: Path, open_store: Callable[..., FleetStore]) -> None:
    open_store(f"sqlite:///{tmp_path}/fleet.sqlite", create=True)

    assert stat.S_IMODE((tmp_path / "fleet.sqlite").stat().st_mode) == 0o600


def test_what_was_written_is_there_after_opening_again(
    store: FleetStore, url: str, now: datetime, open_store: Callable[..., FleetStore]
) -> None:
    imported(store, now, "unit-1")
    store.close()

    with open_store(url).begin(now) as work:
        unit = work.units.find("SN-unit-1")
    assert (unit.name, unit.state, unit.imported_at) == ("unit-1", UnitState.IMPORTED, now)


def test_a_transaction_that_fails_leaves_nothing_not_even_in_the_audit(store: FleetStore, now: datetime) -> None:
    def half() -> None:
        with store.begin(now) as work:
            work.units.add([NewUnit(name="unit-1", serial="1", site="", profile="")])
            work.audit.note("import", "unit-1")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        half()

    with store.begin(now) as work:
        assert work.units.listed() == []
        assert work.audit.head().number == 0


def test_the_base_s_own_refusal_is_a_fault_without_the_statement(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1")
    with pytest.raises(Fault) as caught:
        imported(store, now, "unit-1")
    assert "INSERT" not in str(caught.value)


def test_units_are_found_by_what_is_asked(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1", "unit-2", "unit-3")
    with store.begin(now) as work:
        work.units.move(work.units.find("unit-2"), UnitState.PENDING, "claimed")
        work.units.alarm("unit-3", "cloned")

    with store.begin(now) as work:
        assert [unit.name for unit in work.units.listed(states=[UnitState.PENDING])] == ["unit-2"]
        assert [unit.name for unit in work.units.listed(alarmed=True)] == ["unit-3"]
        assert work.units.listed(site="elsewhere") == []
        assert work.units.counts() == {UnitState.IMPORTED: 2, UnitState.PENDING: 1}
        assert work.units.sites() == {"clinic-1": {UnitState.IMPORTED: 2, UnitState.PENDING: 1}}
        assert work.units.known_serials(["SN-unit-1", "SN-9"]) == {"SN-unit-1"}


def test_a_unit_does_not_jump_over_a_state(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1")
    with store.begin(now) as work, pytest.raises(BadConfig, match="is imported and cannot become active"):
        work.units.move(work.units.find("unit-1"), UnitState.ACTIVE, "")


def test_signs_of_life_of_many_units_are_noted_together(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1", "unit-2")
    with store.begin(now) as work:
        work.units.hear(
            [
                Heard(unit="unit-1", online=True, birth_id="b1", births="", firmware="1.0", health="{}"),
                Heard(unit="unit-2", online=True, birth_id="b2", births="", firmware="1.0"),
            ]
        )

    with store.begin(now) as work:
        first, second = work.units.listed()
        assert (first.health, first.health_at, second.health) == ("{}", now, None)
        assert first.online
        assert second.online


def test_a_new_claim_ends_the_earlier_one_of_its_unit(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1")
    with store.begin(now) as work:
        work.claims.add([("claim-1", "unit-1")], until=now + timedelta(days=7))
    with store.begin(now) as work:
        work.claims.add([("claim-2", "unit-1")], until=now + timedelta(days=7))

    with store.begin(now) as work:
        states = {claim.claim: claim.state for claim in work.claims.of_unit("unit-1")}
    assert states == {"claim-1": ClaimState.WITHDRAWN, "claim-2": ClaimState.OPEN}


def test_of_two_admins_who_change_one_layer_the_second_is_told(store: FleetStore, now: datetime) -> None:
    with store.begin(now, actor="hanako") as work:
        work.profiles.put("site/clinic-1", {"voice": {"volume": 50}}, expected=0, why="quiet street")

    with store.begin(now, actor="taro") as work, pytest.raises(BadConfig, match="hanako changed it meanwhile"):
        work.profiles.put("site/clinic-1", {"voice": {"volume": 90}}, expected=0, why="loud street")


def test_the_nearer_layer_wins_and_says_so(store: FleetStore, now: datetime) -> None:
    with store.begin(now) as work:
        work.profiles.put("fleet", {"voice": {"volume": 80, "quiet": False}}, expected=0, why="")
        work.profiles.put("unit/unit-1", {"voice": {"volume": 20}}, expected=0, why="")
        layers = [work.profiles.get(scope) for scope in scopes_of(unit="unit-1", site="clinic-1", profile="")]

    settings, origins = merged(layers)
    assert settings == {"voice": {"volume": 20, "quiet": False}}
    assert origins == {"voice.volume": "unit/unit-1", "voice.quiet": "fleet"}


def test_a_job_of_a_worker_that_died_is_done_by_another(store: FleetStore, now: datetime) -> None:
    with store.begin(now) as work:
        [job] = work.jobs.add([NewJob(kind="demo", order={"n": 1})])
    with store.begin(now) as work:
        assert [taken.job for taken in work.jobs.take("worker-1", limit=10, hold=HOLD)] == [job]
    with store.begin(now) as work:
        assert work.jobs.take("worker-2", limit=10, hold=HOLD) == [], "worker-1 has it in hand"

    with store.begin(now + HOLD) as work:
        [taken] = work.jobs.take("worker-2", limit=10, hold=HOLD)
        work.jobs.settle(taken.job, JobState.SUCCEEDED, outcome={"by": "worker-2"})
    with store.begin(now + 10 * HOLD) as work:
        assert work.jobs.take("worker-1", limit=10, hold=HOLD) == []
        settled = work.jobs.get(job)
    assert settled is not None
    assert (settled.state, settled.outcome) == (JobState.SUCCEEDED, {"by": "worker-2"})


def test_workers_that_take_at_the_same_time_never_take_the_same(store: FleetStore, now: datetime) -> None:
    with store.begin(now) as work:
        jobs = work.jobs.add(NewJob(kind="demo", order={"n": n}) for n in range(40))
    taken: list[str] = []

    def labour(worker: str) -> None:
        while True:
            with store.begin(now) as work:
                mine = work.jobs.take(worker, limit=3, hold=HOLD)
                for job in mine:
                    work.jobs.settle(job.job, JobState.SUCCEEDED)
            if not mine:
                return
            taken.extend(job.job for job in mine)

    threads = [threading.Thread(target=labour, args=[f"worker-{number}"]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(jobs)


def test_a_request_is_decided_once(store: FleetStore, now: datetime) -> None:
    with store.begin(now, actor="hanako") as work:
        request = work.approvals.ask("revoke", {"unit": "unit-1"})
    with store.begin(now, actor="taro") as work:
        assert work.approvals.decide(request, approve=True).decided_by == "taro"
        assert work.approvals.waiting() == []
    with store.begin(now, actor="jiro") as work, pytest.raises(BadConfig, match="it is approved"):
        work.approvals.decide(request, approve=False)


def test_a_store_of_the_first_version_is_brought_to_this_one(
    store: FleetStore, url: str, now: datetime, open_store: Callable[..., FleetStore]
) -> None:
    imported(store, now, "unit-1")
    store.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as base:
        for table in ("sessions", "links", "people"):
            base.exec_driver_sql(f"DROP TABLE {table}")
        base.exec_driver_sql("CREATE TABLE admins (admin TEXT PRIMARY KEY)")
        base.exec_driver_sql("UPDATE meta SET value = '1' WHERE key = 'schema'")
    engine.dispose()

    with open_store(url).begin(now) as work:
        assert work.units.find("unit-1").name == "unit-1"
        work.people.add("hanako", role="viewer")
    with open_store(url).look(now) as work:
        assert [person.person for person in work.people.listed()] == ["hanako"]


def test_a_look_holds_up_nobody_who_writes(store: FleetStore, now: datetime) -> None:
    with store.look(now) as looking:
        assert looking.units.listed() == []
        imported(store, now, "unit-1")
    with store.look(now) as looking:
        assert [unit.name for unit in looking.units.glances()] == ["unit-1"]


def test_the_pulse_is_another_one_after_every_change_of_somebody_else(
    store: FleetStore, url: str, now: datetime, open_store: Callable[..., FleetStore]
) -> None:
    other = open_store(url)
    before = store.pulse()
    assert store.pulse() == before
    imported(other, now, "unit-1")
    assert store.pulse() != before


def test_a_log_bundle_goes_away_by_itself(store: FleetStore, now: datetime) -> None:
    imported(store, now, "unit-1")
    with store.begin(now) as work:
        work.bundles.keep("b1", "unit-1", b"lines", until=now + timedelta(days=7))
    with store.begin(now) as work:
        assert work.bundles.content("b1") == b"lines"
    with store.begin(now + timedelta(days=7)) as work:
        assert work.bundles.content("b1") is None
        assert work.bundles.forget_old() == 1


def test_times_come_back_as_they_went_in(store: FleetStore) -> None:
    moment = datetime(2026, 4, 1, 18, 0, 0, 123456, tzinfo=UTC)
    imported(store, moment, "unit-1")
    with store.begin(moment) as work:
        assert work.units.find("unit-1").imported_at == moment
