"""A job that ends in an error nobody thought of costs nobody else theirs, is named, and is tried again."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from typer.testing import CliRunner

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from provisioning.fleet.cli import app
from provisioning.fleet.desk import Desk
from provisioning.fleet.enforcement import SHUT_OUT_JOB
from provisioning.fleet.fleet import Fleet, open_fleet
from provisioning.fleet.metrics import figures
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.say import Say
from provisioning.fleet.store.failures import AGAIN, LONGEST
from provisioning.fleet.store.jobs import Job, NewJob
from provisioning.fleet.store.states import JobState
from provisioning.fleet.store.transaction import Transaction

NOW = datetime.now(UTC)
"""The command line asks the real clock."""
PATIENCE_S = 30.0
SECRET = "kept-out-of-the-journal"


@pytest.fixture
def fleet(tmp_path: Path, url: str) -> Iterator[Fleet]:
    """A fleet on each base; nobody is in it."""
    made = CliRunner().invoke(app, ["init", str(tmp_path / "fleet"), "--host", "broker.example", "--store", url])
    assert made.exit_code == 0, made.output
    with open_fleet(tmp_path / "fleet") as fleet:
        yield fleet


class Duty:
    """Jobs of one kind: it says each one's number, and fails as it is told while it is told."""

    def __init__(self) -> None:
        self.harms: dict[int, Callable[[Transaction, Job], None]] = {}

    def __call__(self, work: Transaction, job: Job) -> list[Say]:
        number = job.order["n"]
        work.audit.note("duty.done", f"n{number}")
        work.jobs.settle(job.job, JobState.SUCCEEDED, outcome={"n": number})
        if number in self.harms:
            self.harms[number](work, job)
        return [Say(f"n{number}", b"", 1)]


def forget_something(_work: Transaction, _job: Job) -> None:
    raise KeyError(SECRET)


def be_refused(_work: Transaction, _job: Job) -> None:
    raise BadConfig("the key is not there", where="authority")


def break_a_rule_of_the_base(work: Transaction, _job: Job) -> None:
    work.jobs.add([NewJob(kind="duty", unit="nobody by this name", order={})])


def leave_behind_what_cannot_be_kept(work: Transaction, _job: Job) -> None:
    work.audit.note("duty.done", None)  # type: ignore[arg-type]  # refused only when the transaction ends


def ordered(fleet: Fleet, how_many: int) -> list[str]:
    with fleet.store.begin(NOW) as work:
        return work.jobs.add(NewJob(kind="duty", order={"n": number}) for number in range(how_many))


def named_by_the_doctor(fleet: Fleet) -> list[dict[str, str]]:
    place = ["--fleet", str(fleet.places.folder)]
    result = CliRunner().invoke(app, ["doctor", "--offline", "--json", *place])
    found: list[dict[str, str]] = json.loads(result.output)
    assert result.exit_code == (1 if found else 0)
    return found


def work_at(desk: Desk, now: datetime) -> list[str]:
    return sorted(said.topic for said in desk.work(now))


@pytest.mark.parametrize(
    "harm", [forget_something, be_refused, break_a_rule_of_the_base, leave_behind_what_cannot_be_kept]
)
def test_one_job_that_fails_costs_no_other_job_anything(
    fleet: Fleet, harm: Callable[[Transaction, Job], None], caplog: pytest.LogCaptureFixture
) -> None:
    duty = Duty()
    desk = fleet.desk("fleet-worker-1", does={"duty": duty})
    jobs = ordered(fleet, 5)
    duty.harms[2] = harm
    with caplog.at_level(logging.ERROR):
        assert work_at(desk, NOW) == ["n0", "n1", "n3", "n4"]

    with fleet.store.look(NOW) as work:
        states = [one.state for job in jobs if (one := work.jobs.get(job)) is not None]
        audited = sorted(entry.subject for entry in work.audit.entries() if entry.action == "duty.done")
    assert audited == ["n0", "n1", "n3", "n4"], "of the failed one nothing is kept"
    assert states == [JobState.QUEUED if number == 2 else JobState.SUCCEEDED for number in range(5)]
    assert desk.counts["job_duty"] == len(jobs) - 1
    assert desk.counts["job_failed"] == 1
    [line] = [record.getMessage() for record in caplog.records]
    assert jobs[2] in line, "the journal names the job"
    assert f"in {harm.__name__}" in line or "in write" in line, "and tells the way to the error"
    assert SECRET not in line


