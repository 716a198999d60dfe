"""What the fleet tells its units, signed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.fleet import Command, Order, SignedOrder, TwinWanted
from device.wire.sealing import Signer
from provisioning.fleet.say import Say
from provisioning.fleet.store.jobs import Job, NewJob
from provisioning.fleet.store.states import JobState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.twins import Twin
from provisioning.fleet.twinning import QUARANTINED

ORDER_EXPIRY_S = 7 * 86_400
"""The broker keeps an order for a unit that is off. Older ones come anew: a unit says at each start what it has."""
AGAIN = timedelta(minutes=10)
"""A job whose unit said nothing is sent once more after this; the wait doubles."""
LONGEST = timedelta(hours=12)
COMMAND_JOB = "command"
COMMAND_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Signs and sends orders; does the jobs `twin` and `command`."""

    signer: Signer

    def say(self, unit: str, order: Order, *, expiry_s: int = ORDER_EXPIRY_S) -> Say:
        """Return an order as a message."""
        leaf = topics.Down.TWIN if isinstance(order, TwinWanted) else topics.Down.COMMAND
        signed = SignedOrder(jws=self.signer.sign(encode(order)))
        return Say(topics.down(UnitId(unit), leaf), encode(signed), expiry_s)

    def send_twin(self, work: Transaction, twin: Twin) -> Say:
        """Return a unit's document as a message."""
        order = TwinWanted(
            unit=twin.unit,
            version=twin.version,
            mode="quarantined" if twin.mode == QUARANTINED else "serve",
            settings=twin.settings,
            issued_at=work.now,
        )
        return self.say(twin.unit, order)

    def do_twin(self, work: Transaction, job: Job) -> list[Say]:
        """Send a unit its newest document, until it has it; an older one is nobody's business any more."""
        unit = work.units.get(job.unit or "")
        twin = None if unit is None else work.twins.get(unit.name)
        if unit is None or twin is None or twin.version != job.order.get("version"):
            work.jobs.settle(job.job, JobState.CANCELLED, outcome={"why": "a newer version took its place"})
            return []
        if unit.twin_reported >= twin.version:
            work.jobs.settle(job.job, JobState.SUCCEEDED)
            return []
        work.jobs.settle(job.job, JobState.SENT, due_at=work.now + wait(job.attempts))
        return [self.send_twin(work, twin)]

    def do_command(self, work: Transaction, job: Job) -> list[Say]:
        """Send a command, until it is answered or too late."""
        until = job.made_at + COMMAND_LIFETIME
        if work.now >= until:
            work.jobs.settle(job.job, JobState.TIMED_OUT, outcome={"why": "the unit did not answer"})
            work.audit.note("command.timed_out", job.unit or "", what=str(job.order.get("what")))
            return []
        order = Command(command_id=job.job, unit=job.unit or "", what=job.order["what"], until=until)
        left_s = int((until - work.now).total_seconds()) + 1
        work.jobs.settle(job.job, JobState.SENT, due_at=min(work.now + wait(job.attempts), until))
        return [self.say(order.unit, order, expiry_s=left_s)]


def wait(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return min(AGAIN * (1 << min(attempts, 10)), LONGEST)


def command(work: Transaction, unit: str, what: Literal["send_logs", "renew", "wipe"]) -> str:
    """Have a command sent; return its name."""
    [job] = work.jobs.add([NewJob(kind=COMMAND_JOB, unit=unit, order={"what": what})])
    work.audit.note("command", unit, what=what, command=job)
    return job


def new_id() -> str:
    """Return a name for something that is asked once."""
    return secrets.token_hex(8)
