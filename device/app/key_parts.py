"""The unit's key where its configuration has it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from device.app.config import Config, KeySection
from device.domain.errors import BadConfig
from device.drivers.key_elsewhere import KeyElsewhere
from device.drivers.key_file import KeyFile
from device.drivers.key_pkcs11 import Pkcs11Key, Token
from device.drivers.key_tpm import TpmKey
from device.drivers.mutual_tls import TlsFiles
from device.ports.key_store import KeyStore
from device.wire.settings import read_toml


def open_key(section: KeySection, path: Path) -> KeyStore:
    """Return the key that is at `path`, or that the file there leads to; neither need be there yet."""
    match section.store:
        case "file":
            return KeyFile(path)
        case "tpm":
            return TpmKey(path, tcti=section.tcti)
        case "pkcs11":
            token = Token(module=section.module, label=section.token, pin_file=Path(section.pin_file))
            return Pkcs11Key(path, token)


def key_section(*files: Path) -> KeySection:
    """Return [key] of the first of these files that is there. Raise BadConfig for one that cannot be read."""
    for path in files:
        if path.exists():
            written = read_toml(path, "the configuration").get("key", {})
            try:
                return msgspec.convert(written, KeySection).beside(path)
            except msgspec.ValidationError as error:
                raise BadConfig(str(error), where=f"{path}: [key]") from error
    return KeySection()


def key_text(section: KeySection) -> str:
    """Return the section as it stands in a configuration; empty where everything is at its default."""
    # A string of JSON is one of TOML.
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in msgspec.structs.asdict(section).items()
        if value != getattr(KeySection(), name)
    ]
    return "\n".join(["[key]", *lines, "", ""]) if lines else ""


def tls_files(config: Config, *, authority: Path | None = None) -> TlsFiles:
    """Return what the unit proves itself with to its broker, and to others of the same or that authority.

    Raise BadConfig where its key is not to be had.
    """
    broker = config.broker
    return TlsFiles(
        authority=authority or broker.authority,
        certificate=broker.certificate,
        key=broker.key,
        held=held_by(open_key(config.key, broker.key)),
    )


def held_by(store: KeyStore) -> KeyElsewhere | None:
    """Return what signs for TLS where no file does. Raise BadConfig where it is not to be had."""
    if store.kind == "file":
        return None
    key = store.private_key()
    return key if isinstance(key, KeyElsewhere) else None
