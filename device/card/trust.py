"""Whose signatures are believed: pinned anchors, of production or of test, never both.

What comes from the card proves nothing by itself, not even the authority's certificate in it. So anchors come from the
configuration, each with the fingerprint that somebody compared. All generations of an authority have one name
(facts: card.md, section 3), so an anchor is found by signature and key identifier.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from device.domain.errors import BadConfig

KEY_ID_BYTES: Final = 16
"""証明者鍵ID: 7 ASCII digits, 08 05, 3 digits, 3 zero bytes, 1 byte (facts: card.md, 4.1)."""
RSA_BITS: Final = 2048

NO_CERTIFICATE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
"""What the library raises while it reads what somebody made up; the last where warnings are errors."""


class Realm(StrEnum):
    """Which world a card or an anchor belongs to."""

    PRODUCTION = "production"
    TEST = "test"


class Chain(StrEnum):
    """What can be said of a chain of signatures; three answers that are never mixed up."""

    VALID = "valid"
    ANCHOR_UNKNOWN = "anchor_unknown"
    """Nobody here knows the key at its upper end: neither confirmed nor refuted."""
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something signed comes from; `anchor` is the name of the anchor where the chain is valid."""

    chain: Chain
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateAnchor:
    """An authority of 利用者証明用電子証明書."""

    name: str
    certificate: x509.Certificate = field(repr=False)

    @property
    def realm(self) -> Realm | None:
        """By the organisation in its name; None for an organisation that is neither."""
        return realm_of(self.certificate.subject)

    @classmethod
    def load(cls, data: bytes, *, sha256: str, where: str) -> CertificateAnchor:
        """Read a PEM file; the fingerprint is that of its DER, in hex. Raise BadConfig naming `where`."""
        try:
            certificate = x509.load_pem_x509_certificate(data)
            certificate.verify_directly_issued_by(certificate)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        except (*NO_CERTIFICATE, InvalidSignature) as error:
            raise BadConfig("is no self-signed certificate of an authority", where=where) from error
        if not constraints.ca:
            raise BadConfig("is no certificate of an authority", where=where)
        _compare(certificate.public_bytes(Encoding.DER), sha256, where)
        return cls(where, certificate)


@dataclass(frozen=True, slots=True)
class SurfaceAnchor:
    """A key that signs the certificates in EF 0004 of the 券面事項確認AP."""

    name: str
    key_id: bytes
    key: RSAPublicKey = field(repr=False)

    @property
    def realm(self) -> Realm:
        """Identifiers of production begin with 5; 6 is the test hierarchy, others belong to nobody (card.md, 4.1)."""
        return Realm.PRODUCTION if self.key_id.startswith(b"5") else Realm.TEST

    @classmethod
    def load(cls, data: bytes, *, key_id: str, sha256: str, where: str) -> SurfaceAnchor:
        """Read a PEM public key; the fingerprint is that of its SubjectPublicKeyInfo. Raise BadConfig."""
        try:
            key = load_pem_public_key(data)
            identifier = bytes.fromhex(key_id)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadConfig("is no public key in PEM with an identifier in hex", where=where) from error
        if not isinstance(key, RSAPublicKey) or key.key_size != RSA_BITS or len(identifier) != KEY_ID_BYTES:
            raise BadConfig(f"is no RSA-{RSA_BITS} key with an identifier of {KEY_ID_BYTES} bytes", where=where)
        _compare(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), sha256, where)
        return cls(where, identifier, key)


@dataclass(frozen=True, slots=True)
class CardTrust:
    """The anchors of one realm. Raise BadConfig for an anchor of the other."""

    realm: Realm = Realm.PRODUCTION
    certificates: tuple[CertificateAnchor, ...] = ()
    surfaces: tuple[SurfaceAnchor, ...] = ()
    unknown_surface_goes_on: bool = True
    """Whether a portrait whose anchor is not known may be used, with a report; one that is invalid never is."""

    def __post_init__(self) -> None:
        anchors: Iterable[CertificateAnchor | SurfaceAnchor] = (*self.certificates, *self.surfaces)
        for anchor in anchors:
            if anchor.realm is not self.realm:
                raise BadConfig(f"does not belong among the anchors of {self.realm}", where=anchor.name)


def realm_of(name: x509.Name) -> Realm | None:
    """Tell the realm by the organisation in an authority's name."""
    match [attribute.value for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]:
        case ["JPKI"]:
            return Realm.PRODUCTION
        case ["JPKI-TEST"]:
            return Realm.TEST
        case _:
            return None


def _compare(content: bytes, sha256: str, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(found.encode(), sha256.lower().replace(":", "").encode()):
        raise BadConfig(f"has another fingerprint: SHA-256 is {found}", where=where)
