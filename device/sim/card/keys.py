from __future__ import annotations

from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HolderKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HolderPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class Purpose(StrEnum):
    """What a holder's certificate is for, in the words of its issuer's name."""

    AUTHENTICATION = "JPKI for user authentication"
    """利用者証明用."""
    SIGNATURE = "JPKI for digital signature"
    """署名用."""


class Algorithm(StrEnum):
    """Of the authority's key and of the holders' keys."""

    RSA_2048 = "RSA-2048 with SHA-256"
    """Today's."""
    ECDSA_P384 = "ECDSA P-384 with SHA-384"
    """The next card's (facts: card.md, section 8)."""


def generate_key() -> rsa.RSAPrivateKey:
    """Make an RSA key of the size that today's cards have."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def generate_holder_key(algorithm: Algorithm) -> HolderKey:
    """Make a key that certificates are about, or are signed with."""
    return generate_key() if algorithm is Algorithm.RSA_2048 else ec.generate_private_key(ec.SECP384R1())


def hash_for(key: HolderKey) -> hashes.SHA256 | hashes.SHA384:
    """Return the hash that goes with a key."""
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else hashes.SHA384()
