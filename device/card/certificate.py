"""The 利用者証明用電子証明書: is it one, who issued it, does it hold today?

Nothing of it is ever logged or put into an error: subject and serial belong to its holder. Revocation is not asked
here; the qualification system does that (facts: card.md, D14).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from device.card.trust import NO_CERTIFICATE, CardTrust, Chain, Origin, Realm, realm_of
from device.domain.certificate_window import certificate_state
from device.domain.errors import CardUnreadable
from device.domain.reasons import Reason
from device.domain.values import CertificateState

JPKI_POLICIES: Final = "1.2.392.200149.8.5.1."
"""The arc of JPKI's certificate policies (facts: card.md, section 3)."""
SIGNING_POLICIES: Final = frozenset({JPKI_POLICIES + leaf for leaf in ("1.20", "0.20", "1.40")})
"""署名用, of production, of test and of phones: not what anybody is identified with here."""
SIGNING_UNIT: Final = "JPKI for digital signature"
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
    }
)
"""Extensions that may be critical (RFC 5280, 4.2: any other critical one forbids using the certificate)."""
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_MIN_RSA_BITS: Final = 2048


class Validity(StrEnum):
    """What the calendar says; revocation is another question."""

    UNKNOWN = "unknown"
    """The clock cannot be trusted, so nothing is known. Never to be taken for valid."""
    NOT_YET = "not_yet"
    GOOD = "good"
    EXPIRES_SOON = "expires_soon"
    IN_GRACE = "in_grace"
    """Good for the qualification and for nothing else."""
    EXPIRED = "expired"


_OF_STATE: Final = {
    CertificateState.GOOD: Validity.GOOD,
    CertificateState.EXPIRES_SOON: Validity.EXPIRES_SOON,
    CertificateState.IN_GRACE: Validity.IN_GRACE,
    CertificateState.EXPIRED: Validity.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """What can be said of a certificate without saying whose it is."""

    realm: Realm | None
    """By the issuer's name: what it claims to be. None for an issuer that is neither JPKI nor its test authority."""
    origin: Origin
    validity: Validity


def assess(der: bytes, trust: CardTrust, now: datetime | None, *, months_of_grace: bool = True) -> Assessment:
    """Judge a certificate at `now`; None for a clock that cannot be trusted. Phones have no `months_of_grace`.

    Raise CardUnreadable(CERTIFICATE_NOT_TRUSTED) for what is no 利用者証明用電子証明書 at all.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        if der[-1 - len(certificate.signature)] != 0:
            # How many bits of the last byte do not count. A verifier that overlooks it takes several encodings for one.
            raise _not_one("a signature that is not whole bytes")
        _require_profile(certificate)
        return Assessment(
            realm=realm_of(certificate.issuer),
            origin=_origin(certificate, trust),
            validity=_validity(certificate, now, months_of_grace=months_of_grace),
        )
    except NO_CERTIFICATE:
        # The library's messages may quote what they could not read, so they end here.
        raise _not_one("no certificate that can be read") from None


def _require_profile(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    if certificate.serial_number <= 0:
        raise _not_one("a serial number that RFC 5280 forbids")
    if any(extension.critical and extension.oid not in _UNDERSTOOD for extension in extensions):
        raise _not_one("a critical extension that nobody understands")
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    permitted = usage.value
    if not usage.critical or not permitted.digital_signature or permitted.content_commitment or permitted.key_cert_sign:
        # contentCommitment marks the card's other certificate, the one for signing documents.
        raise _not_one("not for authentication")
    policies = {
        p.policy_identifier.dotted_string for p in extensions.get_extension_for_class(x509.CertificatePolicies).value
    }
    units = {
        attribute.value for attribute in certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    }
    if policies & SIGNING_POLICIES or SIGNING_UNIT in units:
        raise _not_one("the certificate for signing documents")
    if not any(policy.startswith(JPKI_POLICIES) for policy in policies):
        raise _not_one("not under JPKI's policies")
    if not _is_strong(certificate):
        raise _not_one("a key of a kind that no card has")


def _is_strong(certificate: x509.Certificate) -> bool:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return key.key_size >= _MIN_RSA_BITS
        case ec.EllipticCurvePublicKey(curve=curve):
            return isinstance(curve, _CURVES)
        case _:
            return False


def _origin(certificate: x509.Certificate, trust: CardTrust) -> Origin:
    for anchor in trust.certificates:
        if _issued_by(certificate, anchor.certificate):
            return Origin(Chain.VALID, anchor.name)
    # Signed by none of ours. Where the card names the very key of one of ours, that is a lie; otherwise a stranger.
    named = _authority_key_id(certificate)
    known = {_subject_key_id(anchor.certificate) for anchor in trust.certificates} - {None}
    return Origin(Chain.INVALID if named in known else Chain.ANCHOR_UNKNOWN)


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    # An anchor's own dates are not asked: it is trusted because somebody configured it (RFC 5280, 6.1.1 d), and
    # certificates of the first generation have to stay checkable after its end.
    try:
        certificate.verify_directly_issued_by(anchor)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _authority_key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _subject_key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _validity(certificate: x509.Certificate, now: datetime | None, *, months_of_grace: bool) -> Validity:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begin > end:
        raise ValueError("ends before it begins")
    if now is None:
        return Validity.UNKNOWN
    if now < begin:
        return Validity.NOT_YET
    validity = _OF_STATE[certificate_state(end, now)]
    return Validity.EXPIRED if validity is Validity.IN_GRACE and not months_of_grace else validity


def _not_one(what: str) -> CardUnreadable:
    return CardUnreadable(f"the card's certificate is refused: {what}", reason=Reason.CERTIFICATE_NOT_TRUSTED)
