"""What a station owns: a folder with its key, records and reports, its list of cards, what it knows of its tools."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
from joserfc.jwk import ECKey

from device.whole_file import PUBLIC, put_whole
from device.wire.bench_record import sign_bench_record
from hw.card_list import load_cards
from hw.cards import CardBox
from hw.errors import BadLimits
from hw.record import Environment, Record
from hw.store import NotStored, RecordStore

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class StationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`station.toml`."""

    name: str = "bench"
    calibrated: dict[str, str] = {}
    """Day of the last calibration by tool, such as `sound_meter = "2026-01-15"`."""
    environment: Environment = Environment()
    time_server: str = ""
    """What units' clocks are compared with; empty where the bench has none."""


@dataclass
class Station:
    """One station's folder. The key is made when it is first needed, and never leaves the folder."""

    folder: Path
    file: StationFile = field(init=False)

    def __post_init__(self) -> None:
        path = self.folder / "station.toml"
        try:
            self.file = msgspec.toml.decode(path.read_bytes(), type=StationFile) if path.exists() else StationFile()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadLimits(f"{path}: {error}") from error
        if not _NAME.fullmatch(self.file.name):
            raise BadLimits(f"{path}: a station's name is small letters, digits and hyphens: {self.file.name!r}")

    @property
    def name(self) -> str:
        """What the station is called in its records."""
        return self.file.name

    def cards(self) -> CardBox:
        """Return the station's list of cards."""
        return load_cards(self.folder / "cards.toml")

    def store(self) -> RecordStore:
        """Open the records. Raise NotStored."""
        return RecordStore(self.folder / "records.sqlite")

    @cached_property
    def _key(self) -> ECKey:
        path = self.folder / "station.key.pem"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                key = ECKey.generate_key("P-256")
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(key.as_pem(private=True))
            return ECKey.import_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise NotStored(f"the station's key cannot be had: {error}") from error

    def public_key(self) -> bytes:
        """Return the PEM that a fleet is given, to believe this station's records."""
        return self._key.as_pem(private=False)

    def known_keys(self) -> Mapping[str, ECKey]:
        """Return the keys that this station's own records are checked with."""
        return {self.name: ECKey.import_key(self.public_key())}

    def sign(self, record: Record) -> bytes:
        """Return the signed document of a record."""
        return sign_bench_record(msgspec.json.encode(record), self._key, station=self.name)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the station's whole or not at all. Raise NotStored."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            put_whole(path, content, mode=PUBLIC)
        except OSError as error:
            raise NotStored(f"{path} cannot be written: {error.strerror}") from error
        return path
