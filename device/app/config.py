"""The unit's configuration: one TOML file, every option with a type and a default, every unknown option an error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from device.domain.errors import BadConfig
from device.domain.values import SIMULATED_UNIT_PREFIX, Challenge, Method, Move, UnitId
from device.panel.loudness import From, Volume
from device.panel.pinout import Pinout
from device.reception import Policy
from device.wire.fleet import Settings
from device.wire.messages import Name
from device.wire.settings import load_settings

_DEFAULT = Policy()
_GOTHIC = "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf"
"""Debian's package fonts-ipafont-gothic."""

Fingerprint = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}\Z")]
"""SHA-256 in hex, with or without colons."""

NO_CAMERA = "none"
BY_MANIFEST = -1.0
FRONT_WIDTH, FRONT_HEIGHT, FRONT_FRAMES_PER_SECOND = 1920, 1080, 5.0
"""The reader of the front works at 1920 pixels; print does not move, so few pictures a second are enough."""
CameraAddress = Annotated[str, Meta(pattern=r"^(none|picamera2:\d+|v4l2:/dev/[^:]+|folder:.+)\Z")]

HttpsAddress = Annotated[str, Meta(pattern=r"^(https://[^\s?#]+)?\Z")]

Seconds = Annotated[float, Meta(gt=0, le=600)]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    # A default that is a path, or a section that has one, comes from a factory: the schema cannot spell a Path.
    pass


class UnitSection(_Section, frozen=True, kw_only=True):
    """Who the unit is."""

    name: Name
    """The common name of its certificate. Units with simulated parts are called `sim-…`."""
    state: Path
    """The folder for what must survive a power cut (the outbox)."""
    language: Literal["ja", "en"] = "ja"
    models: str = ""
    """The folder with manifest.toml and weights; empty for that of the checkout."""


class BrokerSection(_Section, frozen=True, kw_only=True):
    """The clinic's broker, always by mutual TLS."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    authority: Path
    """The site's CA certificate, PEM."""
    certificate: Path
    key: Path


class ClinicSection(_Section, frozen=True, kw_only=True):
    """Whom evidence is sealed for."""

    sealing_key: Path
    """The clinic's public key, JWK (`uketsuke-clinic keys` makes the pair)."""


class AnchorFile(_Section, frozen=True, kw_only=True):
    """An authority of cards' certificates: its certificate, PEM."""

    file: Path
    sha256: Fingerprint
    """Of the certificate's DER."""


class PortraitAnchorFile(_Section, frozen=True, kw_only=True):
    """A key that signs the certificates of portraits' signers: an RSA public key, PEM."""

    file: Path
    key_id: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{32}\Z")]
    """証明者鍵ID, 16 bytes in hex."""
    sha256: Fingerprint
    """Of the key's SubjectPublicKeyInfo."""


class CardSection(_Section, frozen=True, kw_only=True):
    """The card reader, and whose cards are believed."""

    reader: Literal["pcsc", "pn532"] = "pcsc"
    """`pcsc`: a reader that pcscd knows. `pn532`: a HAT with this chip, by our own driver (docs/nfc-hat.md)."""
    name: str = "."
    """A regular expression; the first reader whose PC/SC name it finds is used. For a reader with two slots: "PICC"."""
    bus: Annotated[str, Meta(pattern=r"^(uart:/.+|spi:\d+\.\d+|i2c:\d+)\Z")] = "uart:/dev/ttyAMA0"
    """Where the PN532 is: `uart:/dev/ttyAMA0`, `spi:0.0` or `i2c:1`."""

    front: CameraAddress = NO_CAMERA
    """The camera that looks at the card's front, in the words of `[camera] source`."""
    anchors: tuple[AnchorFile, ...] = ()
    portrait_anchors: tuple[PortraitAnchorFile, ...] = ()
    unknown_portrait_anchor: Literal["report", "refuse"] = "report"
    """What to do with a portrait whose signer none of `portrait_anchors` vouches for. An altered one is always refused,
    and where `accept_face_only` is set, so is an unknown one."""
    portrait_floor: Annotated[int, Meta(ge=1, le=10)] = 5
    """A card gives ten tries for the number on its front. With fewer left than this the unit leaves them to people."""


