"""The clinic's sealing keys: P-256, as JWK files. Units hold the public one and seal for it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

PRIVATE_NAME = "clinic.private.jwk"
PUBLIC_NAME = "clinic.public.jwk"
_CURVE = "P-256"


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


def load_key(path: Path, *, private: bool) -> ECKey:
    """Read a JWK file. Raise BadConfig when it is no P-256 key, or not the half that is wanted."""
    try:
        key = ECKey.import_key(json.loads(path.read_text()))
        curve = key.curve_name
    except OSError as error:
        raise BadConfig(f"cannot read the key: {error.strerror}", where=str(path)) from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        # Without its cause: a decoder may quote what it read, and that would be key material.
        raise BadConfig("not a JWK of an elliptic curve key", where=str(path)) from None
    if curve != _CURVE:
        raise BadConfig(f"a key on {curve}, only {_CURVE} is used", where=str(path))
    if private and not key.is_private:
        raise BadConfig("this is a public key, the private one is needed", where=str(path))
    if not private and key.is_private:
        raise BadConfig("this is a private key; only the public one belongs here", where=str(path))
    return key


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
