"""Does the evidence prove the holder? Certificate chain first, then the signature over our challenge.

The certificate is taken in, judged and let go; nothing of it is stored or logged (its serial is what the national
side knows people by, and collecting serials is restricted by law).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from device.domain.errors import MessageError
from device.domain.reasons import Reason

MAX_CERTIFICATE_BYTES = 8192
"""A JPKI certificate has about 1.6 kB."""

MIN_RSA_BITS = 2048

_NO_CERTIFICATE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises while it reads what a card made up."""


def trusted_certificate(der: bytes, anchors: Sequence[x509.Certificate], now: datetime) -> x509.Certificate:
    """Return the certificate if one of `anchors` issued it for authentication and it has begun.

    Whether it has ended is not asked here: the months of grace are the caller's. Raise
    MessageError(CERTIFICATE_NOT_TRUSTED).
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise _not_trusted("too large for a card's certificate")
    try:
        certificate = x509.load_der_x509_certificate(der)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        usable = usage.digital_signature and not usage.content_commitment and not usage.key_cert_sign
        begun = certificate.not_valid_before_utc <= now
    except _NO_CERTIFICATE:
        raise _not_trusted("not a certificate for authentication") from None
    if not usable:
        # contentCommitment marks the other certificate of the card, the one for signing documents.
        raise _not_trusted("not a certificate for authentication")
    if not begun:
        raise _not_trusted("not valid yet")
    if not any(_issued_by(certificate, anchor) for anchor in anchors):
        raise _not_trusted("issued by an authority that is not configured")
    return certificate


def check_signature(certificate: x509.Certificate, signature: bytes, challenge: bytes) -> None:
    """Hold the signature over the challenge against the certificate's key. Raise MessageError(PROOF_REFUSED)."""
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            key.verify(signature, challenge, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signature, challenge, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
            key.verify(signature, challenge, ec.ECDSA(hashes.SHA384()))  # the next card's
        else:
            raise MessageError("a key of a kind that no card has", reason=Reason.PROOF_REFUSED)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        raise MessageError("the signature does not hold", reason=Reason.PROOF_REFUSED) from None


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    # Every generation of the JPKI authority has the same name, so only the signature tells which one issued it.
    # An anchor's own dates are not asked: it is trusted because somebody configured it (RFC 5280, 6.1.1 d).
    try:
        certificate.verify_directly_issued_by(anchor)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _not_trusted(message: str) -> MessageError:
    return MessageError(message, reason=Reason.CERTIFICATE_NOT_TRUSTED)
