"""What a fleet is, in its `fleet.toml`, and where everything of it lies.

fleet.toml
audit.key             the key of the audit's chain: without it the audit proves nothing; keep a copy elsewhere
fleet.sqlite          what is known, unless [store] names PostgreSQL
authority/            signs units; its key is needed by the service
claims/               signs tickets; its key is needed by `import`, `label` and nothing that runs
broker/               mosquitto.conf, access.list, certificate, revocation list, data
service/              the service's certificate
console/              the page's certificate
tickets/              one file per unit that waits for its claim; as secret as a key
sites/<site>/         clinic.public.jwk: what units of the site seal for
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from device.domain.errors import BadConfig
from device.whole_file import PUBLIC
from device.wire.fleet import Digest
from device.wire.messages import NAME
from device.wire.settings import load_settings
from provisioning.broker import CLAIMS_CERTIFICATE, FLEET_SAVE_S, PID_FILE, SITE_FILE, Branch, ClaimListener, SiteBroker
from provisioning.files import write_whole

FILE_NAME = "fleet.toml"

Port = Annotated[int, Meta(ge=1, le=65_535)]
Guarded = Literal["revoke", "decommission", "quarantine", "release", "twin", "rollout", "import", "claim", "account"]
"""What can be made to need a second person."""
Word = Annotated[str, Meta(pattern=rf"^{NAME}\Z")]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class FleetSection(_Section, frozen=True, kw_only=True):
    """Whose units these are."""

    name: Word
    branch: Literal["production", "simulation"] = "production"


class BrokerSection(_Section, frozen=True, kw_only=True):
    """Where the broker is."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    """Name or IP address under which units reach it; stands in its certificate."""
    address: Annotated[str, Meta(min_length=1)] = "0.0.0.0"  # noqa: S104  units come from elsewhere
    port: Port = 8883
    admin_port: Port = 8884
    claim_port: Port = 8885
    account: Annotated[str, Meta(min_length=1)] = "mosquitto"
    """The OS account that it runs as."""


class StoreSection(_Section, frozen=True, kw_only=True):
    """What the fleet knows is kept here."""

    url: str = "sqlite:///fleet.sqlite"
    """A path is relative to this file. Or `postgresql://user@host/name`."""


class ClaimsSection(_Section, frozen=True, kw_only=True):
    """How units are claimed."""

    ticket_days: Annotated[int, Meta(ge=1, le=365)] = 7
    certificate_days: Annotated[float, Meta(gt=0, le=825)] = 90
    """Units ask for the next one when a third of this is left."""
    rescue_days: Annotated[int, Meta(ge=0, le=365)] = 30
    """A unit that was off for so long after its certificate ran out is let in to get the next one."""
    hook: str = ""
    """A program that is asked before each claim, with JSON on standard input; empty: none."""
    hook_s: Annotated[float, Meta(gt=0, le=60)] = 5.0


class BenchSection(_Section, frozen=True, kw_only=True):
    """What a unit has to have passed on the bench before it may be claimed. `uketsuke-fleet records` brings records."""

    claim_needs: Annotated[str, Meta(max_length=64)] = ""
    """The plan of which a claim needs a passed record, such as `functional`; empty: none."""
    max_age_days: Annotated[int, Meta(ge=1, le=3_650)] = 365
    plan_digests: list[Digest] = msgspec.field(default_factory=list)
    """Versions of the plan that count; empty: every one. `uketsuke-fleet records list` shows them."""
    limits_digests: list[Digest] = msgspec.field(default_factory=list)
    """Versions of the limits that count; empty: every one."""


class UpdatesSection(_Section, frozen=True, kw_only=True):
    """What a claimed unit is told about updates (docs/updates.md)."""

    root: str = ""
    """The repository's `metadata/1.root.json`, or a later one; relative to this folder. Empty: there are none."""
    url: Annotated[str, Meta(max_length=512, pattern=r"^(https://[^\s?#\"\\\\]+)?\Z")] = ""
    """The folder with `metadata` and `targets`; empty: by stick alone."""


class ServiceSection(_Section, frozen=True, kw_only=True):
    """The service."""

    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 9469
    """Prometheus reads http://127.0.0.1:PORT/metrics; 0: nowhere."""
    log_days: Annotated[int, Meta(ge=1, le=90)] = 7
    """Log bundles of units are deleted after this."""
    two_people: list[Guarded] = msgspec.field(default_factory=list)
    """What a second person has to approve. Without `account` in it an administrator can make themself a second."""


