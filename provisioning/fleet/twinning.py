"""A unit's settings: computed from layers, kept as whole numbered documents, signed when they are sent."""

from __future__ import annotations

from provisioning.fleet.store.jobs import NewJob
from provisioning.fleet.store.profiles import merged, scopes_of
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.twins import Twin
from provisioning.fleet.store.units import Unit

SERVE, QUARANTINED = "serve", "quarantined"
TWIN_JOB = "twin"


def refresh_twin(work: Transaction, unit: Unit, *, why: str, state: UnitState | None = None) -> Twin | None:
    """Make a unit's next document if layers or state ask for another one than it has; return the new one.

    A worker sends it. `state` is the unit's state from now on, where it has just changed.
    """
    scopes = scopes_of(unit=unit.name, site=unit.site, profile=unit.profile)
    settings, origins = merged(work.profiles.get(scope) for scope in scopes)
    mode = QUARANTINED if (state or unit.state) is UnitState.QUARANTINED else SERVE
    there = work.twins.get(unit.name)
    if there is None and not settings and mode == SERVE:
        return None
    if there is not None and (there.settings, there.mode) == (settings, mode):
        return None
    twin = work.twins.add(unit.name, mode=mode, settings=settings, origins=origins, why=why)
    work.units.twin_is(unit.name, twin.version)
    work.jobs.add([NewJob(kind=TWIN_JOB, unit=unit.name, order={"version": twin.version})])
    work.audit.note("twin.wanted", unit.name, version=twin.version, mode=mode, why=why)
    return twin
