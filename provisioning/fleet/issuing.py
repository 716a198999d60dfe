"""Signs units' certificates and notes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from provisioning.fleet.requests import CheckedRequest
from provisioning.fleet.store.certificates import Certificate
from provisioning.fleet.store.states import CertificateState
from provisioning.fleet.store.transaction import Transaction
from provisioning.pki import SiteAuthority

_DER = serialization.Encoding.DER


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A unit's new identity, and the way back when it ran out."""

    certificate: x509.Certificate
    rescue: x509.Certificate | None

    @property
    def der(self) -> bytes:
        """The identity."""
        return self.certificate.public_bytes(_DER)

    @property
    def rescue_der(self) -> bytes | None:
        """The way back."""
        return None if self.rescue is None else self.rescue.public_bytes(_DER)

    @property
    def pem(self) -> str:
        """Both, for the store."""
        both = [self.certificate, *([] if self.rescue is None else [self.rescue])]
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in both)

    @classmethod
    def from_pem(cls, pem: str) -> Issued:
        """Read back what `pem` gave."""
        first, *more = x509.load_pem_x509_certificates(pem.encode())
        return cls(certificate=first, rescue=more[0] if more else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whoever may make units."""

    authority: SiteAuthority
    claims: SiteAuthority
    lifetime: timedelta
    rescue: timedelta

    def issue(self, work: Transaction, unit: str, request: CheckedRequest) -> Issued:
        """Give a unit its certificate for a key, or the one that it has for it. Raise BadConfig when it cannot be."""
        if (known := work.certificates.with_key(unit, request.digest)) is not None:
            return Issued.from_pem(known.pem)
        certificate = self.authority.certify(request.key, unit, now=work.now, lifetime=self.lifetime)
        until = certificate.not_valid_after_utc
        rescue = None
        if self.rescue:
            claim = f"r-{secrets.token_hex(10)}"
            lifetime = until - work.now + self.rescue
            rescue = self.claims.certify(request.key, claim, now=work.now, lifetime=lifetime)
            work.claims.add_rescue(claim, unit, key_digest=request.digest, until=rescue.not_valid_after_utc)
        issued = Issued(certificate=certificate, rescue=rescue)
        work.certificates.add(
            Certificate(
                serial=f"{certificate.serial_number:x}",
                unit=unit,
                state=CertificateState.CURRENT,
                issued_at=work.now,
                until=until,
                pem=issued.pem,
                key_digest=request.digest,
            )
        )
        return issued
