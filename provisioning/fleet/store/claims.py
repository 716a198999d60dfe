"""The right to become a unit, once. A claim belongs to the first key that uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from provisioning.fleet.store.states import ClaimState
from provisioning.fleet.store.tables import CLAIMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim, as the table has it."""

    claim: str
    unit: str
    state: ClaimState
    made_at: datetime
    until: datetime
    key_digest: str | None
    hardware: str | None
    certificate: str | None
    granted_at: datetime | None
    refusals: int
    last_refusal: str | None


class ClaimVerbs:
    """Reads and changes claims."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def add(self, claims: Iterable[tuple[str, str]], *, until: datetime) -> None:
        """Add open claims, each as its id and its unit; earlier ones of the same units count no more."""
        rows = [
            {"claim": claim, "unit": unit, "state": ClaimState.OPEN.value, "made_at": self._now, "until": until}
            for claim, unit in claims
        ]
        for row in rows:
            self._change(CLAIMS.c.unit == row["unit"], state=ClaimState.WITHDRAWN.value)
        if rows:
            self._base.execute(insert(CLAIMS), rows)

    def add_rescue(self, claim: str, unit: str, *, key_digest: str, until: datetime) -> None:
        """Add the claim of a unit whose certificate will have run out, for its key alone."""
        self._base.execute(
            insert(CLAIMS).values(
                claim=claim,
                unit=unit,
                state=ClaimState.RESCUE.value,
                made_at=self._now,
                until=until,
                key_digest=key_digest,
            )
        )

    def get(self, claim: str, *, lock: bool = False) -> Claim | None:
        """Return a claim; with `lock` nobody else takes it until the transaction ends."""
        asked = select(CLAIMS).where(CLAIMS.c.claim == claim)
        row = self._base.execute(asked.with_for_update() if lock else asked).first()
        return None if row is None else _claim(row)

    def of_unit(self, unit: str) -> list[Claim]:
        """Return a unit's claims, the newest first."""
        asked = select(CLAIMS).where(CLAIMS.c.unit == unit).order_by(CLAIMS.c.made_at.desc())
        return [_claim(row) for row in self._base.execute(asked)]

    def grant(self, claim: str, *, key_digest: str, hardware: str, certificate: str) -> None:
        """Note who used it and what was given."""
        self._change(
            CLAIMS.c.claim == claim,
            state=ClaimState.GRANTED.value,
            key_digest=key_digest,
            hardware=hardware,
            certificate=certificate,
            granted_at=self._now,
        )

    def refuse(self, claim: str, why: str) -> None:
        """Count a refusal."""
        self._change(CLAIMS.c.claim == claim, refusals=CLAIMS.c.refusals + 1, last_refusal=why)

    def burn(self, unit: str) -> None:
        """Let nobody use a unit's tickets any more: it has arrived."""
        self._change(
            and_(CLAIMS.c.unit == unit, CLAIMS.c.state == ClaimState.GRANTED.value), state=ClaimState.BURNED.value
        )

    def withdraw(self, unit: str) -> None:
        """Let nobody use a unit's claims any more: it shall not arrive."""
        self._change(CLAIMS.c.unit == unit, state=ClaimState.WITHDRAWN.value)

    def stuck_since(self, before: datetime) -> list[Claim]:
        """Return claims that were granted before this and whose unit was never heard."""
        asked = select(CLAIMS).where(CLAIMS.c.state == ClaimState.GRANTED.value, CLAIMS.c.granted_at < before)
        return [_claim(row) for row in self._base.execute(asked)]

    def _change(self, which: Any, **values: Any) -> None:  # noqa: ANN401  a condition, and columns of several types
        self._base.execute(update(CLAIMS).where(which).values(**values))


def _claim(row: Any) -> Claim:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return Claim(**(values | {"state": ClaimState(values["state"])}))
