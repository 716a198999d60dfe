"""A key in a file that its owner alone may read."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import BadConfig
from device.drivers.kept_file import overwrite, write_whole
from device.ports.key_store import KeyKind, request_for
from device.whole_file import PRIVATE


class KeyFile:
    """A `KeyStore` on the disk."""

    def __init__(self, path: Path) -> None:
        """`path` need not be there yet."""
        self._path = path

    @property
    def kind(self) -> KeyKind:
        """A file."""
        return "file"

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a request signed with the key."""
        key = self._load() if self._path.exists() else self._make()
        return request_for(key), key.public_key()

    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """Return the key."""
        return self._load()

    def forget(self) -> None:
        """Overwrite and delete the file."""
        overwrite(self._path)

    def _load(self) -> ec.EllipticCurvePrivateKey:
        try:
            if self._path.stat().st_mode & 0o077:
                raise BadConfig("others than its owner may read this key: chmod 600", where=str(self._path))
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except OSError as error:
            raise BadConfig(f"cannot be read: {error.strerror}", where=str(self._path)) from error
        except (ValueError, TypeError) as error:
            raise BadConfig(
                "is no private key in PEM form; delete it to have a new one made", where=str(self._path)
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadConfig("is a key of another kind than P-256", where=str(self._path))
        return key

    def _make(self) -> ec.EllipticCurvePrivateKey:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_whole(self._path, pem, mode=PRIVATE)
        return key
