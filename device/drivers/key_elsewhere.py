"""A private key that stays where it is: it signs there, and nothing else can be had of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

DIGEST_BYTES = 32


class KeyElsewhere(ec.EllipticCurvePrivateKey):
    """A key on P-256 in a TPM or a token, in the place of one in memory: for requests, results and TLS."""

    def __init__(self, public: ec.EllipticCurvePublicKey, sign_digest: Callable[[bytes], bytes]) -> None:
        """`sign_digest` gives the ECDSA signature (DER) of 32 bytes, or raises BadConfig or Fault (part `key`)."""
        self._public = public
        self.sign_digest = sign_digest

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """In bits."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the half that everybody may have."""
        return self._public

    def sign(
        self, data: bytes | bytearray | memoryview, signature_algorithm: ec.EllipticCurveSignatureAlgorithm
    ) -> bytes:
        """Return the signature, DER. Raise UnsupportedAlgorithm for anything but ECDSA with SHA-256."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, utils.Prehashed) or not isinstance(algorithm, hashes.SHA256):
            raise UnsupportedAlgorithm("this key signs with SHA-256 alone")
        digest = hashes.Hash(hashes.SHA256())
        digest.update(data)
        return self.sign_digest(digest.finalize())

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002
        """Never."""
        raise UnsupportedAlgorithm("this key signs, and does nothing else")

    def private_numbers(self) -> NoReturn:
        """Never."""
        raise UnsupportedAlgorithm("this key cannot be taken out")

    def private_bytes(self, *_how: object, **_more: object) -> NoReturn:
        """Never."""
        raise UnsupportedAlgorithm("this key cannot be taken out")

    def __copy__(self) -> KeyElsewhere:
        """Nothing here changes."""
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> KeyElsewhere:
        """Nothing here changes."""
        return self
