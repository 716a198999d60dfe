"""What a deed was decided on: when that has changed meanwhile, an approval of it counts no more."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from provisioning.fleet import deeds
from provisioning.fleet.deeds import Deed
from provisioning.fleet.settings import units_below
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.transaction import Transaction

REACHED = (UnitState.ACTIVE, UnitState.QUARANTINED)


def basis_of(work: Transaction, deed: Deed) -> dict[str, Any]:
    """Return what of the fleet's state a deed rests on, as names and values. Raise BadConfig: what it names is gone."""
    match deed:
        case deeds.SetLayer():
            return {
                "the layer's version": work.profiles.get(deed.scope).version,
                "the units below it": _digest(unit.name for unit in units_below(work, deed.scope)),
            }
        case deeds.StartRollout():
            units = work.units.listed(states=REACHED, site=deed.site, profile=deed.profile)
            return {"the units that it would reach": _digest(unit.name for unit in units)}
        case deeds.ChangeRollout():
            rollout = work.jobs.rollout(deed.rollout)
            return {"the rollout's state": rollout.state, "its wave": rollout.progress.get("wave", 0)}
        case deeds.ImportUnits():
            known = work.units.known_serials([unit.serial for unit in deed.units])
            return {"serial numbers that the fleet has": sorted(known)}
        case deeds.AddPerson() | deeds.SetRole() | deeds.RemovePerson() | deeds.LinkFor():
            person = work.people.get(deed.person)
            return {"the person's role": None if person is None else person.role}
        case _:
            unit = work.units.find(deed.unit)
            return {
                "the unit's state": unit.state.value,
                "since": unit.state_since.isoformat(),
                "its certificate": unit.certificate,
            }


def _digest(names: Iterable[str]) -> str:
    return sha256("\n".join(sorted(names)).encode()).hexdigest()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of what has changed."""
    return [name for name in after if before.get(name) != after[name]]
