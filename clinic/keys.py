"""The clinic's sealing keys: P-256, as JWK files. Units hold the public one and seal for it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.whole_file import PRIVATE, PUBLIC, put_whole

OPENS_FOR = timedelta(days=45)
"""An earlier key opens for longer than any result lives (30 days, and then the clinic refuses it)."""

PRIVATE_NAME = "clinic.private.jwk"
PUBLIC_NAME = "clinic.public.jwk"
_CURVE = "P-256"
_REPLACED_AT = "replaced_at"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """A pair on disk."""

    private: Path
    public: Path


def make_key_pair(folder: Path) -> KeyFiles:
    """Make a new pair in `folder`, the private one 0600. Raise Fault (part `keys`), never replacing a key.

    A replaced private key would leave every result that is still on its way sealed for ever.
    """
    key = ECKey.generate_key(_CURVE)
    key.ensure_kid()
    files = KeyFiles(folder / PRIVATE_NAME, folder / PUBLIC_NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, private, mode in ((files.private, True, 0o600), (files.public, False, 0o644)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
                file.write(json.dumps({**key.as_dict(private=private), "kid": key.kid}, indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
    except FileExistsError as error:
        raise Fault(
            f"{error.filename} is already there; keys are never replaced", part="keys", reason=Reason.CONFIG_INVALID
        ) from error
    except OSError as error:
        raise Fault(
            f"cannot write keys to {folder}: {error.strerror}", part="keys", reason=Reason.INTERNAL_FAULT
        ) from error
    return files


def rotate_keys(folder: Path, now: datetime) -> str:
    """Make a new pair the one to seal for, and keep the earlier private keys for what is sealed already.

    The private file becomes a set (JWK Set) with the new key in front; keys that were replaced longer ago than
    `OPENS_FOR` leave it, for nothing that is sealed for them would still be accepted. Running services read both files
    again by themselves. Return the new key's id. Raise BadConfig without keys to begin with, Fault from the disk.
    """
    files = KeyFiles(folder / PRIVATE_NAME, folder / PUBLIC_NAME)
    earlier = [key.as_dict(private=True) for key in load_keys(files.private, private=True)]
    for parameters in earlier:
        parameters.setdefault(_REPLACED_AT, now.isoformat())
    oldest = (now - OPENS_FOR).timestamp()
    kept = [parameters for parameters in earlier if _replaced_at(parameters) >= oldest]
    key = ECKey.generate_key(_CURVE)
    key.ensure_kid()
    private = {"keys": [{**key.as_dict(private=True), "kid": key.kid}, *kept]}
    public = {**key.as_dict(private=False), "kid": key.kid}
    try:
        # The private one first: nobody may seal for a key that opens nothing yet.
        for path, content, mode in ((files.private, private, PRIVATE), (files.public, public, PUBLIC)):
            put_whole(path, (json.dumps(content, indent=2) + "\n").encode(), mode=mode)
    except OSError as error:
        raise Fault(
            f"cannot write keys to {folder}: {error.strerror}", part="keys", reason=Reason.INTERNAL_FAULT
        ) from error
    return str(key.kid)


def load_key(path: Path, *, private: bool) -> ECKey:
    """Read one JWK file, or the current key of a set. Raise BadConfig as `load_keys` does."""
    return load_keys(path, private=private)[0]


def load_keys(path: Path, *, private: bool) -> tuple[ECKey, ...]:
    """Read a JWK file or a JWK Set, the current key first.

    Raise BadConfig when something in it is no P-256 key, or not the half that is wanted.
    """
    try:
        content = json.loads(path.read_text())
        documents = content.get("keys", [content])
        keys = tuple(ECKey.import_key(document) for document in documents)
        curves = {key.curve_name for key in keys}
    except OSError as error:
        raise BadConfig(f"cannot read the key: {error.strerror}", where=str(path)) from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        # Without its cause: a decoder may quote what it read, and that would be key material.
        raise BadConfig("not a JWK of an elliptic curve key", where=str(path)) from None
    if not keys:
        raise BadConfig("a set without a key", where=str(path))
    if foreign := curves - {_CURVE}:
        raise BadConfig(f"a key on {min(foreign)}, only {_CURVE} is used", where=str(path))
    if private and not all(key.is_private for key in keys):
        raise BadConfig("this is a public key, the private one is needed", where=str(path))
    if not private and any(key.is_private for key in keys):
        raise BadConfig("this is a private key; only the public one belongs here", where=str(path))
    return keys


class KeyRing:
    """Keys that are at hand, the current one first. Those from files are read again when a file changes."""

    def __init__(self, *paths: Path, private: bool) -> None:
        """Read the files. Raise BadConfig as `load_keys` does."""
        self._paths = paths
        self._private = private
        self._stamps = self._stamp()
        self._keys = self._read()

    @property
    def all(self) -> tuple[ECKey, ...]:
        """Every key, for opening."""
        stamps = self._stamp()
        if stamps != self._stamps:
            try:
                self._keys = self._read()
            except BadConfig as error:
                # The keys that we have still open what is on its way; a broken file must not stop the clinic.
                log.warning("keys not read again: %s", error)
            self._stamps = stamps
        return self._keys

    @property
    def current(self) -> ECKey:
        """The key to seal for."""
        return self.all[0]

    def _read(self) -> tuple[ECKey, ...]:
        return tuple(key for path in self._paths for key in load_keys(path, private=self._private))

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        stamps = []
        for path in self._paths:
            try:
                state = path.stat()
                stamps.append((state.st_mtime_ns, state.st_ino))
            except OSError:
                stamps.append((0, 0))
        return tuple(stamps)


def _replaced_at(parameters: Mapping[str, object]) -> float:
    return datetime.fromisoformat(str(parameters[_REPLACED_AT])).timestamp()


def load_authorities(path: Path) -> list[x509.Certificate]:
    """Read the certificates of one or several authorities, PEM. Raise BadConfig for anything else."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"cannot read the certificate: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise BadConfig("not a certificate in PEM", where=str(path)) from error
    for certificate in certificates:
        try:
            authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (x509.ExtensionNotFound, ValueError):
            authority = False
        if not authority:
            raise BadConfig("a certificate in it is not an authority's", where=str(path))
    return certificates
