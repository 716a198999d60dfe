"""What a site is, in its `site.toml`, and where everything of it lies.

site.toml
authority/            the authority's key: may be kept on a stick in the safe, nothing that runs needs it
broker/               mosquitto.conf, access.list, certificate, revocation list, data
clinic/               clinic.toml, the services' certificates, the sealing keys
units/<name>/         what is copied to a unit: unit.toml, its certificate, the authority's, the sealing key
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from device.domain.values import SIMULATED_UNIT_PREFIX
from device.whole_file import PUBLIC
from device.wire.messages import NAME
from device.wire.settings import load_settings
from provisioning.broker import CLAIMS_CERTIFICATE, PID_FILE, SITE_FILE, Branch, ClaimListener, SiteBroker
from provisioning.files import write_whole

Port = Annotated[int, Meta(ge=1, le=65_535)]
Word = Annotated[str, Meta(pattern=rf"^{NAME}\Z")]


class SiteSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clinic this is."""

    name: Word
    branch: Literal["production", "simulation"] = "production"
    institution_code: Annotated[str, Meta(pattern=r"^[0-9]{10}\Z")]


class BrokerSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the broker is."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    """Name or IP address under which units and services reach it; stands in its certificate."""
    address: Annotated[str, Meta(min_length=1)]
    """The address that it listens on."""
    port: Port = 8883
    admin_port: Port = 8884
    claim_port: Port = 8885
    """Where units are claimed, if a fleet lives in the same folder and shares the broker."""
    account: Annotated[str, Meta(min_length=1)] = "mosquitto"
    """The OS account that it runs as."""


class SitePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    site: SiteSection
    broker: BrokerSection

    @property
    def branch(self) -> Branch:
        """Which units it is for."""
        return Branch.PRODUCTION if self.site.branch == "production" else Branch.SIMULATION

    @property
    def first_unit(self) -> str:
        """What the first unit is called."""
        return "unit-0001" if self.branch is Branch.PRODUCTION else f"{SIMULATED_UNIT_PREFIX}0001"


class Places:
    """Where the files of a site lie."""

    def __init__(self, folder: Path) -> None:
        """`folder` may not be there yet."""
        self.folder = folder.resolve()
        self.plan = self.folder / SITE_FILE
        self.authority = self.folder / "authority"
        self.broker = self.folder / "broker"
        self.clinic = self.folder / "clinic"
        self.units = self.folder / "units"
        self.authority_key = self.authority / "authority.key.pem"
        self.authority_certificate = self.authority / "authority.cert.pem"
        self.revoked = self.broker / "revoked.crl.pem"
        self.broker_config = self.broker / "mosquitto.conf"
        self.clinic_config = self.clinic / "clinic.toml"

    def site_broker(self, plan: SitePlan) -> SiteBroker:
        """Return the broker that the plan asks for."""
        door = ClaimListener(
            port=plan.broker.claim_port, authority=self.broker / CLAIMS_CERTIFICATE, address=plan.broker.address
        )
        shared = door.authority.exists()
        return SiteBroker.in_folder(
            self.broker,
            claims=door if shared else None,
            pid_file=self.broker / "data" / PID_FILE if shared else None,
            branch=plan.branch,
            port=plan.broker.port,
            admin_port=plan.broker.admin_port,
            address=plan.broker.address,
            run_as=plan.broker.account,
        )


def load_plan(path: Path) -> SitePlan:
    """Read a site.toml. Raise BadConfig naming section and option."""
    return load_settings(path, SitePlan)


def write_plan(plan: SitePlan, path: Path) -> None:
    """Write a site.toml."""
    lines = [
        "# One site: made by `uketsuke-clinic init`. After a change: `uketsuke-clinic init` again, then `doctor`.\n"
    ]
    for name in plan.__struct_fields__:
        section = getattr(plan, name)
        lines.append(f"\n[{name}]\n")
        lines += [
            f"{field} = {msgspec.json.encode(getattr(section, field)).decode()}\n"
            for field in section.__struct_fields__
        ]
    write_whole(path, "".join(lines).encode(), mode=PUBLIC)
