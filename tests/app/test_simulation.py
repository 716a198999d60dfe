from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.app import simulation
from device.app.cli import app
from device.domain.reasons import Reason
from device.domain.secrets import PASSCODE_LENGTHS
from device.sim.day.people import CLINICS, VISITORS
from device.sim.day.times import TIMES, Thing


def test_the_same_seed_gives_the_same_day() -> None:
    first, _ = simulation.simulate(300, seed=7, clinic="blanket", service_s=0.0)
    second, _ = simulation.simulate(300, seed=7, clinic="blanket", service_s=0.0)
    other, _ = simulation.simulate(300, seed=8, clinic="blanket", service_s=0.0)

    assert first == second != other


@pytest.mark.parametrize("clinic", CLINICS)
def test_every_visitor_at_every_clinic_comes_to_an_end(clinic: str) -> None:
    outcomes, _ = simulation.simulate(1500, seed=3, clinic=clinic, service_s=0.5)

    assert {outcome.kind for outcome in outcomes} >= {visitor.kind for visitor in VISITORS if visitor.share >= 10}
    assert all(outcome.reason is not None for outcome in outcomes)
    assert all(0 < outcome.seconds < 180 for outcome in outcomes)


def test_a_cooperative_visitor_needs_eight_seconds_at_most_and_no_key_where_the_card_answers() -> None:
    rows = {row["clinic"]: row for row in simulation.cooperative(seed=1, visits=300)}

    assert rows["blanket-by-card"]["median_keys"] == 0
    assert rows["blanket"]["median_keys"] == 1
    for clinic in ("blanket-by-card", "blanket", "items", "blanket-prescription"):
        assert rows[clinic]["median_s"] <= 8
        assert rows[clinic]["median_keys"] <= 2


def test_visitors_end_as_they_should() -> None:
    outcomes, cpu_s = simulation.simulate(3000, seed=5, clinic="blanket", service_s=0.0)
    endings = {
        kind["kind"]: set(kind["endings"])
        for kind in simulation.report(outcomes, cpu_s, seed=5, clinic="blanket", service_s=0.0)["kinds"]
    }

    assert endings["knows the unit, by face"] == {Reason.QUALIFIED}
    assert endings["walks away"] == {Reason.TIMED_OUT}
    assert endings["service down"] == {Reason.SERVICE_UNREACHABLE}
    assert endings["child, by attendant"] == {Reason.QUALIFIED}
    assert endings["pulls the card away"] <= {Reason.CARD_REMOVED, Reason.QUALIFIED}


def test_every_time_has_a_source() -> None:
    assert set(TIMES) == set(Thing)
    assert all(it.low <= it.mode <= it.high and it.source for it in TIMES.values())


def test_the_command_reports_as_json_and_draws(tmp_path: Path) -> None:
    picture = tmp_path / "day.svg"
    run = CliRunner().invoke(app, ["simulate", "--visits", "200", "--seed", "2", "--plot", str(picture), "--json"])

    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert (found["visits"], found["seed"], sum(found["endings"].values())) == (200, 2, 200)
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


def test_the_command_speaks_to_people_and_lists_its_times() -> None:
    told = CliRunner().invoke(app, ["simulate", "--visits", "50"])
    times = CliRunner().invoke(app, ["simulate", "--times", "--json"])

    assert "visits per second of CPU" in told.stdout.replace("\n", " ")
    assert len(json.loads(times.stdout)) == len(TIMES) + 1


def test_a_passcode_becomes_a_hash_that_does_not_show_it() -> None:
    runner = CliRunner()
    good = runner.invoke(app, ["attendant", "hash", "--json"], input="482913\n482913\n")
    short = runner.invoke(app, ["attendant", "hash"], input="1234\n1234\n")

    assert json.loads(good.stdout.splitlines()[-1])["hash"].startswith("$argon2id$")
    assert "482913" not in good.stdout
    assert short.exit_code != 0
    assert f"{PASSCODE_LENGTHS[0]} to {PASSCODE_LENGTHS[-1]} digits" in str(short.exception)
