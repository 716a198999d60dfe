"""Labels of units that wait for their claim, from the tickets that lie here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from device.domain.errors import BadConfig
from device.wire.ticket import read_ticket
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.labels import Label


def labels_of(fleet: Fleet, units: Sequence[str], *, now: datetime) -> list[Label]:
    """Return the labels of these units, by name or serial number; of all whose ticket is here and good otherwise.

    Raise BadConfig for a named unit without a ticket.
    """
    with fleet.store.look(now) as work:
        chosen = [work.units.find(name) for name in units] if units else work.units.listed()
    labels = []
    for unit in chosen:
        file = fleet.places.tickets / f"{unit.serial}.ticket"
        if not file.exists() and not units:
            continue
        try:
            ticket = read_ticket(file.read_text(encoding="ascii"), where=str(file))
        except (OSError, UnicodeDecodeError) as error:
            again = f"`uketsuke-fleet claim {unit.serial}` makes a new one"
            raise BadConfig(f"no ticket here; {again}", where=str(file)) from error
        if ticket.until > now:
            labels.append(Label(unit.serial, unit.site, ticket))
    return labels
