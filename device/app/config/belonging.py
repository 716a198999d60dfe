"""Who the unit is, and to whom it belongs: site, fleet, updates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from device.app.config.section import Seconds, Section
from device.domain.errors import BadConfig
from device.wire.messages import Name

HttpsAddress = Annotated[str, Meta(pattern=r"^(https://[^\s?#]+)?\Z")]


INSTALLED = Path("/etc/uketsuke")
"""Where the package's services look for the configuration."""
OWN_FILE = INSTALLED / "unit.toml"
"""The configuration of the unit that this machine is."""


def state_beside(folder: Path) -> str:
    """Return what `[unit] state` is for a configuration in this folder: the package's own place, or one beside it."""
    return "/var/lib/uketsuke" if folder == INSTALLED else "state"


class UnitSection(Section, frozen=True, kw_only=True):
    """Who the unit is."""

    name: Name
    """The common name of its certificate. Units with simulated parts are called `sim-…`."""
    state: Path
    """The folder for what must survive a power cut (the outbox)."""
    language: Literal["ja", "en"] = "ja"
    models: str = ""
    """The folder with manifest.toml and weights; empty for that of the checkout."""


class BrokerSection(Section, frozen=True, kw_only=True):
    """The clinic's broker, always by mutual TLS."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    authority: Path
    """The site's CA certificate, PEM."""
    certificate: Path
    key: Path


class KeySection(Section, frozen=True, kw_only=True):
    """Where [broker] key is made and stays (docs/fleet.md)."""

    store: Literal["file", "tpm", "pkcs11"] = "file"
    """`file`: it is that file. `tpm`, `pkcs11`: that file leads to it."""
    tcti: Annotated[str, Meta(min_length=1)] = "device:/dev/tpmrm0"
    """Where the TPM is, as tpm2-tss says it."""
    module: str = ""
    """The token's PKCS #11 library."""
    token: str = ""
    """The token's label."""
    pin_file: str = ""
    """The file with the token's PIN."""

    def beside(self, path: Path) -> KeySection:
        """Return it with its paths relative to the file at `path`. Raise BadConfig for a token half named."""
        if self.store == "pkcs11":
            for option in ("module", "token", "pin_file"):
                if not getattr(self, option):
                    raise BadConfig('is empty, and store is "pkcs11"', where=f"{path}: [key] {option}")
        return replace(self, pin_file=str(path.parent / self.pin_file) if self.pin_file else "")


class ClinicSection(Section, frozen=True, kw_only=True):
    """Whom evidence is sealed for."""

    sealing_key: Path
    """The clinic's public key, JWK (`uketsuke-clinic keys` makes the pair)."""


class FleetSection(Section, frozen=True, kw_only=True):
    """The fleet that looks after the unit, if there is one (docs/fleet.md). It cannot set this section itself."""

    member: bool = False
    """`uketsuke claim` writes true: orders of the fleet's service are obeyed, and it is told how the unit is."""
    health_s: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    """Seconds from one word about the unit's health to the next."""
    trial_s: Annotated[float, Meta(ge=1, le=600)] = 30.0
    """So long a unit has to be without new troubles before the fleet's settings count as good."""


class UpdateSection(Section, frozen=True, kw_only=True):
    """Where signed updates come from, and how a new version is tried (docs/updates.md)."""

    root: str = ""
    """The pinned root of trust, handed over at enrolment; empty: this unit takes no updates."""
    url: HttpsAddress = ""
    """The folder that holds `metadata` and `targets`; empty: only from a folder, `--from`."""
    authority: str = ""
    """The certificate of the server's authority, PEM; empty: the broker's."""
    folder: Path = msgspec.field(default_factory=lambda: Path("/var/lib/uketsuke-update"))
    """Where versions lie side by side. Whoever serves visitors need not be able to write there."""
    restart: tuple[str, ...] = ()
    """The command that makes the unit run what is current and returns when it is ready."""
    healthy: tuple[str, ...] = ()
    """The command that says, by exit code 0, that the unit is well."""
    within_s: Seconds = 120.0
    """For each of these commands, and for new software's own look at itself."""
    soak_s: Annotated[float, Meta(ge=0, le=3600)] = 20.0
    """Between the two commands."""


class UpkeepSection(Section, frozen=True, kw_only=True):
    """How the unit looks after itself, and whom it tells (docs/operation.md)."""

    morning: Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?\Z")] = "07:00"
    """Of Japan, `HH:MM`; empty: never."""
    socket: str = ""
    """Where `uketsuke status` asks. Empty: in /run/uketsuke, or in the state folder where that is not there."""
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Of 127.0.0.1; 0: no metrics."""
