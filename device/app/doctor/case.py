"""What the doctor has before them: the configuration, the machine, the clock, and senses for the parts."""

from __future__ import annotations

import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from device.app.camera_told import Looks
from device.app.config import Config
from device.domain.errors import BadConfig, Fault, UketsukeError
from device.ports.clock import Clock
from device.ports.machine import Machine


@dataclass(frozen=True, slots=True)
class Program:
    """What the program itself is made of."""

    python: tuple[int, int]
    onnxruntime: str
    """Empty where there is none."""
    bits: int
    machine: str
    """What this Python was made for: `aarch64`, `x86_64`, …"""


def this_program() -> Program:
    """Return what runs here."""
    try:
        onnxruntime = version("onnxruntime")
    except PackageNotFoundError:
        onnxruntime = ""
    major, minor, _ = platform.python_version_tuple()
    return Program(
        python=(int(major), int(minor)),
        onnxruntime=onnxruntime,
        bits=8 * struct.calcsize("P"),
        machine=platform.machine(),
    )


@dataclass(frozen=True, slots=True)
class ReaderTold:
    """The card reader, and the card that lies there."""

    names: tuple[str, ...] = ()
    """PC/SC names of all that fit, the one in use first."""
    fault: Fault | None = None
    card: UketsukeError | None = None
    """Why the card that lies there cannot be read."""


@dataclass(frozen=True, slots=True)
class CameraSeen:
    """One camera: what was seen, or why nothing was. Neither where another program looks through it."""

    name: str
    wanted_rate: float
    looks: Looks | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class PanelTold:
    """Keypad, lamps, voice and display."""

    faults: tuple[tuple[str, Fault], ...] = ()
    """By part: `keypad`, `indicators`, `voice`, `display`."""
    wiring: tuple[str, ...] = ()
    """What is wrong with the keypad's lines, in words."""


@dataclass(frozen=True, slots=True)
class OutboxTold:
    """What waits for the clinic's receipt."""

    waiting: int = 0
    oldest: datetime | None = None
    fault: Fault | None = None


class Senses(Protocol):
    """How the doctor gets to know the parts: by opening them, or by asking the unit that has them open.

    Nothing here raises: what cannot be had is told as a fault.
    """

    def reader(self) -> ReaderTold:
        """Look at reader and card. No PIN, and no number of a card's front, is ever sent."""

    def cameras(self) -> Sequence[CameraSeen]:
        """Look through the cameras."""

    def panel(self) -> PanelTold:
        """Ask keypad, lamps, voice and display."""

    def line(self) -> Fault | None:
        """Go to the broker."""

    def outbox(self) -> OutboxTold:
        """Look into the outbox."""

    def sandbox(self) -> Fault | None:
        """Have the portrait's decoder locked in."""

    def networks(self) -> Fault | None:
        """Say what a network did wrong when it ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One examination."""

    file: Path | None
    """The configuration's, where it is looked at."""
    config: Config | BadConfig
    """Or what is wrong with it."""
    clock: Clock
    machine: Machine
    parts: Senses | None
    """None where there is no configuration to find them by."""
    program: Program = field(default_factory=this_program)
    account: int
    """Uid of the account that the unit runs under."""
    process: int | None = None
    """Pid of the unit, where it runs."""

    @property
    def settings(self) -> Config:
        """The configuration. Raise BadConfig where there is none to be had."""
        if isinstance(self.config, BadConfig):
            raise self.config
        return self.config

    @property
    def senses(self) -> Senses:
        """The senses for the parts. Raise BadConfig where there is no configuration."""
        if self.parts is None:
            raise BadConfig("without a configuration there are no parts", where=str(self.file))
        return self.parts

    @property
    def models(self) -> Path:
        """The folder with manifest and weights."""
        return self.settings.models_dir
