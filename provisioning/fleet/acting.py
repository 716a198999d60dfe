"""What an admin does to a unit: revoke, quarantine, release, decommission. A transaction each, and then its effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from device.domain.errors import BadConfig, Fault
from provisioning.files import PUBLIC, write_atomically
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.orders import command
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.twinning import refresh_twin
from provisioning.knock import Door
from provisioning.revocation import BrokerHandle, enforce, withdrawn_in


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of it at the broker."""

    enforced: bool
    words: str


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
    effect = shut_out(fleet, unit.name, now=now)
    with fleet.store.begin(now, actor=actor) as work:
        work.audit.note("revocation.enforced" if effect.enforced else "revocation.waits", unit.name, why=effect.words)
    return effect


def withdraw(work: Transaction, unit: str) -> None:
    """Note that nothing that a unit is known by is good any more."""
    work.certificates.withdraw(unit)
    work.claims.withdraw(unit)


def shut_out(fleet: Fleet, name: str, *, now: datetime) -> Effect:
    """Write the revocation list anew, have the broker read it, end the session of `name`.

    Raise BadConfig or Fault when the list cannot be written; a broker that does not answer is told of in the effect.
    """
    write_list(fleet, now=now)
    try:
        enforce(BrokerHandle(broker_pid(fleet.places.pid_file), admin_door(fleet)), name)
    except (Fault, BadConfig) as problem:
        words = (
            f"the list is written, the broker was not told: {problem}. It is refused from the broker's next start on; "
            "start the broker, then give the command again"
        )
        return Effect(enforced=False, words=words)
    return Effect(enforced=True, words="refused and disconnected")


def write_list(fleet: Fleet, *, now: datetime) -> None:
    """Write the revocation list from the store; what is on it already stays on it."""
    authority = fleet.authority()
    path = fleet.places.revoked
    listed = withdrawn_in(path)
    with fleet.store.begin(now) as work:
        wanted = work.certificates.withdrawn() | listed
    if wanted.keys() != listed.keys():
        write_atomically(path, authority.revocation_list(wanted, now=now), mode=PUBLIC)


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
    return shut_out(fleet, unit.name, now=now).words


def broker_pid(path: Path) -> int:
    """Return the broker's process id from its file. Raise BadConfig when it is not there or is no mosquitto's."""
    try:
        pid = int(path.read_text(encoding="ascii"))
        program = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise BadConfig("no broker of this fleet runs on this machine", where=str(path)) from error
    if program != "mosquitto":
        raise BadConfig(f"process {pid} is {program}, not mosquitto: the broker has ended", where=str(path))
    return pid


def admin_door(fleet: Fleet) -> Door:
    """Return the way to the broker that this machine alone has."""
    return Door(
        host="127.0.0.1",
        port=fleet.plan.broker.admin_port,
        authority=fleet.places.authority_certificate,
        certificate=fleet.places.service_certificate,
        key=fleet.places.service_key,
    )


def _change_mode(fleet: Fleet, name: str, state: UnitState, *, why: str, now: datetime, actor: str) -> None:
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        work.units.move(unit, state, why)
        work.audit.note(f"unit.{state.value}", unit.name, why=why)
        refresh_twin(work, unit, why=why, state=state)
