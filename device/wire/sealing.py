"""Sealed for one reader (JWE: ECDH-ES+A256KW on P-256, A256GCM), signed by a unit (JWS: ES256); all by joserfc.

A unit signs with the key of its TLS certificate and puts the certificate into the header (`x5c`), so the clinic needs
no list of keys: the certificate must chain to the site's CA and its common name must be the unit that claims to speak.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.wire.messages import MAX_SEALED

_SEALED = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}


class _SignedResults(jws.JWSRegistry):
    # The library's 512 bytes of header are meant for a key's name; ours carries a certificate.
    max_header_length = 8192


_SIGNED = _SignedResults(algorithms=["ES256"])

# What the two libraries raise on headers and certificates that were made to hurt; plain KeyErrors are among them.
_UNUSABLE = (
    JoseError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)


def seal(plain: bytes, recipient: ECKey) -> str:
    """Return `plain` as compact JWE that only the holder of the recipient's private key can open.

    Raise MessageError when it would be larger than a message may carry (`MAX_SEALED`): the reader would refuse it.
    """
    recipient.ensure_kid()
    header = {**_SEALED, "kid": recipient.kid}
    token = jwe.encrypt_compact(header, plain, recipient, algorithms=list(_SEALED.values()))
    if len(token) > MAX_SEALED:
        raise MessageError(f"{len(plain)} bytes are too many to seal", reason=Reason.SERVICE_REFUSED)
    return token


def unseal(token: str, *keys: ECKey) -> bytes:
    """Open a sealed value with whichever of `keys` it names. Raise MessageError when none fits or it was changed."""
    for key in keys:
        key.ensure_kid()
    try:
        plain = jwe.decrypt_compact(token, KeySet(list(keys)), algorithms=list(_SEALED.values())).plaintext
    except _UNUSABLE as error:
        raise MessageError(
            "a sealed value does not open: changed, or sealed for another", reason=Reason.SERVICE_REFUSED
        ) from error
    return plain or b""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a unit its results, the gateway its answers, the consumer its receipts."""

    key: ECKey = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def load(cls, key_pem: bytes, certificate_pem: bytes) -> Signer:
        """Build from the PEM pair that also carries the TLS connection."""
        return cls(ECKey.import_key(key_pem), x509.load_pem_x509_certificate(certificate_pem))

    @classmethod
    def of(cls, key: ec.EllipticCurvePrivateKey, certificate_pem: bytes) -> Signer:
        """Build with a key that may be elsewhere, so that there is no PEM of it."""
        # The library looks at a key's parameters before it signs; these are what there is to see of one elsewhere.
        return cls(ECKey(key, _public(key.public_key()).as_dict()), x509.load_pem_x509_certificate(certificate_pem))

    @property
    def speaker(self) -> str:
        """The common name of the certificate; empty when it has none."""
        return _common_name(self.certificate) or ""

    def sign(self, payload: bytes) -> str:
        """Return `payload` as compact JWS with the certificate in its header."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        header = {"alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        return jws.serialize_compact(header, payload, self.key, registry=_SIGNED)


def verify(token: str, *, speaker: str, authority: x509.Certificate, at: datetime) -> bytes:
    """Return the payload if `speaker` signed it with a certificate of `authority` valid `at` that time.

    Raise MessageError saying which of these does not hold: `Drop.STALE` where it is the certificate's time and nothing
    else, `Drop.FORGED` for everything before that.
    """
    try:
        signed = jws.extract_compact(token.encode(), registry=_SIGNED)
        chain = signed.headers().get("x5c")
        if not isinstance(chain, list) or len(chain) != 1:
            raise _forged("signature without its certificate")
        certificate, key = _issued(base64.b64decode(chain[0], validate=True), authority)
        if not jws.validate_compact(signed, key, registry=_SIGNED):
            raise _forged("the signature does not hold")
    except _UNUSABLE as error:
        raise _forged("the signature does not hold") from error
    if _common_name(certificate) != speaker:
        raise _forged(f"signed by another than {speaker}")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        words = "signed with a certificate that is not valid now"
        raise MessageError(words, reason=Reason.SERVICE_REFUSED, drop=Drop.STALE)
    return signed.payload


def _forged(words: str) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED, drop=Drop.FORGED)


# The same few units and services speak all day; a certificate that was refused is looked at anew.
@lru_cache(maxsize=256)
def _issued(der: bytes, authority: x509.Certificate) -> tuple[x509.Certificate, ECKey]:
    """Return a certificate that `authority` issued, and its key."""
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(authority)
    return certificate, _public(certificate.public_key())


def _public(key: CertificatePublicKeyTypes) -> ECKey:
    spki = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ECKey.import_key(spki)


def _common_name(certificate: x509.Certificate) -> str | None:
    """Return the name if there is exactly one."""
    match certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        case [x509.NameAttribute(value=str() as name)]:
            return name
        case _:
            return None
