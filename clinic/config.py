"""The clinic side's configuration: one TOML file, every option typed, every mistake named with its place.

    [site]
    branch = "simulation"                  # or "production"; simulated and real units never meet
    institution_code = "1399999999"        # 医療機関コード, 10 digits

    [broker]
    host = "127.0.0.1"
    port = 8883
    authority = "authority.cert.pem"       # the site's: of the broker, the services and the units

    [gateway]                              # answers units; leave the section out to run the consumer alone
    certificate = "clinic-gateway.cert.pem"
    key = "clinic-gateway.key.pem"
    sealing_key = "clinic.private.jwk"     # opens what units seal for us
    consumer_key = "clinic.public.jwk"     # qualifications are sealed for it
    anchors = ["card-authority.pem"]       # authorities whose cards are believed
    people = "people.toml"                 # invented people for the stand-in of the national service
    stand_in = "national.sqlite"           # where the stand-in keeps what happened; without it, in memory
    accept = ["pin_signature", "phone_signature", "face_institution"]
    # What is asked: as set at the national side for this institution_code, or here:
    ask_consent = ["YZK", "TKK"]
    consent_mode = "blanket"               # or "item_by_item"
    ask_prescription = false               # 電子処方箋 or paper, asked at the unit
    ask_public_expense = true              # 公費 (PMH): asked of visitors who have its data
    register_on_the_spot = true            # 利用登録 at the unit, where the card is no insurance card yet

    [consumer]                             # keeps results; leave the section out to run the gateway alone
    certificate = "clinic-consumer.cert.pem"
    key = "clinic-consumer.key.pem"
    sealing_keys = ["clinic.private.jwk"]  # several while a key is being changed
    store = "clinic.sqlite"
    keep_days = 62                         # visits older than this are deleted

    [receipt_files]                        # for the receipt computer; leave the section out to write none
    folder = "OQS/face"                    # must be there
    encoding = "UTF-8"                     # or "Shift_JIS"
    keep_days = 3

    [terminal]                             # a 資格確認端末 in the house; without it the stand-in is asked
    requests = "OQS/req"
    results = "OQS/res"
    password_file = "terminal.password"    # where it encrypts its answers (ZIP)
    patience_s = 15

    [screen]                               # the reception screen; needs [consumer]
    host = "192.0.2.10"                    # where browsers reach it; 127.0.0.1 for this machine alone
    port = 8443
    certificate = "screen.cert.pem"        # without certificate and key: 127.0.0.1 only
    key = "screen.key.pem"
    names = ["reception.example"]          # under which browsers may ask for it, beside host
    state = "screen"                       # folder of accounts, sessions and the access log
    fade_minutes = 30                      # rows that were dealt with leave the screen after this

Paths are relative to the file that names them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from clinic.inquiry import SIGNED
from clinic.official_xml import Encoding
from device.domain.errors import BadConfig
from device.domain.values import Assurance, ConsentItem, ConsentMode
from device.wire import topics
from device.wire.settings import load_settings

PathText = Annotated[str, Meta(pattern=r"^[^\x00]+\Z")]


class SiteSection(Struct, frozen=True, kw_only=True):
    """Which clinic this is."""

    branch: Literal["production", "simulation"]
    institution_code: Annotated[str, Meta(pattern=r"^[0-9]{10}\Z")]

    @property
    def root(self) -> str:
        """The branch's topic root."""
        return topics.PRODUCTION_ROOT if self.branch == "production" else topics.SIMULATION_ROOT


class BrokerSection(Struct, frozen=True, kw_only=True):
    """Where the broker is."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    authority: PathText


class GatewaySection(Struct, frozen=True, kw_only=True):
    """The service that answers units."""

    certificate: PathText
    key: PathText
    sealing_key: PathText
    consumer_key: PathText
    anchors: Annotated[tuple[PathText, ...], Meta(min_length=1)]
    people: PathText
    stand_in: PathText | None = None
    accept: Annotated[tuple[Assurance, ...], Meta(min_length=1)] = tuple(sorted(SIGNED))
    ask_consent: tuple[ConsentItem, ...] | None = None
    consent_mode: ConsentMode | None = None
    ask_prescription: bool | None = None
    ask_public_expense: bool | None = None
    register_on_the_spot: bool = True


class ReceiptFilesSection(Struct, frozen=True, kw_only=True):
    """The folder that the receipt computer watches."""

    folder: PathText
    encoding: Encoding = Encoding.UTF_8
    keep_days: Annotated[int, Meta(ge=1, le=90)] = 3


class TerminalSection(Struct, frozen=True, kw_only=True):
    """The shared folders of a 資格確認端末: the way of asking by insurance data."""

    requests: PathText
    results: PathText
    password_file: PathText | None = None
    patience_s: Annotated[float, Meta(gt=0, le=120)] = 15.0


class ConsumerSection(Struct, frozen=True, kw_only=True):
    """The service that keeps results."""

    certificate: PathText
    key: PathText
    sealing_keys: Annotated[tuple[PathText, ...], Meta(min_length=1)]
    store: PathText
    keep_days: Annotated[int, Meta(ge=1, le=400)] = 62


class ScreenSection(Struct, frozen=True, kw_only=True):
    """The page for the desk."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8443
    """0 takes any free port and says which."""
    certificate: PathText | None = None
    key: PathText | None = None
    names: tuple[Annotated[str, Meta(pattern=r"^[0-9A-Za-z.-]+\Z")], ...] = ()
    state: PathText = "screen"
    fade_minutes: Annotated[int, Meta(ge=1, le=1440)] = 30


class ClinicConfig(Struct, frozen=True, kw_only=True):
    """The whole file."""

    site: SiteSection
    broker: BrokerSection
    gateway: GatewaySection | None = None
    consumer: ConsumerSection | None = None
    receipt_files: ReceiptFilesSection | None = None
    terminal: TerminalSection | None = None
    screen: ScreenSection | None = None


def issue_again(name: str) -> str:
    """Return the command that gives `name` a new key and certificate; DIR is the folder of the site."""
    return f"`uketsuke-clinic issue DIR {name}`"


def load_config(path: Path) -> ClinicConfig:
    """Return the configuration in `path`. Raise BadConfig naming file, section and option; no other file is opened."""
    config = load_settings(path, ClinicConfig)
    if config.gateway is None and config.consumer is None:
        raise BadConfig("neither [gateway] nor [consumer]: there is nothing to run", where=str(path))
    if config.screen is not None and config.consumer is None:
        raise BadConfig("shows what [consumer] stores, and there is none", where=f"{path}: [screen]")
    if config.screen is not None and (config.screen.certificate is None) != (config.screen.key is None):
        raise BadConfig("go together: give both or neither", where=f"{path}: [screen] certificate, key")
    if config.gateway is not None and config.site.branch == "production":
        # Invented people must not answer for real cards; a production gateway needs the real service's adapter.
        raise BadConfig(
            "the stand-in for the national service answers simulated units only",
            where=f"{path}: [gateway] people with [site] branch",
        )
    return config
