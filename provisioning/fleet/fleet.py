"""A fleet that is open: plan, store, keys, broker. Command line, service and console act through it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device.domain.errors import BadConfig
from device.wire import topics
from device.wire.sealing import Signer
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.claiming import ClaimDesk
from provisioning.fleet.create import load_authority, load_claims_authority, read_audit_key
from provisioning.fleet.desk import Desk, DoJob, Hear
from provisioning.fleet.enforcement import SHUT_OUT_JOB, shut_out
from provisioning.fleet.hearing import UnitDesk
from provisioning.fleet.issuing import Issuer
from provisioning.fleet.line import WorkerDoor, WorkerLine
from provisioning.fleet.orders import COMMAND_JOB, OrderDesk, wait
from provisioning.fleet.plan import FleetPlan, Places, load_plan
from provisioning.fleet.say import Say
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.jobs import Job
from provisioning.fleet.store.states import JobState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.twinning import TWIN_JOB
from provisioning.fleet.update_trust import trust_desk
from provisioning.fleet.worker import Worker
from provisioning.pki import SiteAuthority
from provisioning.rollouts.desk import ROLLOUT_JOB, UPDATE_JOB, RolloutDesk

SHUT_OUT_ATTEMPTS = 5
"""A broker that is not there reads the list when it starts; what is tried is to end a session."""

PASSPHRASE = "UKETSUKE_FLEET_PASSPHRASE_FILE"  # noqa: S105  the name of a variable
"""Names the file with the passphrase of both authorities' keys; a systemd credential, for example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """One fleet. Authorities are read when they are needed: most commands need none."""

    places: Places
    plan: FleetPlan
    store: FleetStore
    passphrase: bytes | None = field(default=None, repr=False)

    def authority(self) -> SiteAuthority:
        """Return what signs units. Raise BadConfig saying what to do."""
        return load_authority(self.places, self.passphrase)

    def claims_authority(self) -> SiteAuthority:
        """Return what signs tickets. Raise BadConfig saying what to do."""
        return load_claims_authority(self.places, self.passphrase)

    def signer(self) -> Signer:
        """Return what signs orders. Raise BadConfig naming the file that cannot be read."""
        try:
            return Signer.load(self.places.service_key.read_bytes(), self.places.service_certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise BadConfig(
                f"the service's identity cannot be read: {error}", where=str(self.places.service)
            ) from error

    def issuer(self) -> Issuer:
        """Return what makes units."""
        return Issuer(
            authority=self.authority(),
            claims=self.claims_authority(),
            lifetime=self.plan.certificate_lifetime,
            rescue=timedelta(days=self.plan.claims.rescue_days),
        )

    def desk(
        self, worker: str, *, hears: dict[topics.Up, Hear] | None = None, does: dict[str, DoJob] | None = None
    ) -> Desk:
        """Return a worker's head; `hears` and `does` are further kinds of messages and jobs."""
        issuer = self.issuer()
        orders = OrderDesk(self.signer())
        rollouts = RolloutDesk(orders.signer)
        units = UnitDesk(orders, issuer, timedelta(days=self.plan.service.log_days))
        return Desk(
            self.store,
            ClaimDesk(issuer, self.plan, self.places.clinic_key, trust_desk(self.plan, self.places, orders.signer)),
            hears={
                topics.Up.STATUS: units.status,
                topics.Up.HEALTH: units.health,
                topics.Up.TWIN: units.twin,
                topics.Up.CSR: units.csr,
                topics.Up.DIAG: units.diagnosis,
                topics.Up.JOB: rollouts.hear,
                **(hears or {}),
            },
            does={
                TWIN_JOB: orders.do_twin,
                COMMAND_JOB: orders.do_command,
                ROLLOUT_JOB: rollouts.do_rollout,
                UPDATE_JOB: rollouts.do_update,
                SHUT_OUT_JOB: self._do_shut_out,
                **(does or {}),
            },
            worker=worker,
        )

    def _do_shut_out(self, work: Transaction, job: Job) -> list[Say]:
        effect = shut_out(self, work, job.unit or "")
        done = effect.enforced or job.attempts >= SHUT_OUT_ATTEMPTS
        state = JobState.SUCCEEDED if effect.enforced else JobState.FAILED if done else JobState.QUEUED
        work.jobs.settle(job.job, state, outcome={"words": effect.words}, due_at=work.now + wait(job.attempts))
        return []

    def worker(self, number: int, *, admin_port: int | None = None) -> Worker:
        """Return worker `number` of this fleet (1 to …); its name is stable, so that what was handed to it finds it."""
        name = f"fleet-worker-{number}"
        desk = self.desk(name)
        line = WorkerLine(self.door(name, admin_port=admin_port), subscriptions(self.plan, desk))
        return Worker(line, desk, clock=utc_now, name=name)

    def door(self, client_id: str, *, admin_port: int | None = None) -> WorkerDoor:
        """Return the way to the broker for the service."""
        return WorkerDoor(
            host="127.0.0.1",
            port=admin_port or self.plan.broker.admin_port,
            authority=self.places.authority_certificate,
            certificate=self.places.service_certificate,
            key=self.places.service_key,
            client_id=client_id,
        )


def subscriptions(plan: FleetPlan, desk: Desk) -> list[str]:
    """Return what a worker hears."""
    return [f"{CLAIM_MOUNT}{topics.claim_request('+')}", *(f"{plan.branch}/+/up/{leaf}" for leaf in desk.subscriptions)]


@contextlib.contextmanager
def open_fleet(folder: Path, *, passphrase: bytes | None = None) -> Iterator[Fleet]:
    """Open the fleet of a folder; close its store on leaving. Raise BadConfig saying what to do."""
    plan = load_plan(folder)
    places = Places(folder)
    store = FleetStore(places.store_url(plan), audit_key=read_audit_key(places))
    with contextlib.closing(store):
        yield Fleet(places=places, plan=plan, store=store, passphrase=passphrase)


def passphrase_from(path: Path | None) -> bytes | None:
    """Return the passphrase in a file, or in the one that the environment names; None where neither is.

    Raise BadConfig when it cannot be read.
    """
    named = os.environ.get(PASSPHRASE)
    path = path or (Path(named) if named else None)
    if path is None:
        return None
    try:
        passphrase = path.read_bytes().strip()
    except OSError as error:
        raise BadConfig(f"the passphrase cannot be read: {error.strerror}", where=str(path)) from error
    if not passphrase:
        raise BadConfig("there is no passphrase in it", where=str(path))
    return passphrase


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
