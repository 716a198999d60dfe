"""Certificate requests: what a unit sends, looked at before anything is signed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import MessageError
from device.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A key whose holder proved to have it."""

    key: ec.EllipticCurvePublicKey
    digest: str
    """SHA-256 of the key, hex."""


def check_request(csr: bytes) -> CheckedRequest:
    """Return the key of a certificate request (DER). Raise MessageError saying what does not hold.

    Subject and extensions are ignored: who the unit is, is the fleet's word.
    """
    try:
        request = x509.load_der_x509_csr(csr)
        key = request.public_key()
        if not request.is_signature_valid:
            raise _refused("the request is not signed with its own key")
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _refused("this is no certificate request") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _refused("the key is not on the curve P-256")
    return CheckedRequest(key, key_digest(key))


def key_digest(key: ec.EllipticCurvePublicKey) -> str:
    """Return the SHA-256 of a public key, hex."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()


def _refused(words: str) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED)
