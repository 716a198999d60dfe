"""Stations of the bench that the fleet believes, and what they said of which unit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from provisioning.fleet.store.states import StationState
from provisioning.fleet.store.tables import BENCH_RECORDS, BENCH_STATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchStation:
    """One key of one station."""

    key_digest: str
    station: str
    key: str
    """PEM, public."""
    state: StationState
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRecord:
    """What the fleet keeps of one signed record."""

    digest: str
    """SHA-256 of the record as it was signed."""
    record: str
    serial: str
    board: str
    simulated: bool
    plan: str
    verdict: str
    ended: datetime
    plan_digest: str
    limits_digest: str
    station_key: str


class BenchVerbs:
    """Reads and changes both."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def stations(self) -> list[BenchStation]:
        """Return every key that there was, by station, the newest first."""
        asked = select(BENCH_STATIONS).order_by(BENCH_STATIONS.c.station, BENCH_STATIONS.c.since.desc())
        return [_station(row) for row in self._base.execute(asked)]

    def trust(self, station: str, *, key: str, key_digest: str, why: str) -> None:
        """Believe a station by this key from now on; what it signed with the one before counts on."""
        is_its = BENCH_STATIONS.c.station == station
        self._turn(is_its & (BENCH_STATIONS.c.state == StationState.TRUSTED.value), StationState.SUPERSEDED, why)
        self._base.execute(
            insert(BENCH_STATIONS).values(
                key_digest=key_digest,
                station=station,
                key=key,
                state=StationState.TRUSTED.value,
                since=self._now,
                why=why,
            )
        )

    def distrust(self, station: str, why: str) -> None:
        """Believe nothing that a station ever signed."""
        self._turn(BENCH_STATIONS.c.station == station, StationState.WITHDRAWN, why)

    def keep(self, record: BenchRecord) -> bool:
        """Keep a record; return False where it was there already."""
        if self._base.execute(select(BENCH_RECORDS.c.digest).where(BENCH_RECORDS.c.digest == record.digest)).first():
            return False
        row = {field: getattr(record, field) for field in BenchRecord.__slots__}
        self._base.execute(insert(BENCH_RECORDS).values(**row, imported_at=self._now))
        return True

    def records(self, serials: Collection[str] | None = None, *, limit: int | None = None) -> list[BenchRecord]:
        """Return the records that count, the newest first: of units that go by one of these numbers, or of all."""
        believed = select(BENCH_STATIONS.c.key_digest).where(
            BENCH_STATIONS.c.state != StationState.WITHDRAWN.value,
        )
        columns = [BENCH_RECORDS.c[field] for field in BenchRecord.__slots__]
        asked = select(*columns).where(BENCH_RECORDS.c.station_key.in_(believed))
        if serials is not None:
            asked = asked.where(BENCH_RECORDS.c.serial.in_(serials))
        rows = self._base.execute(asked.order_by(BENCH_RECORDS.c.ended.desc(), BENCH_RECORDS.c.digest).limit(limit))
        return [BenchRecord(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name

    def _turn(self, which: Any, state: StationState, why: str) -> None:  # noqa: ANN401  a condition
        self._base.execute(update(BENCH_STATIONS).where(which).values(state=state.value, since=self._now, why=why))


def _station(row: Any) -> BenchStation:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return BenchStation(**(values | {"state": StationState(values["state"])}))