class CameraSection(_Section, frozen=True, kw_only=True):
    """The camera that sees the visitor. Without one, or without one for the card's front, visits go by PIN."""

    source: CameraAddress = NO_CAMERA
    """`picamera2:0`, `v4l2:/dev/video0` or `none`; `folder:DIR`, pictures in its place, where parts are simulated."""
    width: Annotated[int, Meta(ge=320, le=4096, multiple_of=2)] = 1280
    height: Annotated[int, Meta(ge=240, le=4096, multiple_of=2)] = 960
    frames_per_second: Annotated[float, Meta(ge=1, le=120)] = 15.0
    reboot: bool = False
    """Restart the machine when a restart of the camera's process does not help, at most once an hour."""


class FaceSection(_Section, frozen=True, kw_only=True):
    """How faces are compared (docs/face.md)."""

    embedder: str = ""
    """By its name in models/manifest.toml, e.g. `MobileFaceNet`, the fast one; empty: the manifest's default."""


class PanelSection(_Section, frozen=True, kw_only=True):
    """Keypad, lamps and voice."""

    kind: Literal["console", "gpio"] = "console"
    """`console`: keys are typed in the terminal, lamps and voice are printed there. `gpio`: they are on the header."""
    pad: Literal["4x3", "4x4"] = "4x3"
    pins: Pinout = Pinout()
    """By the BCM's numbers (docs/panel.md)."""
    display: Literal["none", "ssd1306", "sh1106"] = "none"
    """A small OLED of 128 x 64 on I2C, with the header's panel only."""
    display_bus: Annotated[int, Meta(ge=0, le=20)] = 1
    display_address: Annotated[int, Meta(ge=0x03, le=0x77)] = 0x3C
    display_font: Path = msgspec.field(
        default_factory=lambda: Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")
    )
    settle_us: Annotated[int, Meta(ge=0, le=20_000)] = 20
    """From driving a row to reading the columns; more for long cables."""


class VoiceSection(_Section, frozen=True, kw_only=True):
    """The loudspeaker. What the unit speaks first stands in [unit] language."""

    device: str = ""
    """ALSA's name of it, e.g. `default` or `plughw:1,0`. Empty: there is none, and sentences are printed."""
    files: Path = msgspec.field(default_factory=lambda: Path("/usr/share/uketsuke/voice"))
    """The folder that `uketsuke voice build` filled."""
    volume: Volume = 80
    by_hour: tuple[From, ...] = ()
    """The volume from certain times of the day on."""
    quiet: bool = False
    """The buzzer keeps to the click of keys and the call for a forgotten card."""


class UpkeepSection(_Section, frozen=True, kw_only=True):
    """How the unit looks after itself, and whom it tells (docs/operation.md)."""

    morning: Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?\Z")] = "07:00"
    """Of Japan, `HH:MM`; empty: never."""
    socket: str = ""
    """Where `uketsuke status` asks. Empty: in /run/uketsuke, or in the state folder where that is not there."""
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Of 127.0.0.1; 0: no metrics."""


class AttendantsSection(_Section, frozen=True, kw_only=True):
    """Who may confirm a visitor by eye (目視確認)."""

    passcodes: dict[Name, str] = msgspec.field(default_factory=dict)
    """Name to hash; `uketsuke attendant hash` makes one. Names reach the clinic with the result."""


class LivenessSection(_Section, frozen=True, kw_only=True):
    """What tells a face from its picture (docs/liveness.md)."""

    use: bool = True
    """False, for simulated units only: a matching face is believed as it is."""
    challenge: Challenge = Challenge.WHEN_UNSURE
    """When a move is asked for. Where `accept_face_only` is set: always."""
    without_nets: Literal["challenge", "pin"] = "challenge"
    """What takes the place of networks whose weights are absent: a move each time, or the PIN each time."""
    accept: Annotated[float, Meta(ge=-1, le=1)] = BY_MANIFEST
    refuse: Annotated[float, Meta(ge=-1, le=1)] = BY_MANIFEST
    """Bands of the networks' opinion; below 0: as models/manifest.toml says."""
    frames: Annotated[int, Meta(ge=1, le=30)] = 5
    """So many at least have the networks' opinion, and their median counts."""
    moves: Annotated[tuple[Move, ...], Meta(min_length=1)] = tuple(Move)
    """What visitors may be asked to do."""
    turn: Annotated[float, Meta(gt=0, lt=1)] = 0.12
    """How much parallax makes a turn."""

    @property
    def turns(self) -> tuple[Move, ...]:
        """The moves that show depth."""
        return tuple(move for move in self.moves if move.is_turn)


