"""What a unit looks like on the map: each face has a colour, a shape and a letter, so that no colour is needed."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Glance


class Face(StrEnum):
    """How a unit is, the most urgent thing first."""

    ALARM = "alarm"
    OFFLINE = "offline"
    """It should be there and is not."""
    TROUBLE = "trouble"
    """It says itself that something is wrong."""
    DRIFT = "drift"
    """It has other settings than it should have."""
    QUARANTINED = "quarantined"
    PENDING = "pending"
    IMPORTED = "imported"
    WELL = "well"
    REVOKED = "revoked"
    DECOMMISSIONED = "decommissioned"


LETTERS: Final = {
    Face.ALARM: "!",
    Face.OFFLINE: "F",
    Face.TROUBLE: "T",
    Face.DRIFT: "S",
    Face.QUARANTINED: "Q",
    Face.PENDING: "P",
    Face.IMPORTED: "I",
    Face.WELL: "A",
    Face.REVOKED: "R",
    Face.DECOMMISSIONED: "×",
}
_PLAIN: Final = {
    UnitState.IMPORTED: Face.IMPORTED,
    UnitState.PENDING: Face.PENDING,
    UnitState.REVOKED: Face.REVOKED,
    UnitState.DECOMMISSIONED: Face.DECOMMISSIONED,
}


def face_of(unit: Glance) -> Face:
    """Return what to show of a unit."""
    if unit.alarmed:
        return Face.ALARM
    if unit.state in _PLAIN:
        return _PLAIN[unit.state]
    if not unit.online:
        return Face.OFFLINE
    if unit.state is UnitState.QUARANTINED:
        return Face.QUARANTINED
    if unit.troubled:
        return Face.TROUBLE
    return Face.WELL if unit.twin_reported == unit.twin_version else Face.DRIFT
