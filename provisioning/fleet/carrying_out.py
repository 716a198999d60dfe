"""Does a deed, for whoever was found to be allowed to: each kind's own code, in one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

from provisioning.fleet import acting, deeds, membership, settings
from provisioning.fleet.deeds import Deed
from provisioning.fleet.entrance import bring_in, new_ticket
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.importing import Row, new_units
from provisioning.fleet.orders import command
from provisioning.rollouts import desk as rollouts


def carry_out(fleet: Fleet, deed: Deed, *, now: datetime, actor: str, step: Callable[[], None]) -> Any:  # noqa: ANN401  each its own
    """Do a deed and return what comes of it; `actor` stands in the audit. Raise BadConfig or Fault: it cannot be."""
    match deed:
        case deeds.NewTicket():
            return new_ticket(fleet, deed.unit, now=now, actor=actor)
        case deeds.ImportUnits():
            rows = [Row(0, unit.serial, unit.site, unit.profile) for unit in deed.units]
            return bring_in(fleet, new_units(rows, fleet.plan.branch), now=now, actor=actor, step=step)
        case deeds.SetLayer():
            return settings.put(
                fleet, deed.scope, deed.settings, expected=deed.expected, why=deed.why, now=now, actor=actor
            )
        case deeds.StartRollout():
            with fleet.store.begin(now, actor=actor) as work:
                units = work.units.listed(site=deed.site, profile=deed.profile)
                return rollouts.find(work, rollouts.start(work, deed.plan, units, why=deed.why))
        case deeds.ChangeRollout():
            with fleet.store.begin(now, actor=actor) as work:
                return rollouts.change(work, deed.rollout, deed.change, why=deed.why)
        case deeds.AddPerson() | deeds.SetRole() | deeds.RemovePerson() | deeds.LinkFor():
            with fleet.store.begin(now, actor=actor) as work:
                return membership.change(work, deed)
        case _:
            return _to_unit(fleet, deed, now=now, actor=actor)


def _to_unit(fleet: Fleet, deed: deeds.ToUnit, *, now: datetime, actor: str) -> Any:  # noqa: ANN401  as above
    match deed:
        case deeds.Revoke():
            return acting.revoke(fleet, deed.unit, why=deed.why, now=now, actor=actor)
        case deeds.Quarantine():
            return acting.quarantine(fleet, deed.unit, why=deed.why, now=now, actor=actor)
        case deeds.Release():
            return acting.release(fleet, deed.unit, why=deed.why, now=now, actor=actor)
        case deeds.Decommission():
            return acting.decommission(
                fleet, deed.unit, written_off=deed.written_off, why=deed.why, now=now, actor=actor
            )
        case deeds.ClearAlarm():
            return acting.clear_alarm(fleet, deed.unit, why=deed.why, now=now, actor=actor)
        case deeds.AskLogs():
            with fleet.store.begin(now, actor=actor) as work:
                return command(work, work.units.find(deed.unit).name, "send_logs")
        case _:
            assert_never(deed)
