"""The unit's configuration: one TOML file, every option with a type and a default, every unknown option an error."""

from device.app.config.belonging import INSTALLED, OWN_FILE, KeySection, UpkeepSection, state_beside
from device.app.config.parts import (
    NO_CAMERA,
    AnchorFile,
    CameraSection,
    CardSection,
    PanelSection,
    PortraitAnchorFile,
    VoiceSection,
)
from device.app.config.visits import BY_MANIFEST, AttendantsSection, LivenessSection
from device.app.config.whole import EXAMPLE, Config, load

__all__ = [
    "BY_MANIFEST",
    "EXAMPLE",
    "INSTALLED",
    "NO_CAMERA",
    "OWN_FILE",
    "AnchorFile",
    "AttendantsSection",
    "CameraSection",
    "CardSection",
    "Config",
    "KeySection",
    "LivenessSection",
    "PanelSection",
    "PortraitAnchorFile",
    "UpkeepSection",
    "VoiceSection",
    "load",
    "state_beside",
]
