"""Certificate, key and authority of a unit: where they are, whose, and where they say that the broker is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from device.domain.errors import BadConfig
from device.whole_file import PRIVATE, PUBLIC, put_whole
from device.wire.settings import read_toml

AUTHORITY, CLINIC_KEY = "authority.cert.pem", "clinic.public.jwk"
CERTIFICATE, KEY = ".cert.pem", ".key.pem"
CONFIG = "unit.toml"
UNIT = "unit"
FILES = ("*.pem", "*.jwk", CONFIG)
"""What a set-up leaves in its folder, or finds there."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What makes a machine this unit."""

    name: str
    """Of the certificate."""
    stem: str
    """How its files begin."""
    host: str = ""
    port: int = 0
    """Where the papers came with a configuration that says so."""

    @property
    def broker(self) -> dict[str, object]:
        """The files, as [broker] has them."""
        return {"authority": AUTHORITY, "certificate": self.stem + CERTIFICATE, "key": self.stem + KEY}


def find_papers(folder: Path) -> Papers | None:
    """Return what is in a folder; None where something is missing. Raise BadConfig for a certificate that is none."""
    if missing_papers(folder):
        return None
    stem = _pairs(folder)[0]
    path = folder / (stem + CERTIFICATE)
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig("cannot be read as a certificate in PEM form", where=str(path)) from error
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    host, port = _broker_of(folder / CONFIG)
    return Papers(names[0] if names else "", stem, host, port)


def missing_papers(folder: Path) -> list[str]:
    """Return what a folder lacks, as file names."""
    pair = [] if _pairs(folder) else [f"*{CERTIFICATE}", f"*{KEY}"]
    return [*pair, *(name for name in (AUTHORITY, CLINIC_KEY) if not (folder / name).is_file())]


def copy_papers(source: Path, folder: Path) -> int:
    """Copy what a site or a fleet gave, under the names that the service expects; the key for its owner alone.

    Return how many files that were. Raise BadConfig where that cannot be.
    """
    copied = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.iterdir()) if source.is_dir() else ():
            name = path.name
            if name != AUTHORITY and name.endswith((CERTIFICATE, KEY)):
                name = UNIT + (KEY if name.endswith(KEY) else CERTIFICATE)
            elif name not in {AUTHORITY, CLINIC_KEY, CONFIG}:
                continue
            put_whole(folder / name, path.read_bytes(), mode=PRIVATE if name.endswith(KEY) else PUBLIC)
            copied += 1
    except OSError as error:
        raise BadConfig(f"cannot be copied: {error.strerror}", where=str(error.filename or source)) from error
    return copied


def require_folder(folder: Path) -> None:
    """Raise BadConfig where nothing can be written into this folder, or where it cannot be made."""
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not nearest.is_dir():
        raise BadConfig("is no folder", where=str(nearest))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise BadConfig("only root may write here: sudo uketsuke setup", where=str(nearest))


def _pairs(folder: Path) -> list[str]:
    """Return how the names of certificates begin that have their key beside them."""
    stems = [path.name.removesuffix(KEY) for path in sorted(folder.glob(f"*{KEY}"))]
    return [stem for stem in stems if (folder / (stem + CERTIFICATE)).is_file()]


def _broker_of(config: Path) -> tuple[str, int]:
    if not config.is_file():
        return "", 0
    told = read_toml(config, "the configuration").get("broker")
    host, port = (told.get("host"), told.get("port", 8883)) if isinstance(told, dict) else ("", 0)
    return (host, port) if isinstance(host, str) and isinstance(port, int) else ("", 0)
