"""The whole file: its sections, and what has to fit together across them."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec.structs import replace

from device.app.assets.place import MODELS_DIR
from device.app.config.belonging import (
    OWN_FILE,
    BrokerSection,
    ClinicSection,
    FleetSection,
    KeySection,
    UnitSection,
    UpdateSection,
    UpkeepSection,
)
from device.app.config.parts import (
    FRONT_FRAMES_PER_SECOND,
    FRONT_HEIGHT,
    FRONT_WIDTH,
    NO_CAMERA,
    CameraSection,
    CardSection,
    PanelSection,
    VoiceSection,
)
from device.app.config.section import Section
from device.app.config.visits import AttendantsSection, FaceSection, LivenessSection, PolicySection
from device.domain.errors import BadConfig
from device.domain.values import SIMULATED_UNIT_PREFIX, UnitId
from device.wire.fleet import Settings
from device.wire.settings import load_settings

EXAMPLE = files("device.app.config").joinpath("example.toml").read_text(encoding="utf-8")
"""`uketsuke config example` prints it; a test holds that it loads and names every option."""


class Config(Section, frozen=True, kw_only=True):
    """The whole file."""

    unit: UnitSection
    broker: BrokerSection
    key: KeySection = KeySection()
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
    def models_dir(self) -> Path:
        """The folder with manifest and weights."""
        return Path(self.unit.models) if self.unit.models else MODELS_DIR

    @property
    def unit_id(self) -> UnitId:
        """The unit's name as the rest of the house calls it."""
        return UnitId(self.unit.name)


def load(path: Path, *, fleet: Settings | None = None) -> Config:
    """Read and check a configuration file; paths in it are relative to it. Raise BadConfig saying where and what.

    `fleet` is what the unit's fleet sets: the file wins over it, and it wins over the defaults.
    """
    if path == OWN_FILE and path.parent.is_dir() and not path.exists():
        raise BadConfig(
            "this machine is no unit yet: `uketsuke claim` or `uketsuke setup` makes it one", where=str(path)
        )
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
        key=config.key.beside(path),
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
