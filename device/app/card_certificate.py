"""The 利用者証明用電子証明書 as a report shows it: what it is and how long it lasts. Trust is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from device.domain.certificate_window import JAPAN, certificate_state
from device.domain.errors import CardUnreadable
from device.domain.values import CertificateState

_NO_CERTIFICATE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises while it reads what a card made up."""


@dataclass(frozen=True, slots=True)
class CertificateLook:
    """What can be said of a certificate. The days of its validity, subject and serial are personal."""

    algorithm: str
    """The holder's key, such as `RSA 2048`."""
    issuer: str
    """The issuer's organisation (O)."""
    is_test: bool
    begun: bool
    state: CertificateState
    """By the calendar: what the issuer says of revocation is not on the card."""
    first_day: date = field(repr=False)
    last_day: date = field(repr=False)
    subject: str = field(repr=False)
    """The subject's CN, an opaque code."""
    serial: str = field(repr=False)


def look_at(der: bytes, now: datetime, *, grace: bool) -> CertificateLook:
    """Read a certificate. Raise CardUnreadable where there is none. `grace`: it serves for months after its end."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        issuer = _attribute(certificate.issuer, NameOID.ORGANIZATION_NAME)
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        state = certificate_state(last, now)
        if state is CertificateState.IN_GRACE and not grace:
            state = CertificateState.EXPIRED
        return CertificateLook(
            algorithm=_algorithm(certificate),
            issuer=issuer,
            is_test="TEST" in issuer.upper(),
            begun=first <= now,
            state=state,
            first_day=first.astimezone(JAPAN).date(),
            last_day=last.astimezone(JAPAN).date(),
            subject=_attribute(certificate.subject, NameOID.COMMON_NAME),
            serial=f"{certificate.serial_number:X}",
        )
    except (*_NO_CERTIFICATE, OverflowError) as error:
        raise CardUnreadable("the certificate file holds no certificate") from error


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """Return one attribute of a name as text that is safe to print."""
    values = [
        value if isinstance(value := attribute.value, str) else value.hex()
        for attribute in name.get_attributes_for_oid(oid)
    ]
    return "".join(character if character.isprintable() else "?" for character in "/".join(values))[:80]


def _algorithm(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    return type(key).__name__.strip("_")
