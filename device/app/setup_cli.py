"""`uketsuke setup`: put a unit up on a terminal."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from device.app.config import INSTALLED
from device.app.setup import FILES, Setup, require_folder
from device.domain.errors import BadConfig

SERVICES = ("uketsuke", "uketsuke-enrol")
"""Either of them has lamps, keypad and loudspeaker open."""


def setup(
    *,
    to: Annotated[Path, typer.Option("--to", help="The folder for certificate, key and unit.toml.")] = INSTALLED,
    pad: Annotated[Literal["4x3", "4x4"], typer.Option(help="The keypad that was bought.")] = "4x3",
) -> None:
    """Find broker, reader, cameras, keypad and loudspeaker, ask for the rest, write the configuration.

    Stop the unit and its enrolment first (systemctl stop uketsuke uketsuke-enrol): they hold the parts.
    """
    from device.app.setup.here import ThisMachine  # noqa: PLC0415  drivers load only where they are used
    from device.drivers.account import hand_over  # noqa: PLC0415
    from device.drivers.machine import LinuxMachine  # noqa: PLC0415
    from device.drivers.system import SystemClock  # noqa: PLC0415

    require_folder(to)
    if running := [name for name in SERVICES if to == INSTALLED and _runs(name)]:
        words = f"{' and '.join(running)} runs and holds the parts: sudo systemctl stop {' '.join(running)}"
        raise BadConfig(words, where="uketsuke setup")
    clock = SystemClock()
    try:
        file = Setup(
            to, ThisMachine(LinuxMachine(), clock, pad=pad), clock, ask=typed, say=typer.echo, wait=time.sleep
        ).run()
    finally:
        # Also what an end half-way leaves, or the service could not read it when the rest comes from elsewhere.
        hand_over(to, FILES)
    typer.echo(f"できました / done: {file}")
    typer.echo("sudo systemctl start uketsuke" if to == INSTALLED else f"uketsuke run --config {file}")
    typer.echo("sudo uketsuke doctor" if to == INSTALLED else f"uketsuke doctor --config {file}")


def _runs(service: str) -> bool:
    """Ask systemd, where there is one."""
    try:
        return subprocess.run(["systemctl", "is-active", "--quiet", service], check=False).returncode == 0  # noqa: S603, S607  found by PATH
    except OSError:
        return False


def typed(question: str) -> str:
    """Ask on the terminal. Raise BadConfig where nobody answers any more."""
    try:
        return input(question)
    except EOFError as error:
        raise BadConfig("the input ended before this was answered", where=question.strip(" :")) from error
