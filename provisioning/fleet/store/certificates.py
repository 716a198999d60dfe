"""What was issued, and what was withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from provisioning.fleet.store.states import CertificateState
from provisioning.fleet.store.tables import CERTIFICATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate, as the table has it."""

    serial: str
    """In hex."""
    unit: str
    state: CertificateState
    issued_at: datetime
    until: datetime
    pem: str
    key_digest: str
    withdrawn_at: datetime | None = None


class CertificateVerbs:
    """Reads and changes certificates."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def add(self, certificate: Certificate) -> None:
        """Note one that was issued."""
        row = {field: getattr(certificate, field) for field in Certificate.__slots__}
        self._base.execute(insert(CERTIFICATES).values(**(row | {"state": certificate.state.value})))

    def of_unit(self, unit: str) -> list[Certificate]:
        """Return a unit's certificates, the newest first."""
        asked = select(CERTIFICATES).where(CERTIFICATES.c.unit == unit).order_by(CERTIFICATES.c.issued_at.desc())
        return [_certificate(row) for row in self._base.execute(asked)]

    def withdraw(self, unit: str) -> list[Certificate]:
        """Note that none of a unit's certificates is good any more; return those that were until now."""
        good = [one for one in self.of_unit(unit) if one.withdrawn_at is None]
        self._base.execute(
            update(CERTIFICATES)
            .where(CERTIFICATES.c.unit == unit, CERTIFICATES.c.withdrawn_at.is_(None))
            .values(state=CertificateState.WITHDRAWN.value, withdrawn_at=self._now)
        )
        return good

    def supersede(self, unit: str, *, by: str) -> None:
        """Note that a unit uses the certificate `by` (its serial number) and needs no other one."""
        self._base.execute(
            update(CERTIFICATES)
            .where(CERTIFICATES.c.unit == unit, CERTIFICATES.c.serial != by, CERTIFICATES.c.withdrawn_at.is_(None))
            .values(state=CertificateState.SUPERSEDED.value)
        )

    def withdrawn(self) -> dict[int, datetime]:
        """Return serial number and time of everything that was withdrawn and has not run out: the revocation list."""
        asked = select(CERTIFICATES.c.serial, CERTIFICATES.c.withdrawn_at).where(
            CERTIFICATES.c.withdrawn_at.is_not(None), CERTIFICATES.c.until > self._now
        )
        return {int(serial, 16): at for serial, at in self._base.execute(asked)}

    def with_key(self, unit: str, key_digest: str) -> Certificate | None:
        """Return the good certificate that a unit has for a key already."""
        good = (one for one in self.of_unit(unit) if one.key_digest == key_digest and one.withdrawn_at is None)
        return next((one for one in good if one.until > self._now), None)

    def running_out(self, before: datetime) -> list[Certificate]:
        """Return certificates in use that run out before this."""
        asked = select(CERTIFICATES).where(
            CERTIFICATES.c.state == CertificateState.CURRENT.value, CERTIFICATES.c.until < before
        )
        return [_certificate(row) for row in self._base.execute(asked.order_by(CERTIFICATES.c.until))]


def _certificate(row: Any) -> Certificate:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return Certificate(**(values | {"state": CertificateState(values["state"])}))