class PolicySection(_Section, frozen=True, kw_only=True):
    """What the clinic may decide about a visit; see `device.reception.policy` for what each means."""

    first_method: Method = Method.FACE
    face_tries: Annotated[int, Meta(ge=1, le=5)] = _DEFAULT.face_tries
    moves: Annotated[int, Meta(ge=1, le=2)] = _DEFAULT.moves
    more_time: Annotated[int, Meta(ge=0, le=20)] = _DEFAULT.more_time
    move_s: Seconds = _DEFAULT.move_s
    accept_face_only: bool = False
    consent_by_card: bool = False
    read_back: bool = False
    match_s: Seconds = _DEFAULT.match_s
    answer_s: Seconds = _DEFAULT.answer_s
    pin_s: Seconds = _DEFAULT.pin_s
    consent_s: Seconds = _DEFAULT.consent_s
    removal_s: Seconds = _DEFAULT.removal_s

    def policy(self, *, face_available: bool) -> Policy:
        """Return the visit's policy."""
        return Policy(face_available=face_available, **msgspec.structs.asdict(self))


class UpdateSection(_Section, frozen=True, kw_only=True):
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


class FleetSection(_Section, frozen=True, kw_only=True):
    """The fleet that looks after the unit, if there is one (docs/fleet.md). It cannot set this section itself."""

    member: bool = False
    """`uketsuke claim` writes true: orders of the fleet's service are obeyed, and it is told how the unit is."""
    health_s: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    """Seconds from one word about the unit's health to the next."""


class Config(_Section, frozen=True, kw_only=True):
    """The whole file."""

    unit: UnitSection
    broker: BrokerSection
    clinic: ClinicSection
    card: CardSection = CardSection()
    camera: CameraSection = CameraSection()
    face: FaceSection = FaceSection()
    panel: PanelSection = msgspec.field(default_factory=PanelSection)
    voice: VoiceSection = msgspec.field(default_factory=VoiceSection)
    attendants: AttendantsSection = AttendantsSection()
    liveness: LivenessSection = LivenessSection()
    upkeep: UpkeepSection = msgspec.field(default_factory=UpkeepSection)
    policy: PolicySection = PolicySection()
    fleet: FleetSection = FleetSection()
    update: UpdateSection = msgspec.field(default_factory=UpdateSection)

    @property
    def front_camera(self) -> CameraSection:
        """How the camera of the card's front films."""
        return CameraSection(
            source=self.card.front,
            width=FRONT_WIDTH,
            height=FRONT_HEIGHT,
            frames_per_second=FRONT_FRAMES_PER_SECOND,
            reboot=self.camera.reboot,
        )

    @property
    def unit_id(self) -> UnitId:
        """The unit's name as the rest of the house calls it."""
        return UnitId(self.unit.name)