def test_it_is_named_until_it_goes_well_and_tried_ever_more_rarely(fleet: Fleet) -> None:
    duty = Duty()
    desk = fleet.desk("fleet-worker-1", does={"duty": duty})
    [job] = ordered(fleet, 1)
    duty.harms[0] = forget_something
    now, waits = NOW, []
    for times in range(1, 13):
        assert work_at(desk, now) == []
        assert work_at(desk, now) == [], "it does not run in a circle"
        assert desk.counts["job_failed"] == times
        with fleet.store.look(now) as work:
            [failure] = work.failures.listed()
        assert (failure.job, failure.times) == (job, times)
        waits.append(failure.due_at - now)
        now = failure.due_at
    assert waits[:3] == [AGAIN, 2 * AGAIN, 4 * AGAIN]
    assert waits[-1] == LONGEST

    [found] = named_by_the_doctor(fleet)
    assert (found["level"], found["what"]) == ("error", f"job {job} (duty of the fleet)")
    assert "failed 12 times in a row" in found["words"]
    assert "KeyError in test_jobs_that_fail.py" in found["words"]
    assert "uketsuke_fleet_jobs_failing 1" in figures(fleet, desk.counts)

    duty.harms.clear()
    assert work_at(desk, now) == ["n0"]
    assert named_by_the_doctor(fleet) == []
    assert "uketsuke_fleet_jobs_failing 0" in figures(fleet, desk.counts)
    with fleet.store.look(now) as work:
        done = work.jobs.get(job)
    assert done is not None
    assert (done.state, done.outcome) == (JobState.SUCCEEDED, {"n": 0})


def test_a_job_that_comes_round_again_is_well_after_a_turn_that_went_well(fleet: Fleet) -> None:
    harmed = [True]

    def come_round(work: Transaction, job: Job) -> list[Say]:
        if harmed[0]:
            raise KeyError(job.job)
        work.jobs.settle(job.job, JobState.QUEUED, due_at=work.now + timedelta(seconds=1))
        return []

    desk = fleet.desk("fleet-worker-1", does={"duty": come_round})
    ordered(fleet, 1)
    desk.work(NOW)
    assert len(named_by_the_doctor(fleet)) == 1
    harmed[0] = False
    desk.work(NOW + AGAIN)
    assert named_by_the_doctor(fleet) == []


def test_a_base_that_goes_away_in_the_middle_is_nobodys_failure(fleet: Fleet) -> None:
    def lose_the_base(work: Transaction, job: Job) -> list[Say]:
        raise Fault(f"{job.job} at {work.now}: gone", part="store", reason=Reason.INTERNAL_FAULT)

    desk = fleet.desk("fleet-worker-1", does={"duty": lose_the_base})
    ordered(fleet, 2)
    with pytest.raises(Fault, match="gone"):
        desk.work(NOW)
    assert named_by_the_doctor(fleet) == []


def test_a_unit_that_could_not_be_shut_out_for_want_of_the_authority_is_when_it_is_back(fleet: Fleet) -> None:
    desk = fleet.desk("fleet-worker-1")
    with fleet.store.begin(NOW) as work:
        work.jobs.add([NewJob(kind=SHUT_OUT_JOB, order={})])
    key = fleet.places.authority_key
    away = key.rename(key.with_suffix(".away"))
    desk.work(NOW)
    assert any(one["what"].endswith(f"({SHUT_OUT_JOB} of the fleet)") for one in named_by_the_doctor(fleet))

    away.rename(key)
    desk.work(NOW + AGAIN)
    assert not any(SHUT_OUT_JOB in one["what"] for one in named_by_the_doctor(fleet))


@pytest.mark.broker
def test_a_process_whose_worker_ended_ends_with_an_error(running: PrivateFleet) -> None:
    folder = running.fleet.places.folder
    ordered(running.fleet, 1)
    engine = create_engine(f"sqlite:///{folder / 'fleet.sqlite'}")
    with engine.begin() as base:
        # A row that no program of ours wrote: it fails before there is a job that could be put off.
        base.exec_driver_sql("UPDATE jobs SET kind = 'command', outcome = 'no JSON'")
    engine.dispose()

    command = [sys.executable, "-m", "provisioning.fleet.cli", "serve", "--fleet", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)

    assert ended.returncode == 1, ended.stderr
    assert "fleet-worker-1 ended\n" in ended.stderr, "the journal has the way to the error"
    assert "in take" in ended.stderr
    assert "uketsuke-fleet: fleet-worker-1 ended by an error" in ended.stderr
