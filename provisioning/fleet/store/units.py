"""Units and how they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select, true, update

from device.domain.errors import BadConfig
from device.wire.texts import Text
from provisioning.fleet.store.states import NEXT, UnitState
from provisioning.fleet.store.tables import UNITS
from provisioning.web.refusals import NotRightError

_NOT_FROM_HERE = "端末のいまの状態からは、その状態にできません。"
"""A page shows the present state beside it, and offers what can follow; who has no page reads both here, in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit, as the table has it."""

    name: str
    serial: str
    state: UnitState
    state_since: datetime
    state_why: str
    site: str
    profile: str
    imported_at: datetime
    certificate: str | None
    certificate_until: datetime | None
    firmware: str
    hardware: str
    birth_id: str
    births: str
    online: bool
    seen_at: datetime | None
    health: str | None
    health_at: datetime | None
    alarm: str | None
    alarm_at: datetime | None
    twin_version: int
    twin_reported: int
    twin_status: str
    twin_report: str | None
    twin_reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Glance:
    """As much of a unit as a map of thousands shows."""

    name: str
    serial: str
    site: str
    profile: str
    state: UnitState
    online: bool
    alarmed: bool
    troubled: bool
    """Its last health message named troubles."""
    twin_version: int
    twin_reported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUnit:
    """What an import knows of a unit."""

    name: str
    serial: str
    site: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a status or a health message says; None leaves what was known."""

    unit: str
    online: bool
    birth_id: str
    births: str
    firmware: str
    health: str | None = None


