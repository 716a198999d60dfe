"""What an admin does to a unit: revoke, quarantine, release, decommission. A transaction each, and then its effect."""

from __future__ import annotations

from datetime import datetime

from device.domain.errors import BadConfig
from provisioning.fleet.enforcement import Effect, shut_out
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.orders import command
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.twinning import refresh_twin


def revoke(fleet: Fleet, name: str, *, why: str, now: datetime, actor: str) -> Effect:
    """Withdraw everything that a unit is known by, and end its connection.

    Done again it does the second half again. Raise BadConfig for a unit that is not there or was decommissioned.
    """
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        if unit.state is not UnitState.REVOKED:
            work.units.move(unit, UnitState.REVOKED, why)
            withdraw(work, unit.name)
        work.audit.note("unit.revoked", unit.name, why=why)
    # What was decided is kept, whether the broker is there or not.
    with fleet.store.begin(now, actor=actor) as work:
        effect = shut_out(fleet, work, unit.name)
        work.audit.note("revocation.enforced" if effect.enforced else "revocation.waits", unit.name, why=effect.words)
    return effect


def withdraw(work: Transaction, unit: str) -> None:
    """Note that nothing that a unit is known by is good any more."""
    work.certificates.withdraw(unit)
    work.claims.withdraw(unit)


def quarantine(fleet: Fleet, name: str, *, why: str, now: datetime, actor: str) -> None:
    """Let a unit serve no visitor; it still says how it is and takes settings. A worker tells it at once."""
    _change_mode(fleet, name, UnitState.QUARANTINED, why=why, now=now, actor=actor)


def release(fleet: Fleet, name: str, *, why: str, now: datetime, actor: str) -> None:
    """Let a quarantined unit serve again."""
    _change_mode(fleet, name, UnitState.ACTIVE, why=why, now=now, actor=actor)


def decommission(fleet: Fleet, name: str, *, written_off: bool, why: str, now: datetime, actor: str) -> str:
    """Have a unit wipe itself; its signed receipt decommissions it. Return what happens next.

    `written_off` is for a unit that cannot answer any more: it is revoked and decommissioned without a receipt.
    """
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        if not written_off:
            if unit.state not in {UnitState.ACTIVE, UnitState.QUARANTINED}:
                raise BadConfig(f"it is {unit.state} and hears nothing; use --written-off", where=unit.name)
            job = command(work, unit.name, "wipe")
            work.audit.note("unit.wipe_ordered", unit.name, why=why, command=job)
            return f"told to wipe itself; its signed receipt comes as {job}"
        work.units.move(unit, UnitState.DECOMMISSIONED, f"written off: {why}")
        withdraw(work, unit.name)
        work.audit.note("unit.written_off", unit.name, why=why)
    with fleet.store.begin(now, actor=actor) as work:
        return shut_out(fleet, work, unit.name).words


def clear_alarm(fleet: Fleet, name: str, *, why: str, now: datetime, actor: str) -> None:
    """Put a unit's alarm out, after somebody has looked."""
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        work.units.alarm(unit.name, None)
        work.audit.note("alarm.cleared", unit.name, why=why, was=unit.alarm)


def _change_mode(fleet: Fleet, name: str, state: UnitState, *, why: str, now: datetime, actor: str) -> None:
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        work.units.move(unit, state, why)
        work.audit.note(f"unit.{state.value}", unit.name, why=why)
        refresh_twin(work, unit, why=why, state=state)
