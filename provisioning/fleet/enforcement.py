"""Making the broker hold to what the store says: the revocation list, and the end of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.domain.errors import BadConfig, Fault
from device.whole_file import PUBLIC
from provisioning.files import write_whole
from provisioning.fleet.store.transaction import Transaction
from provisioning.knock import Door
from provisioning.revocation import BrokerHandle, enforce, withdrawn_in

if TYPE_CHECKING:
    from provisioning.fleet.fleet import Fleet

SHUT_OUT_JOB = "shut_out"
"""The job of a worker after a unit said its last word."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of it at the broker."""

    enforced: bool
    words: str


def shut_out(fleet: Fleet, work: Transaction, name: str) -> Effect:
    """Write the revocation list anew, have the broker read it, end the session of `name`.

    Raise BadConfig or Fault when the list cannot be written; a broker that does not answer is told of in the effect.
    """
    write_list(fleet, work)
    try:
        enforce(BrokerHandle(broker_pid(fleet.places.pid_file), admin_door(fleet)), name)
    except (Fault, BadConfig) as problem:
        words = (
            f"the list is written, the broker was not told: {problem}. It is refused from the broker's next start on; "
            "start the broker, then give the command again"
        )
        return Effect(enforced=False, words=words)
    return Effect(enforced=True, words="refused and disconnected")


def write_list(fleet: Fleet, work: Transaction) -> None:
    """Write the revocation list from the store; what is on it already stays on it."""
    authority = fleet.authority()
    path = fleet.places.revoked
    listed = withdrawn_in(path)
    wanted = work.certificates.withdrawn() | listed
    if wanted.keys() != listed.keys():
        write_whole(path, authority.revocation_list(wanted, now=work.now), mode=PUBLIC)


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
