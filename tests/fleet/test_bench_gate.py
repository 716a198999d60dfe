"""Only a unit that passed the bench is claimed, where the fleet asks for that; every no says what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey
from sqlalchemy import create_engine
from typer.testing import CliRunner

from device.app.claiming import FleetSaysNo, claim_unit
from device.app.home import Home
from device.domain.errors import BadConfig
from device.drivers.system import SystemClock
from device.link.claim import ClaimWaits
from device.wire.bench_record import BENCH_FORMAT, sign_bench_record
from device.wire.board import board_digest
from device.wire.ticket import Ticket
from provisioning.fleet.bench import Brought, bring_records, distrust, trust
from provisioning.fleet.cli.main import app
from provisioning.fleet.entrance import bring_in
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.gate import bench_complaint
from provisioning.fleet.plan import BenchSection, BrokerSection, FleetPlan, FleetSection, Places
from provisioning.fleet.private import PrivateFleet, run_private_fleet
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.tables import BENCH_RECORDS, BENCH_STATIONS, META
from provisioning.fleet.store.units import NewUnit

BOARD = "10000000abcdef01"
HARDWARE = board_digest(BOARD.encode())
PLAN, LIMITS = "aa" * 32, "bb" * 32
GATE = BenchSection(claim_needs="functional")
PATIENCE_S = 30.0
Bring = Callable[..., Brought]


def fleet_of(store: FleetStore, folder: Path, bench: BenchSection = GATE, branch: str = "production") -> Fleet:
    plan = FleetPlan(
        fleet=FleetSection(name="tests", branch="production" if branch == "production" else "simulation"),
        broker=BrokerSection(host="broker.example"),
        bench=bench,
    )
    return Fleet(places=Places(folder), plan=plan, store=store)


def document(
    key: ECKey, at: datetime, *, station: str = "bench-1", unit: dict[str, object] | None = None, **changes: object
) -> bytes:
    record = {
        "format": BENCH_FORMAT,
        "id": "5" * 32,
        "plan": "functional",
        "unit": {"serial": "SN1", "simulated": False, "board": BOARD} | (unit or {}),
        "station": station,
        "ended": at,
        "verdict": "pass",
        "digests": {"plan": PLAN, "limits": LIMITS},
    }
    return sign_bench_record(msgspec.json.encode(record | changes), key, station=station)


@pytest.fixture
def key(tmp_path: Path) -> ECKey:
    """The station's; its public half lies in bench-1.pem."""
    made = ECKey.generate_key("P-256")
    (tmp_path / "bench-1.pem").write_bytes(made.as_pem(private=False))
    return made


@pytest.fixture
def fleet(store: FleetStore, tmp_path: Path, now: datetime, key: ECKey) -> Fleet:
    """A fleet with one unit that waits, and a station that is believed; on each kind of store."""
    del key
    opened = fleet_of(store, tmp_path)
    with store.begin(now) as work:
        work.units.add([NewUnit(name="u-1", serial="SN1", site="", profile="")])
    trust(opened, "bench-1", tmp_path / "bench-1.pem", why="our bench", now=now, actor="hanako")
    return opened


@pytest.fixture
def bring(fleet: Fleet, key: ECKey, tmp_path: Path, now: datetime) -> Bring:
    """Import one record."""

    def one(*, signed_by: ECKey = key, at: datetime = now, **changes: Any) -> Brought:  # noqa: ANN401  as `document` takes them
        file = tmp_path / "record.json"
        file.write_bytes(document(signed_by, at, **changes) + b"\n")
        [brought] = bring_records(fleet, [file], now=now, actor="hanako")
        return brought

    return one


def complaint(
    fleet: Fleet,
    now: datetime,
    *,
    hardware: str = HARDWARE,
    bench: BenchSection | None = None,
    branch: str = "production",
) -> str | None:
    plan = fleet_of(fleet.store, fleet.places.folder, bench or fleet.plan.bench, branch).plan
    with fleet.store.begin(now) as work:
        return bench_complaint(work, plan, work.units.find("u-1"), hardware=hardware)


def test_a_unit_with_a_passed_record_may_be_claimed_and_one_without_may_not(
    fleet: Fleet, bring: Bring, now: datetime
) -> None:
    assert complaint(fleet, now) == "the bench has no functional record of this unit"
    assert bring().result is not None
    assert complaint(fleet, now) is None
    assert complaint(fleet, now, bench=BenchSection()) is None