class UnitVerbs:
    """Reads and changes units."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def add(self, units: Iterable[NewUnit]) -> None:
        """Add imported units."""
        rows = [
            {
                "name": unit.name,
                "serial": unit.serial,
                "site": unit.site,
                "profile": unit.profile,
                "state": UnitState.IMPORTED.value,
                "state_since": self._now,
                "imported_at": self._now,
            }
            for unit in units
        ]
        if rows:
            self._base.execute(insert(UNITS), rows)

    def find(self, name: str) -> Unit:
        """Return the unit called `name`, or with that serial number. Raise BadConfig where there is none."""
        row = self._base.execute(select(UNITS).where(or_(UNITS.c.name == name, UNITS.c.serial == name))).first()
        if row is None:
            raise BadConfig("no such unit; `uketsuke-fleet list` shows them", where=name)
        return _unit(row)

    def get(self, name: str, *, lock: bool = False) -> Unit | None:
        """Return a unit by name; with `lock` nobody else changes it until the transaction ends."""
        asked = select(UNITS).where(UNITS.c.name == name)
        row = self._base.execute(asked.with_for_update() if lock else asked).first()
        return None if row is None else _unit(row)

    def known_serials(self, serials: Sequence[str]) -> set[str]:
        """Return those of `serials` that the fleet has already."""
        found: set[str] = set()
        for start in range(0, len(serials), 500):
            part = serials[start : start + 500]
            found |= set(self._base.execute(select(UNITS.c.serial).where(UNITS.c.serial.in_(part))).scalars())
        return found

    def listed(
        self,
        *,
        states: Sequence[UnitState] = (),
        site: str | None = None,
        profile: str | None = None,
        alarmed: bool = False,
        limit: int | None = None,
    ) -> list[Unit]:
        """Return units by name, those that fit all of what is asked."""
        asked: Select[Any] = select(UNITS).order_by(UNITS.c.name)
        if states:
            asked = asked.where(UNITS.c.state.in_([state.value for state in states]))
        if site is not None:
            asked = asked.where(UNITS.c.site == site)
        if profile is not None:
            asked = asked.where(UNITS.c.profile == profile)
        if alarmed:
            asked = asked.where(UNITS.c.alarm.is_not(None))
        return [_unit(row) for row in self._base.execute(asked.limit(limit))]

    def glance(self, name: str) -> Glance:
        """Return one unit at a glance. Raise BadConfig where there is none."""
        found = self._glances(UNITS.c.name == name)
        if not found:
            raise BadConfig("no such unit; `uketsuke-fleet list` shows them", where=name)
        return found[0]

    def glances(self) -> list[Glance]:
        """Return every unit at a glance, by site and serial number."""
        return self._glances(true())

    def _glances(self, which: ColumnElement[bool]) -> list[Glance]:
        columns = (UNITS.c.name, UNITS.c.serial, UNITS.c.site, UNITS.c.profile, UNITS.c.state, UNITS.c.online)
        troubled = UNITS.c.health.is_not(None) & UNITS.c.health.not_like('%"troubles":[]%')
        asked = select(*columns, UNITS.c.alarm.is_not(None), troubled, UNITS.c.twin_version, UNITS.c.twin_reported)
        rows = self._base.execute(asked.where(which).order_by(UNITS.c.site, UNITS.c.serial))
        states = {state.value: state for state in UnitState}
        return [
            Glance(name, serial, site, profile, states[state], online, alarmed, troubled, wanted, reported)
            for name, serial, site, profile, state, online, alarmed, troubled, wanted, reported in rows
        ]

    def counts(self) -> dict[UnitState, int]:
        """Return how many units are in each state; states without any are missing."""
        asked = select(UNITS.c.state, func.count()).group_by(UNITS.c.state)
        return {UnitState(state): number for state, number in self._base.execute(asked)}

    def sites(self) -> dict[str, dict[UnitState, int]]:
        """Return how many units of each state every site has."""
        asked = select(UNITS.c.site, UNITS.c.state, func.count()).group_by(UNITS.c.site, UNITS.c.state)
        found: dict[str, dict[UnitState, int]] = {}
        for site, state, number in self._base.execute(asked.order_by(UNITS.c.site)):
            found.setdefault(site, {})[UnitState(state)] = number
        return found

    def move(self, unit: Unit, state: UnitState, why: str) -> None:
        """Change a unit's state. Raise BadConfig for a change that makes no sense."""
        if state not in NEXT[unit.state]:
            can = ", ".join(sorted(NEXT[unit.state])) or "nothing"
            en = f"it is {unit.state} and cannot become {state}; it can become {can}"
            raise NotRightError(Text(ja=_NOT_FROM_HERE, en=en), where=unit.name)
        self._set(unit.name, state=state.value, state_since=self._now, state_why=why)

    def certified(self, name: str, *, serial: str, until: datetime, hardware: str = "") -> None:
        """Note the certificate that a unit uses from now on."""
        self._set(
            name,
            certificate=serial,
            certificate_until=until,
            **({"hardware": hardware} if hardware else {}),
        )

    def hear(self, heard: Iterable[Heard]) -> None:
        """Note signs of life, many at a time."""
        plain: list[dict[str, object]] = []
        healthy: list[dict[str, object]] = []
        for one in heard:
            row = {
                "u": one.unit,
                "online": one.online,
                "birth_id": one.birth_id,
                "births": one.births,
                "firmware": one.firmware,
                "seen_at": self._now,
            }
            if one.health is None:
                plain.append(row)
            else:
                healthy.append(row | {"health": one.health, "health_at": self._now})
        change = update(UNITS).where(UNITS.c.name == bindparam("u"))
        for rows in (plain, healthy):
            if rows:
                self._base.execute(change, rows)

    def alarm(self, name: str, words: str | None) -> None:
        """Raise an alarm that a person has to look at, or (None) put it out."""
        self._set(name, alarm=words, alarm_at=None if words is None else self._now)

    def twin_is(self, name: str, version: int) -> None:
        """Note which version a unit shall have."""
        self._set(name, twin_version=version)

    def twin_told(self, name: str, *, version: int, status: str, report: str) -> None:
        """Note what a unit says about its settings."""
        self._set(name, twin_reported=version, twin_status=status, twin_report=report, twin_reported_at=self._now)

    def _set(self, name: str, **values: Any) -> None:  # noqa: ANN401  columns of several types
        self._base.execute(update(UNITS).where(UNITS.c.name == name).values(**values))


def _unit(row: Any) -> Unit:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return Unit(**(values | {"state": UnitState(values["state"])}))
