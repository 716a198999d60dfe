"""Where a unit's private key is made and stays."""

from __future__ import annotations

from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KeyKind = Literal["file", "tpm", "pkcs11"]


class KeyStore(Protocol):
    """One key on P-256, and the file that is it or leads to it. It is made here and never leaves.

    Whatever cannot be used is BadConfig saying what to do; what breaks while it is used is Fault (part `key`).
    """

    @property
    def kind(self) -> KeyKind:
        """What it is, as the fleet is told."""

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a certificate request (PKCS #10, DER) and the key that it is for; made if there is none yet."""

    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """Return what signs with the key: the key itself, or an object that has it sign where it is."""

    def forget(self) -> None:
        """Delete the key and its file; nothing happens where there is none."""


def request_for(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a certificate request of a key, DER. It names nobody: who the unit is, is the fleet's word."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)
