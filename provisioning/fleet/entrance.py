"""Units come in: a list is imported, tickets are written, one file per unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from device.domain.errors import BadConfig
from device.whole_file import PRIVATE
from device.wire.texts import Sentence, Text
from device.wire.ticket import Ticket
from provisioning.files import write_whole
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.importing import Problem, make_ticket, new_claim, new_units, read_list
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import NewUnit, Unit

_KNOWN = Text(ja="{serial} はすでに端末群にあります。", en="{serial} is in the fleet already")


@dataclass(frozen=True, slots=True)
class Ticketed:
    """A unit, its ticket, and where that lies."""

    unit: NewUnit | Unit
    ticket: Ticket
    file: Path


def look_at(fleet: Fleet, path: Path, *, now: datetime) -> tuple[list[NewUnit], list[Problem]]:
    """Return the units that a list in a file would bring, and everything that is wrong with it.

    Raise BadConfig for a file that cannot be read or is no such list.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
    return look_at_list(fleet, raw, now=now, where=str(path))


def look_at_list(fleet: Fleet, raw: bytes, *, now: datetime, where: str) -> tuple[list[NewUnit], list[Problem]]:
    """Return the units that a list would bring, and everything that is wrong with it, also beside the fleet's units."""
    rows, problems = read_list(raw, where=where)
    with fleet.store.look(now) as work:
        known = work.units.known_serials([row.serial for row in rows])
    problems += [
        Problem(row.line, "serial", Sentence(_KNOWN, {"serial": row.serial})) for row in rows if row.serial in known
    ]
    return new_units(rows, fleet.plan.branch), sorted(problems, key=lambda problem: problem.line)


def bring_in(
    fleet: Fleet,
    units: Sequence[NewUnit],
    *,
    now: datetime,
    actor: str,
    step: Callable[[], None] = lambda: None,
) -> list[Ticketed]:
    """Add units with a ticket each; `step` is told of each. Raise BadConfig or Fault, and none of them is added."""
    with fleet.store.begin(now, actor=actor) as work:
        work.units.add(units)
        made = _tickets(fleet, units, now=now, step=step)
        work.claims.add(
            ((one.ticket.claim, one.unit.name) for one in made),
            until=now + timedelta(days=fleet.plan.claims.ticket_days),
        )
        for unit in units:
            work.audit.note("import", unit.name, serial=unit.serial, site=unit.site, profile=unit.profile)
    return made


def new_ticket(fleet: Fleet, name: str, *, now: datetime, actor: str) -> Ticketed:
    """Give a unit a new ticket in place of the earlier one. Raise BadConfig for a unit that is in service."""
    with fleet.store.begin(now, actor=actor) as work:
        unit = work.units.find(name)
        if unit.state is not UnitState.IMPORTED:
            work.units.move(unit, UnitState.IMPORTED, "gets a new ticket")
        [made] = _tickets(fleet, [unit], now=now, step=lambda: None)
        until = now + timedelta(days=fleet.plan.claims.ticket_days)
        work.certificates.withdraw(unit.name)
        work.claims.add([(made.ticket.claim, unit.name)], until=until)
        work.units.alarm(unit.name, None)
        work.audit.note("ticket", unit.name, claim=made.ticket.claim, until=f"{until:%Y-%m-%d}")
    return made


def _tickets(
    fleet: Fleet, units: Iterable[NewUnit | Unit], *, now: datetime, step: Callable[[], None]
) -> list[Ticketed]:
    signer = fleet.claims_authority()
    authority = _certificate(fleet)
    made = []
    for unit in units:
        ticket = make_ticket(
            new_claim(),
            signer=signer,
            fleet=authority,
            host=fleet.plan.broker.host,
            port=fleet.plan.broker.claim_port,
            now=now,
            lifetime=timedelta(days=fleet.plan.claims.ticket_days),
        )
        file = fleet.places.tickets / f"{unit.serial}.ticket"
        write_whole(file, f"{ticket.text()}\n".encode(), mode=PRIVATE)
        made.append(Ticketed(unit, ticket, file))
        step()
    return made


def _certificate(fleet: Fleet) -> x509.Certificate:
    path = fleet.places.authority_certificate
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig(
            "the authority's certificate cannot be read: bring it back from a backup", where=str(path)
        ) from error
