"""A key in a file that its owner alone may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

PRIVATE = 0o600


class KeyFile:
    """A `KeyStore` on the disk."""

    def __init__(self, path: Path) -> None:
        """`path` need not be there yet."""
        self._path = path

    @property
    def kind(self) -> Literal["file", "tpm", "pkcs11"]:
        """A file."""
        return "file"

    @property
    def handle(self) -> Path:
        """The file."""
        return self._path

    def request(self) -> tuple[bytes, ec.EllipticCurvePublicKey]:
        """Return a request signed with the key."""
        key = self._load() if self._path.exists() else self._make()
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.DER), key.public_key()

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


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path` so that a power cut leaves either the file before or this one.

    Raise Fault (part `key`) when the disk refuses.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Fault(f"cannot write {path}: {error.strerror}", part="key", reason=Reason.INTERNAL_FAULT) from error
