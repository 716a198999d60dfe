"""What a unit shall be set to: whole documents, numbered, none of them ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from provisioning.fleet.store.profiles import Settings
from provisioning.fleet.store.tables import TWINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One version of one unit's document."""

    unit: str
    version: int
    mode: str
    settings: Settings
    origins: dict[str, str]
    made_at: datetime
    made_by: str
    why: str


class TwinVerbs:
    """Reads and adds documents."""

    def __init__(self, base: Connection, *, now: datetime, actor: str) -> None:
        self._base = base
        self._now = now
        self._actor = actor

    def get(self, unit: str, version: int | None = None) -> Twin | None:
        """Return a unit's document, the newest or that version."""
        asked = select(TWINS).where(TWINS.c.unit == unit).order_by(TWINS.c.version.desc()).limit(1)
        if version is not None:
            asked = asked.where(TWINS.c.version == version)
        row = self._base.execute(asked).first()
        return None if row is None else _twin(row)

    def versions(self, unit: str, *, limit: int = 50) -> list[Twin]:
        """Return a unit's documents, the newest first."""
        asked = select(TWINS).where(TWINS.c.unit == unit).order_by(TWINS.c.version.desc()).limit(limit)
        return [_twin(row) for row in self._base.execute(asked)]

    def add(self, unit: str, *, mode: str, settings: Settings, origins: dict[str, str], why: str) -> Twin:
        """Add a unit's next document."""
        before = self.get(unit)
        twin = Twin(
            unit=unit,
            version=1 if before is None else before.version + 1,
            mode=mode,
            settings=settings,
            origins=origins,
            made_at=self._now,
            made_by=self._actor,
            why=why,
        )
        row = {field: getattr(twin, field) for field in Twin.__slots__}
        for field in ("settings", "origins"):
            row[field] = msgspec.json.encode(row[field], order="sorted").decode()
        self._base.execute(insert(TWINS).values(**row))
        return twin


def _twin(row: Any) -> Twin:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    read = {field: msgspec.json.decode(values[field]) for field in ("settings", "origins")}
    return Twin(**(values | read))