class ConsoleSection(_Section, frozen=True, kw_only=True):
    """The page for people."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """The address that it listens on."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8470
    names: list[Annotated[str, Meta(min_length=1, max_length=253)]] = msgspec.field(default_factory=list)
    """Further names and addresses under which browsers reach it; they stand in its certificate."""
    cli_role: Literal["viewer", "operator", "admin"] = "admin"
    """What an OS account may do on the command line that is nobody's name at the console."""


class FleetPlan(_Section, frozen=True, kw_only=True):
    """The whole file."""

    fleet: FleetSection
    broker: BrokerSection
    store: StoreSection = StoreSection()
    claims: ClaimsSection = ClaimsSection()
    bench: BenchSection = msgspec.field(default_factory=BenchSection)
    updates: UpdatesSection = UpdatesSection()
    service: ServiceSection = msgspec.field(default_factory=ServiceSection)
    console: ConsoleSection = msgspec.field(default_factory=ConsoleSection)

    @property
    def branch(self) -> Branch:
        """Which units it is for."""
        return Branch.PRODUCTION if self.fleet.branch == "production" else Branch.SIMULATION

    @property
    def certificate_lifetime(self) -> timedelta:
        """How long a unit's certificate is good."""
        return timedelta(days=self.claims.certificate_days)


class Places:
    """Where the files of a fleet lie."""

    def __init__(self, folder: Path) -> None:
        """`folder` may not be there yet."""
        self.folder = folder.resolve()
        self.plan = self.folder / FILE_NAME
        self.audit_key = self.folder / "audit.key"
        self.authority = self.folder / "authority"
        self.authority_key = self.authority / "authority.key.pem"
        self.authority_certificate = self.authority / "authority.cert.pem"
        self.claims = self.folder / "claims"
        self.claims_key = self.claims / "authority.key.pem"
        self.claims_certificate = self.claims / "authority.cert.pem"
        self.broker = self.folder / "broker"
        self.broker_config = self.broker / "mosquitto.conf"
        self.revoked = self.broker / "revoked.crl.pem"
        self.pid_file = self.broker / "data" / PID_FILE
        self.service = self.folder / "service"
        self.service_certificate = self.service / "fleet-service.cert.pem"
        self.service_key = self.service / "fleet-service.key.pem"
        self.console = self.folder / "console"
        self.console_certificate = self.console / "console.cert.pem"
        self.console_key = self.console / "console.key.pem"
        self.tickets = self.folder / "tickets"
        self.sites = self.folder / "sites"

    def clinic_key(self, site: str) -> Path:
        """Return where the public key lies that a site's units seal for."""
        return self.sites / site / "clinic.public.jwk"

    def store_url(self, plan: FleetPlan) -> str:
        """Return the store's address; a relative path of SQLite's is taken from the fleet's folder."""
        kind, slashes, rest = plan.store.url.partition(":///")
        if kind == "sqlite" and slashes and not rest.startswith("/"):
            return f"sqlite:///{self.folder / rest}"
        return plan.store.url

    @property
    def broker_is_the_sites(self) -> bool:
        """A clinic's site lives in the same folder, and writes the configuration of the broker that both share."""
        return (self.folder / SITE_FILE).exists()

    def site_broker(self, plan: FleetPlan) -> SiteBroker:
        """Return the broker that the plan asks for."""
        return SiteBroker.in_folder(
            self.broker,
            save_s=FLEET_SAVE_S,
            branch=plan.branch,
            port=plan.broker.port,
            admin_port=plan.broker.admin_port,
            address=plan.broker.address,
            run_as=plan.broker.account,
            claims=ClaimListener(
                port=plan.broker.claim_port,
                authority=self.broker / CLAIMS_CERTIFICATE,
                address=plan.broker.address,
            ),
            pid_file=self.pid_file,
        )


def load_plan(folder: Path) -> FleetPlan:
    """Read the fleet.toml of a folder. Raise BadConfig naming section and option."""
    path = folder / FILE_NAME
    if not path.exists():
        raise BadConfig(
            f"there is no fleet here; `uketsuke-fleet init {folder} --host NAME` makes one", where=str(path)
        )
    return load_settings(path, FleetPlan)


def write_plan(plan: FleetPlan, path: Path) -> None:
    """Write a fleet.toml with every option."""
    lines = ["# One fleet: made by `uketsuke-fleet init`, which after a change of [broker] is to be run again.\n"]
    for name in plan.__struct_fields__:
        section = getattr(plan, name)
        lines.append(f"\n[{name}]\n")
        lines += [
            f"{option} = {msgspec.json.encode(getattr(section, option)).decode()}\n"
            for option in section.__struct_fields__
        ]
    write_whole(path, "".join(lines).encode(), mode=PUBLIC)