EXAMPLE = """\
# A unit of a clinic. Paths are relative to this file. Every option is shown; those with a # are at their default.

[unit]
name = "unit-0001"          # the common name of the unit's certificate; "sim-…" for units with simulated parts
state = "state"             # folder for what must survive a power cut (results that wait for their receipt)
# language = "ja"           # what the unit speaks: "ja" or "en"
# models = ""               # folder with manifest.toml and weights; "" is that of the checkout

[broker]                    # the clinic's MQTT broker, always by mutual TLS
host = "broker.clinic.example"
# port = 8883
authority = "site-ca.pem"   # the site's CA certificate
certificate = "unit.pem"
key = "unit.key"

[clinic]
sealing_key = "clinic.jwk"  # the clinic's public key; `uketsuke-clinic keys` makes the pair

[card]                      # the reader, through PC/SC
# reader = "pcsc"           # or "pn532": a HAT with this chip, experimental (docs/nfc-hat.md)
# bus = "uart:/dev/ttyAMA0" # where the PN532 is: also "spi:0.0", "i2c:1"
# name = "."                # PC/SC: regular expression; a reader with two slots: "PICC"
# anchors = []              # authorities of certificates: [{file = "jpki-2023.pem", sha256 = "…"}]; units whose name
                            # begins with sim- take test authorities, all others production's, nobody both
# portrait_anchors = []     # keys behind portraits: [{file = "portraits.pem", key_id = "3530…", sha256 = "…"}]
# unknown_portrait_anchor = "report"  # or "refuse": a portrait whose signer no portrait anchor vouches for
# portrait_floor = 5        # with fewer of a card's ten tries for its front's number left, the unit sends none

# front = "none"            # the camera that looks at the card's front: as [camera] source

[camera]                    # the camera that sees the visitor (docs/camera.md); without both cameras visits go by PIN
# source = "none"           # "picamera2:0", "v4l2:/dev/video0"; "folder:DIR" for units whose name begins with sim-
# width = 1280
# height = 960
# frames_per_second = 15.0
# reboot = false            # restart the machine when the camera cannot be revived, at most once an hour

[face]                      # how faces are compared (docs/face.md)
# embedder = ""             # by its name in models/manifest.toml: "MobileFaceNet" is the fast one; "": the default

[panel]
# kind = "console"          # keys typed in the terminal, lamps and voice printed there; "gpio": on the Pi's header
# pad = "4x3"               # or "4x4", whose A changes the language and B says the last sentence again
# display = "none"          # or "ssd1306", "sh1106": a small OLED that shows what lamps and voice say
# display_bus = 1           # /dev/i2c-1
# display_address = 0x3C
# display_font = "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf"
# settle_us = 20            # from driving a row of keys to reading the columns; more for long cables
[panel.pins]                # lines of the header by the BCM's numbers; docs/panel.md has the wiring
# rows = [4, 5, 6, 13]      # from the row of 1 down to the row of 0
# columns = [16, 12, 25, 20]  # from the column of 1 to the right; a 4x3 pad uses three
# ready = 17                # lamps
# card = 27
# face = 22
# keys = 23
# staff = 24
# buzzer = 26

[voice]                     # what the unit speaks first stands in [unit] language; held, the star key changes it
# device = ""               # ALSA's name of the loudspeaker: "default", "plughw:1,0"; empty: sentences are printed
# files = "/usr/share/uketsuke/voice"  # the folder that `uketsuke voice build` filled
# volume = 80               # 0 silent … 100 as recorded; 25 less is 10 decibels less
# by_hour = []              # [{time = "07:00", volume = 80}, {time = "20:00", volume = 50}], Japan's time
# quiet = false             # true: the buzzer keeps to the click of keys and the call for a forgotten card

[attendants]                # who may confirm a visitor by eye; without any, nobody can
# passcodes = {}            # {"desk-1" = "$argon2id$…"}; `uketsuke attendant hash` makes the hash of 6 to 12 digits

[liveness]                  # what tells a face from its picture (docs/liveness.md)
# use = true                # false only for units whose name begins with sim-
# challenge = "when_unsure" # a move is asked for where the networks are unsure; also "always", "never"
# without_nets = "challenge"  # where the networks' weights are absent: a move each time, or "pin"
# accept = -1.0             # the networks' bands; below 0: as models/manifest.toml says
# refuse = -1.0
# frames = 5                # so many at least have the networks' opinion
# moves = ["turn_left", "turn_right", "come_closer"]
# turn = 0.12               # how much parallax makes a turn

[upkeep]                    # how the unit looks after itself, and whom it tells (docs/operation.md)
# morning = "07:00"         # from then on, Japan's time, it examines itself once a day (uketsuke doctor); "": never
# socket = ""               # where `uketsuke status` asks it; "": in /run/uketsuke, else in [unit] state
# metrics_port = 0          # Prometheus' metrics on 127.0.0.1, e.g. 9464; 0: none

[fleet]                     # who looks after this unit, if anybody (docs/fleet.md); `uketsuke claim` writes it
# member = false
# health_s = 60.0           # seconds from one word about the unit's health to the next

[policy]                    # what the clinic may decide about a visit; times in seconds
# first_method = "face"     # or "pin"
# face_tries = 2
# moves = 1                 # how many moves must be seen where any is asked for
# more_time = 3             # how often a key gives as much time again for one move
# move_s = 12.0
# accept_face_only = false  # go on after a face match without the card's signature, if the service accepts that
# consent_by_card = false   # lifting the card and placing it again is a yes to a blanket question: no key at all
# read_back = false         # read the answers back and have them confirmed
# match_s = 15.0
# answer_s = 10.0
# pin_s = 45.0              # starts again with each key
# consent_s = 45.0          # silence is no
# removal_s = 6.0           # until the reminder to take the card

[update]                    # signed updates of software, models and voice (docs/updates.md)
# root = ""                 # the pinned root of trust, handed over at enrolment; empty: this unit takes no updates
# url = ""                  # "https://updates.clinic.example/uketsuke"; empty: only from a stick, `--from FOLDER`
# authority = ""            # the certificate of the server's authority; empty: the broker's
# folder = "/var/lib/uketsuke-update"  # where versions lie side by side
# restart = []              # ["systemctl", "restart", "uketsuke.service"]: returns when the unit is ready
# healthy = []              # ["systemctl", "is-active", "--quiet", "uketsuke.service"]: asked after soak_s
# within_s = 120.0          # for each of the two, and for new software's look at itself
# soak_s = 20.0             # the time that a new version has to fall over
"""
"""`uketsuke config example` prints it; a test holds that it loads and names every option."""


