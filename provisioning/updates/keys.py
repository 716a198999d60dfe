"""Keys of the four roles: Ed25519, each in a PEM file of its own.

Root and targets keys are offline: their files are encrypted with a passphrase and belong on sticks in a safe. Those of
snapshot and timestamp sign every day by themselves: their files are readable by their owner, and nothing else protects
them.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from device.domain.errors import BadConfig
from device.whole_file import PRIVATE
from provisioning.files import write_whole

SHORTEST_PASSPHRASE: Final = 12
"""Characters. The file can be tried out offline by whoever finds the stick."""


def make_key(path: Path, passphrase: str | None) -> CryptoSigner:
    """Make a key and write it to `path` (0600), encrypted where there is a passphrase.

    Raise BadConfig where there is a file already, or the passphrase is too short; Fault when the disk refuses.
    """
    if path.exists():
        raise BadConfig("there is a file already; keys are never replaced", where=str(path))
    if passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadConfig(f"the passphrase needs {SHORTEST_PASSPHRASE} characters or more", where=str(path))
    private = Ed25519PrivateKey.generate()
    locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    write_whole(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked), mode=PRIVATE)
    return CryptoSigner(private)


def load_key(path: Path, passphrase: str | None) -> CryptoSigner:
    """Return the signer in `path`. Raise BadConfig: no such file, readable by others, another key, wrong passphrase."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadConfig(f"others can read this key; `chmod 600 {path}`", where=str(path))
        private = load_pem_private_key(path.read_bytes(), None if passphrase is None else passphrase.encode())
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
    except TypeError as error:
        words = "no passphrase was given, and it needs one" if passphrase is None else "it has no passphrase"
        raise BadConfig(words, where=str(path)) from error
    except ValueError as error:
        raise BadConfig("wrong passphrase, or no key in PEM", where=str(path)) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise BadConfig("not an Ed25519 key", where=str(path))
    return CryptoSigner(private)


def is_locked(path: Path) -> bool:
    """Return whether the key in `path` needs a passphrase."""
    try:
        return b"ENCRYPTED" in path.read_bytes()[:64]
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
