"""The files that say who the unit is, whom it believes and whom it seals for."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography import x509
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from device.app.config import Config
from device.app.key_parts import open_key
from device.domain.errors import BadConfig
from device.wire.sealing import Signer


def load_signer(config: Config) -> Signer:
    """Return what signs for this unit. Raise BadConfig for files that are no pair, or of another name."""
    certificate = _read(config.broker.certificate, "[broker] certificate")
    try:
        if config.key.store == "file":
            signer = Signer.load(_read(config.broker.key, "[broker] key"), certificate)
        else:
            signer = Signer.of(open_key(config.key, config.broker.key).private_key(), certificate)
    except (JoseError, ValueError) as error:
        raise BadConfig(
            "is no PEM pair of a P-256 key and its certificate", where="[broker] key, certificate"
        ) from error
    if signer.speaker != config.unit.name:
        raise BadConfig(
            f"the certificate is for {signer.speaker!r}, the unit is called {config.unit.name!r}", where="[unit] name"
        )
    return signer


def load_authority(path: Path) -> x509.Certificate:
    """Return the site's authority. Raise BadConfig naming the file."""
    try:
        certificates = x509.load_pem_x509_certificates(_read(path, "[broker] authority"))
    except ValueError as error:
        raise BadConfig("is no certificate in PEM", where=f"[broker] authority: {path}") from error
    if len(certificates) != 1:
        raise BadConfig("a site has one authority, here are several", where=f"[broker] authority: {path}")
    return certificates[0]


def load_clinic_key(path: Path) -> ECKey:
    """Return the clinic's public key. Raise BadConfig naming the file."""
    try:
        return ECKey.import_key(json.loads(_read(path, "[clinic] sealing_key")))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadConfig("is no JWK on P-256", where=f"[clinic] sealing_key: {path}") from error


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=f"{option}: {path}") from error