def load(path: Path, *, fleet: Settings | None = None) -> Config:
    """Read and check a configuration file; paths in it are relative to it. Raise BadConfig saying where and what.

    `fleet` is what the unit's fleet sets: the file wins over it, and it wins over the defaults.
    """
    config = load_settings(path, Config, beneath=fleet)
    if complaint := config.panel.pins.complaint():
        raise BadConfig(complaint, where=f"{path}: [panel] pins")
    try:
        re.compile(config.card.name)
    except re.error as error:
        raise BadConfig(f"is no regular expression: {error}", where=f"{path}: [card] name") from error
    if (config.camera.source == NO_CAMERA) != (config.card.front == NO_CAMERA):
        raise BadConfig(
            "a face needs both cameras, [camera] source and [card] front: 照合番号B opens the card's portrait",
            where=f"{path}: [camera] source",
        )
    if not config.liveness.use and not config.unit_id.startswith(SIMULATED_UNIT_PREFIX):
        raise BadConfig(
            f"only a unit whose name begins with {SIMULATED_UNIT_PREFIX} may do without",
            where=f"{path}: [liveness] use",
        )
    if config.policy.moves > len(config.liveness.turns):
        raise BadConfig("is more than there are turns in [liveness] moves", where=f"{path}: [policy] moves")
    return replace(
        config,
        unit=replace(config.unit, models=str(path.parent / config.unit.models) if config.unit.models else ""),
        card=replace(config.card, front=_relative_to(path, config.card.front)),
        camera=replace(config.camera, source=_relative_to(path, config.camera.source)),
        update=replace(
            config.update,
            root=str(path.parent / config.update.root) if config.update.root else "",
            authority=str(path.parent / config.update.authority) if config.update.authority else "",
        ),
    )


def _relative_to(path: Path, address: str) -> str:
    kind, _, where = address.partition(":")
    return f"{kind}:{path.parent / where}" if kind == "folder" else address
