from __future__ import annotations

from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import rsa


class Purpose(StrEnum):
    """What a holder's certificate is for, in the words of its issuer's name."""

    AUTHENTICATION = "JPKI for user authentication"
    """利用者証明用."""
    SIGNATURE = "JPKI for digital signature"
    """署名用."""


def generate_key() -> rsa.RSAPrivateKey:
    """Make an RSA key of the size that today's cards have."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
