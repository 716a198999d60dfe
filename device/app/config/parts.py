"""What the unit is put together from: reader, cameras, panel, loudspeaker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.app.config.section import Section
from device.panel.loudness import From, Volume
from device.panel.pinout import Pinout

Fingerprint = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}\Z")]
"""SHA-256 in hex, with or without colons."""

NO_CAMERA = "none"
FRONT_WIDTH, FRONT_HEIGHT, FRONT_FRAMES_PER_SECOND = 1920, 1080, 5.0
"""The reader of the front works at 1920 pixels; print does not move, so few pictures a second are enough."""
CameraAddress = Annotated[str, Meta(pattern=r"^(none|picamera2:\d+|v4l2:/dev/[^:]+|folder:.+)\Z")]


class AnchorFile(Section, frozen=True, kw_only=True):
    """An authority of cards' certificates: its certificate, PEM."""

    file: Path
    sha256: Fingerprint
    """Of the certificate's DER."""


class PortraitAnchorFile(Section, frozen=True, kw_only=True):
    """A key that signs the certificates of portraits' signers: an RSA public key, PEM."""

    file: Path
    key_id: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{32}\Z")]
    """証明者鍵ID, 16 bytes in hex."""
    sha256: Fingerprint
    """Of the key's SubjectPublicKeyInfo."""


class CardSection(Section, frozen=True, kw_only=True):
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


class CameraSection(Section, frozen=True, kw_only=True):
    """The camera that sees the visitor. Without one, or without one for the card's front, visits go by PIN."""

    source: CameraAddress = NO_CAMERA
    """`picamera2:0`, `v4l2:/dev/video0` or `none`; `folder:DIR`, pictures in its place, where parts are simulated."""
    width: Annotated[int, Meta(ge=320, le=4096, multiple_of=2)] = 1280
    height: Annotated[int, Meta(ge=240, le=4096, multiple_of=2)] = 960
    frames_per_second: Annotated[float, Meta(ge=1, le=120)] = 15.0
    reboot: bool = False
    """Restart the machine when a restart of the camera's process does not help, at most once an hour."""


class PanelSection(Section, frozen=True, kw_only=True):
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


class VoiceSection(Section, frozen=True, kw_only=True):
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