def test_a_record_that_was_imported_is_in_the_audit_with_its_digest_and_once(
    fleet: Fleet, bring: Bring, now: datetime
) -> None:
    assert not bring().known
    assert bring().known
    with fleet.store.begin(now) as work:
        [entry] = work.audit.entries("SN1")
        assert work.audit.verify().holds
    said = json.loads(entry.detail)
    assert (entry.actor, entry.action, said["plan"], said["verdict"]) == (
        "hanako",
        "bench.record",
        "functional",
        "pass",
    )
    assert len(said["sha256"]) == 64


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "fail"}, "says fail"),
        ({"verdict": "not_measured"}, "says not_measured"),
        ({"verdict": "stopped"}, "says stopped"),
        ({"plan": "incoming"}, "has no functional record"),
        ({"unit": {"serial": "SN2"}}, "has no functional record"),
        ({"unit": {"simulated": True}}, "has no functional record"),
        ({"unit": {"board": "10000000ffffffff"}}, "is of another board than the one that asks"),
        ({"unit": {"board": ""}}, "is of another board than the one that asks"),
    ],
)
def test_no_other_record_does(fleet: Fleet, bring: Bring, now: datetime, changes: dict[str, Any], said: str) -> None:
    assert not bring(**changes).problem
    assert said in (complaint(fleet, now) or "")


def test_the_latest_record_counts_and_of_two_that_ended_together_the_worse(
    fleet: Fleet, bring: Bring, now: datetime
) -> None:
    bring(at=now - timedelta(days=2), verdict="fail")
    bring(at=now - timedelta(days=1))
    assert complaint(fleet, now) is None
    bring(at=now - timedelta(hours=1), verdict="stopped")
    assert "says stopped" in (complaint(fleet, now) or "")
    bring(at=now - timedelta(minutes=1))
    assert complaint(fleet, now) is None
    bring(at=now - timedelta(minutes=1), verdict="fail")
    assert "says fail" in (complaint(fleet, now) or "")


def test_the_policy_says_how_old_and_by_which_plan_and_limits(fleet: Fleet, bring: Bring, now: datetime) -> None:
    bring(at=now - timedelta(days=30))
    for bench, said in (
        (BenchSection(claim_needs="functional", max_age_days=29), "is older than 29 days"),
        (BenchSection(claim_needs="functional", plan_digests=["cc" * 32]), "a version of the plan"),
        (BenchSection(claim_needs="functional", limits_digests=["cc" * 32]), "with limits that this fleet"),
        (BenchSection(claim_needs="release"), "has no release record"),
    ):
        assert said in (complaint(fleet, now, bench=bench) or ""), said
    exact = BenchSection(claim_needs="functional", max_age_days=31, plan_digests=[PLAN], limits_digests=[LIMITS])
    assert complaint(fleet, now, bench=exact) is None


def test_a_simulated_record_is_good_for_simulated_units_alone(fleet: Fleet, bring: Bring, now: datetime) -> None:
    bring(unit={"simulated": True, "board": "simulated-1"})
    assert complaint(fleet, now, branch="simulation") is None
    assert complaint(fleet, now) is not None


def test_a_unit_that_goes_by_its_fleet_name_on_the_bench_is_the_same_unit(
    fleet: Fleet, bring: Bring, now: datetime
) -> None:
    bring(unit={"serial": "u-1"})
    assert complaint(fleet, now) is None


def test_only_a_station_that_is_believed_brings_records(fleet: Fleet, bring: Bring, now: datetime) -> None:
    stranger = ECKey.generate_key("P-256")
    assert "nobody here knows" in bring(signed_by=stranger, station="bench-2").problem
    assert "does not hold" in bring(signed_by=stranger).problem
    assert "clock is ahead" in bring(at=now + timedelta(days=1)).problem
    assert complaint(fleet, now) is not None
    with fleet.store.begin(now) as work:
        assert work.audit.entries("SN1") == [], "what is not believed leaves no trace of a unit"


def test_a_station_that_is_believed_no_more_takes_its_records_with_it(
    fleet: Fleet, bring: Bring, now: datetime
) -> None:
    bring()
    distrust(fleet, "bench-1", why="its key was copied", now=now, actor="hanako")
    assert complaint(fleet, now) == "the bench has no functional record of this unit"
    assert "nobody here knows" in bring(at=now - timedelta(hours=1)).problem
    with pytest.raises(BadConfig, match="no station of this name is believed"):
        distrust(fleet, "bench-1", why="again", now=now, actor="hanako")
    with pytest.raises(BadConfig, match="this key is known already, as bench-1's, and is withdrawn"):
        trust(fleet, "bench-3", fleet.places.folder / "bench-1.pem", why="", now=now, actor="hanako")


def test_a_station_changes_its_key_and_what_it_signed_before_counts_on(
    fleet: Fleet, bring: Bring, now: datetime, tmp_path: Path
) -> None:
    bring(at=now - timedelta(hours=2))
    newer = ECKey.generate_key("P-256")
    (tmp_path / "newer.pem").write_bytes(newer.as_pem(private=False))
    trust(fleet, "bench-1", tmp_path / "newer.pem", why="new disk", now=now, actor="hanako")
    assert complaint(fleet, now) is None
    assert "does not hold" in bring(at=now - timedelta(hours=1)).problem, "the old key signs no more"
    assert not bring(signed_by=newer, at=now - timedelta(minutes=1), verdict="fail").problem
    assert "says fail" in (complaint(fleet, now) or "")


