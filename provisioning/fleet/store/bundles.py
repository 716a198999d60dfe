"""Log bundles that units sent. Each goes away by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from provisioning.fleet.store.tables import BUNDLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One bundle, without its content."""

    bundle: str
    unit: str
    received_at: datetime
    until: datetime


class BundleVerbs:
    """Keeps, gives out and forgets bundles."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def keep(self, bundle: str, unit: str, content: bytes, *, until: datetime) -> None:
        """Keep a bundle; one that is there already stays as it is."""
        if self._base.execute(select(BUNDLES.c.bundle).where(BUNDLES.c.bundle == bundle)).first() is None:
            self._base.execute(
                insert(BUNDLES).values(bundle=bundle, unit=unit, received_at=self._now, until=until, content=content)
            )

    def listed(self, unit: str) -> list[Bundle]:
        """Return a unit's bundles, the newest first."""
        kept = (BUNDLES.c.bundle, BUNDLES.c.unit, BUNDLES.c.received_at, BUNDLES.c.until)
        asked = select(*kept).where(BUNDLES.c.unit == unit, BUNDLES.c.until > self._now)
        rows = self._base.execute(asked.order_by(BUNDLES.c.received_at.desc()))
        return [Bundle(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name

    def content(self, bundle: str) -> bytes | None:
        """Return what a bundle holds, unless its time is over."""
        asked = select(BUNDLES.c.content).where(BUNDLES.c.bundle == bundle, BUNDLES.c.until > self._now)
        content: bytes | None = self._base.execute(asked).scalar_one_or_none()
        return content

    def forget_old(self) -> int:
        """Delete those whose time is over; return how many."""
        return self._base.execute(delete(BUNDLES).where(BUNDLES.c.until <= self._now)).rowcount
