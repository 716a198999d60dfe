"""Whether a unit's record on the bench lets it be claimed, and if not, why: words for its admin and its installer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from device.wire.bench_record import PASSED
from device.wire.board import board_digest
from provisioning.broker import Branch
from provisioning.fleet.plan import FleetPlan
from provisioning.fleet.store.bench import BenchRecord
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.units import Unit


def bench_complaint(work: Transaction, plan: FleetPlan, unit: Unit, *, hardware: str | None) -> str | None:
    """Return why this unit may not be claimed, None where it may.

    `hardware` is the digest that the board says of itself; None where no board has asked yet.
    """
    if not plan.bench.claim_needs:
        return None
    # A unit that was claimed before tells the bench the name that it got then.
    return complaint(work.bench.records({unit.serial, unit.name}), plan, hardware=hardware, now=work.now)


def complaint(records: Iterable[BenchRecord], plan: FleetPlan, *, hardware: str | None, now: datetime) -> str | None:
    """Return what is wrong with a unit's records; the latest of the plan is the one that counts."""
    wanted = plan.bench
    tried = [record for record in records if record.plan == wanted.claim_needs]
    if plan.branch is Branch.PRODUCTION:
        tried = [record for record in tried if not record.simulated]
    if not tried:
        return f"the bench has no {wanted.claim_needs} record of this unit"
    # Of two that ended together, the worse one.
    latest = max(tried, key=lambda record: (record.ended, record.verdict != PASSED))
    named = f"the {wanted.claim_needs} record of {latest.ended:%Y-%m-%d} ({latest.record[:8]})"
    if latest.verdict != PASSED:
        return f"{named} says {latest.verdict}"
    if latest.ended < now - timedelta(days=wanted.max_age_days):
        return f"{named} is older than {wanted.max_age_days} days"
    if wanted.plan_digests and latest.plan_digest not in wanted.plan_digests:
        return f"{named} was made by a version of the plan that this fleet does not take"
    if wanted.limits_digests and latest.limits_digest not in wanted.limits_digests:
        return f"{named} was made with limits that this fleet does not take"
    if hardware is not None and not latest.simulated and board_digest(latest.board.encode()) != hardware:
        return f"{named} is of another board than the one that asks"
    return None
