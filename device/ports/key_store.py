"""Where a unit's private key is made and stays."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from cryptography.hazmat.primitives.asymmetric import ec


class KeyStore(Protocol):
    """One key on P-256. It is made here and never leaves."""

    @property
    def kind(self) -> Literal["file", "tpm", "pkcs11"]:
        """What it is, as the fleet is told."""

    @property
    def handle(self) -> Path:
        """The PEM file that TLS loads: the key, or what leads the library to it."""

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a certificate request (PKCS #10, DER) and the key that it is for; made if there is none yet.

        Raise Fault (part `key`) when it cannot be made, BadConfig for a key that cannot be used.
        """