def test_what_is_no_public_key_is_not_believed(fleet: Fleet, now: datetime, tmp_path: Path) -> None:
    private = ECKey.generate_key("P-256").as_pem(private=True)
    other = ECKey.generate_key("P-384").as_pem(private=False)
    for content, said in ((private, "a private key"), (other, "P-256"), (b"nothing", "is no key")):
        (tmp_path / "it.pem").write_bytes(content)
        with pytest.raises(BadConfig, match=said):
            trust(fleet, "bench-2", tmp_path / "it.pem", why="", now=now, actor="hanako")
    with pytest.raises(BadConfig, match="cannot be read"):
        trust(fleet, "bench-2", tmp_path / "none.pem", why="", now=now, actor="hanako")
    with pytest.raises(BadConfig, match="small letters"):
        trust(fleet, "Bench 2", tmp_path / "bench-1.pem", why="", now=now, actor="hanako")


def test_a_store_of_the_version_before_gets_what_it_lacks(
    url: str, open_store: Callable[..., FleetStore], now: datetime
) -> None:
    store = open_store(url, create=True)
    store.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as base:
        BENCH_RECORDS.drop(base)
        BENCH_STATIONS.drop(base)
        base.execute(META.update().where(META.c.key == "schema").values(value="1"))
    engine.dispose()
    for _ in range(2):
        again = open_store(url)
        with again.begin(now) as work:
            assert work.bench.records() == []
        again.close()


# --- over a real broker ------------------------------------------------------------------------------------------


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[PrivateFleet]:
    """A fleet with a broker, that asks for the record, and its worker."""
    with run_private_fleet(tmp_path / "fleet", branch="production", bench=GATE) as private:
        worker = private.fleet.worker(1)
        worker.start()
        try:
            assert worker.line.ready.wait(PATIENCE_S)
            yield private
        finally:
            worker.close()


class Patience(SystemClock):
    """A clock that jumps when told to, so that nobody waits for the end of a wait."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Ticket, list[str]], str]:
    """Claim as a unit does that loses its patience at the first no."""

    def claim(ticket: Ticket, said: list[str]) -> str:
        clock, home = Patience(), Home(tmp_path / "unit")
        monkeypatch.setattr("device.app.claiming.SystemClock", lambda: clock)

        def tell(waits: ClaimWaits) -> None:
            if waits.refused:
                said.append(waits.why)
                clock.ahead_s += PATIENCE_S

        return claim_unit(ticket, home, timeout_s=PATIENCE_S, tell=tell, hardware=HARDWARE).unit

    return claim


@pytest.mark.broker
def test_a_unit_without_its_record_hears_why_and_is_claimed_once_it_is_there(
    gated: PrivateFleet, tmp_path: Path, key: ECKey, ask: Callable[[Ticket, list[str]], str]
) -> None:
    folder = str(gated.fleet.places.folder)
    command = CliRunner()
    [made] = bring_in(
        gated.fleet, [NewUnit(name="u-1", serial="SN1", site="", profile="")], now=utc_now(), actor="tests"
    )
    home, said = Home(tmp_path / "unit"), list[str]()
    with pytest.raises(FleetSaysNo, match=r"not said yes within 30 s: the bench has no functional record of this unit"):
        ask(made.ticket, said)
    with pytest.raises(FleetSaysNo):
        ask(made.ticket, said)
    assert said == ["the bench has no functional record of this unit"] * 2
    assert not home.certificate.exists()
    shown = command.invoke(app, ["show", "SN1", "--fleet", folder])
    assert "a claim would be refused: the bench has no functional record of this unit" in shown.stdout
    with gated.fleet.store.begin(utc_now()) as work:
        assert [entry.action for entry in work.audit.entries("u-1")] == ["claim.refused", "import"]
        assert work.claims.of_unit("u-1")[0].refusals == 2, "counted each time, told once"

    found = command.invoke(app, ["doctor", "--fleet", folder])
    assert "no station of a bench is believed" in found.stdout
    trusted = ["records", "trust", "bench-1", str(tmp_path / "bench-1.pem"), "--why", "our bench", "--fleet", folder]
    assert command.invoke(app, trusted).exit_code == 0
    (tmp_path / "record.json").write_bytes(document(key, datetime.now(UTC)))
    (tmp_path / "forged.json").write_bytes(document(ECKey.generate_key("P-256"), datetime.now(UTC)))
    files = [str(tmp_path / "forged.json"), str(tmp_path / "record.json")]
    brought = command.invoke(app, ["records", "import", *files, "--fleet", folder])
    assert brought.exit_code == 1
    assert "forged.json: bench record: the signature does not hold" in brought.stdout
    assert "record.json: SN1 functional: pass" in brought.stdout

    assert ask(made.ticket, said) == "u-1"
    assert home.certificate.exists()
    [listed] = json.loads(command.invoke(app, ["records", "list", "--json", "--fleet", folder]).stdout)
    assert (listed["serial"], listed["station"], listed["plan_digest"]) == ("SN1", "bench-1", PLAN)
    [station] = json.loads(command.invoke(app, ["records", "stations", "--json", "--fleet", folder]).stdout)
    assert station["state"] == "trusted"
