"""The 利用者証明用電子証明書 as a report shows it: what it is, how long it lasts, and who answers for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from device.card.certificate import Assessment, assess
from device.card.trust import NO_CERTIFICATE, CardTrust
from device.domain.certificate_window import JAPAN
from device.domain.errors import CardUnreadable

LONGEST_SUBJECT = 80


@dataclass(frozen=True, slots=True)
class CertificateLook:
    """What can be said of a certificate. The days of its validity, subject and serial are personal."""

    found: Assessment
    """Its realm, whether one of our anchors issued it, and what the calendar says."""
    key: str
    """The holder's key, such as `RSA 2048`."""
    first_day: date = field(repr=False)
    last_day: date = field(repr=False)
    subject: str = field(repr=False)
    """The subject's CN, an opaque code."""
    serial: str = field(repr=False)


def look_at(der: bytes, trust: CardTrust, now: datetime, *, months_of_grace: bool) -> CertificateLook:
    """Read a certificate. Raise CardUnreadable where there is none, or none of this kind."""
    found = assess(der, trust, now, months_of_grace=months_of_grace)
    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateLook(
            found=found,
            key=_key(certificate),
            first_day=certificate.not_valid_before_utc.astimezone(JAPAN).date(),
            last_day=certificate.not_valid_after_utc.astimezone(JAPAN).date(),
            subject=_common_name(certificate.subject),
            serial=f"{certificate.serial_number:X}",
        )
    except NO_CERTIFICATE:
        raise CardUnreadable("the certificate has a field that cannot be read") from None


def _common_name(name: x509.Name) -> str:
    """Return the CN as text that is safe to print: a card may have written anything."""
    values = [attribute.value for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    text = "/".join(value if isinstance(value, str) else value.hex() for value in values)
    return "".join(character if character.isprintable() else "?" for character in text)[:LONGEST_SUBJECT]


def _key(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"ECDSA {key.curve.name}"
        case other:
            return type(other).__name__
