"""The unit's key as systemd hands it over (systemd.exec(5), "Credentials"): in memory, for this service alone.

One rule: the key is the one that belongs to the certificate. Where a credential `unit.key` does, it is used in place of
the file that `[broker] key` names, which need not be there then; after a renewal the new key lies in the file, and the
credential of the old one counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from device.app.config import Config

NAME = "unit.key"
VARIABLE = "CREDENTIALS_DIRECTORY"
OF_THE_SERVICE = Path("/run/credentials/uketsuke.service")
"""Where root finds what the service was given."""


def with_credential(config: Config, folder: Path | None) -> Config:
    """Return the configuration with the key that belongs to the certificate; `folder` holds credentials, if any."""
    if folder is None or not _belongs(folder / NAME, config.broker.certificate):
        return config
    return replace(config, broker=replace(config.broker, key=folder / NAME))


def handed_over(environment: Mapping[str, str]) -> Path | None:
    """Return where systemd put this service's credentials; None where it gave none."""
    place = environment.get(VARIABLE)
    return Path(place) if place else None


def _belongs(key: Path, certificate: Path) -> bool:
    try:
        ours = load_pem_private_key(key.read_bytes(), password=None).public_key()
        return ours == x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    except (OSError, ValueError, TypeError):
        return False  # whoever reads the file that is configured says what is wrong
