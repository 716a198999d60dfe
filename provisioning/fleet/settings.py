"""Changing what units are set to: a layer gets its next version, and every unit below it its next document."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from device.domain.errors import BadConfig
from device.wire.messages import NAME
from device.wire.texts import Sentence, Text
from provisioning.fleet.firmware import problems, schema
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.store.profiles import FLEET, Layer, Settings, merged, scopes_of
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.units import Unit
from provisioning.fleet.twinning import refresh_twin

_LATE = Text(ja="第{has}版のまま、第{wanted}版のはず", en="has version {has}, should have {wanted}")
_BEHIND = {
    "rejected": Text(
        ja="第{has}版のまま、第{wanted}版のはず(受け取りを拒否)",
        en="has version {has}, should have {wanted} (rejected)",
    ),
    "rolled_back": Text(
        ja="第{has}版のまま、第{wanted}版のはず(試して元に戻した)",
        en="has version {has}, should have {wanted} (rolled_back)",
    ),
}
_ERROR = Text(ja="エラー: {words}", en="error: {words}")
_OVERRIDDEN = Text(ja="端末自身の設定が {key} より優先", en="its own file overrides {key}")
_SENT_TO = (UnitState.PENDING, UnitState.ACTIVE, UnitState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Change:
    """What a change comes to for one unit."""

    unit: str
    differences: tuple[tuple[str, Any, Any], ...]
    """`section.option`, before, after; None where it is not set."""
    problems: tuple[str, ...]


def preview(fleet: Fleet, scope: str, settings: Settings, *, now: datetime) -> list[Change]:
    """Return what would change for which unit, and why some would refuse it. Nothing is written.

    Raise BadConfig for a layer that no unit at all would take, also where there is none below it yet.
    """
    _check_scope(scope)
    if refused := problems(settings, schema()):
        raise _no_unit_takes(scope, refused)
    with fleet.store.look(now) as work:
        return list(_changes(fleet, work, units_below(work, scope), scope, settings))


def put(
    fleet: Fleet, scope: str, settings: Settings, *, expected: int, why: str, now: datetime, actor: str
) -> tuple[Layer, list[str]]:
    """Write a layer's next version and make the documents of the units below it; a worker sends them.

    Return the layer and the units. Raise BadConfig when a unit would refuse it, or somebody else was faster: then
    nothing is written.
    """
    _check_scope(scope)
    with fleet.store.begin(now, actor=actor) as work:
        units = units_below(work, scope)
        # What is wrong with the layer itself is said once, not for every unit.
        refused = problems(settings, schema()) or [
            f"{change.unit}: {words}"
            for change in _changes(fleet, work, units, scope, settings)
            for words in change.problems
        ]
        if refused:
            raise _no_unit_takes(scope, refused)
        layer = work.profiles.put(scope, settings, expected=expected, why=why)
        changed = [unit.name for unit in units if refresh_twin(work, unit, why=why) is not None]
        work.audit.note("settings", scope, version=layer.version, why=why, units=len(changed))
    return layer, changed


def edited(settings: Settings, sets: dict[str, Any], unsets: list[str]) -> Settings:
    """Return a layer's settings with some options set and some left to the layer below. Raise BadConfig for a key."""
    result = copy.deepcopy(settings)
    for key in [*sets, *unsets]:
        section, dot, option = key.partition(".")
        if not (section and dot and option):
            raise BadConfig("is not section.option", where=key)
        if key in sets:
            result.setdefault(section, {})[option] = sets[key]
        elif option in result.get(section, {}):
            del result[section][option]
    return {section: options for section, options in result.items() if options}


def drift(unit: Unit, reported: dict[str, Any] | None) -> list[Sentence]:
    """Return in words where a unit is not what it should be."""
    found = []
    if unit.twin_reported != unit.twin_version:
        versions = {"has": unit.twin_reported, "wanted": unit.twin_version}
        found.append(Sentence(_BEHIND.get(unit.twin_status, _LATE), versions))
    if reported:
        found += [Sentence(_ERROR, {"words": words}) for words in reported.get("errors", [])]
        found += [Sentence(_OVERRIDDEN, {"key": key}) for key in reported.get("local", [])]
    return found


def _changes(
    fleet: Fleet, work: Transaction, units: Sequence[Unit], scope: str, settings: Settings
) -> Iterator[Change]:
    # Thousands of units share a few layers and a few schemas.
    layer_of = cache(work.profiles.get)
    wrong: dict[tuple[str, bytes], tuple[str, ...]] = {}
    for unit in units:
        scopes = scopes_of(unit=unit.name, site=unit.site, profile=unit.profile)
        before, after = _before_and_after([layer_of(one) for one in scopes], scope, settings)
        which = (unit.firmware, msgspec.json.encode(after, order="sorted"))
        if which not in wrong:
            wrong[which] = tuple(problems(after, schema(fleet.places.folder / "schemas", unit.firmware)))
        yield Change(unit.name, tuple(differences(before, after)), wrong[which])


def _before_and_after(layers: Sequence[Layer], scope: str, settings: Settings) -> tuple[Settings, Settings]:
    before, _ = merged(layers)
    after, _ = merged(
        Layer(scope=one.scope, version=0, settings=settings) if one.scope == scope else one for one in layers
    )
    return before, after


def differences(before: Settings, after: Settings) -> list[tuple[str, Any, Any]]:
    """Return every option that is not alike."""
    keys = {
        f"{section}.{option}" for side in (before, after) for section, options in side.items() for option in options
    }
    found = []
    for key in sorted(keys):
        section, _, option = key.partition(".")
        was, is_now = (side.get(section, {}).get(option) for side in (before, after))
        if was != is_now:
            found.append((key, was, is_now))
    return found


def units_below(work: Transaction, scope: str) -> list[Unit]:
    """Return the units that a layer is sent to. Raise BadConfig for the layer of a unit that is not there."""
    kind, _, name = scope.partition("/")
    match kind:
        case "fleet":
            units = work.units.listed(states=_SENT_TO)
        case "profile":
            units = work.units.listed(states=_SENT_TO, profile=name)
        case "site":
            units = work.units.listed(states=_SENT_TO, site=name)
        case _:
            units = [unit for unit in [work.units.find(name)] if unit.state in _SENT_TO]
    return units


def _check_scope(scope: str) -> None:
    if scope != FLEET and not re.fullmatch(rf"(profile|site|unit)/{NAME}", scope):
        raise BadConfig("is none of fleet, profile/NAME, site/NAME, unit/NAME", where=scope)


def _no_unit_takes(scope: str, refused: Sequence[str]) -> BadConfig:
    shown = "; ".join(dict.fromkeys(refused[:5]))
    return BadConfig(f"no unit would take it: {shown}" + ("; …" if len(refused) > 5 else ""), where=scope)  # noqa: PLR2004
