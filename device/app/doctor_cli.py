"""`uketsuke doctor`: what is wrong with this unit, why, and what to do."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from device.app.config import OWN_FILE, Config, load
from device.app.credentials import OF_THE_SERVICE, with_credential
from device.app.said import JsonOption
from device.app.snapshot import Snapshot
from device.app.unit_socket import ask_unit, socket_path
from device.domain.errors import BadConfig, Fault

ACCOUNT = "uketsuke"
"""Whose the unit's files are, where it is installed as a service."""


def doctor(
    config: Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")] = OWN_FILE,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this check; may be repeated (docs/doctor.md lists them).")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Look at everything and name cause and way out. Exit code: 0 good, 1 soon a problem, 2 a problem."""
    from device.app.doctor import Case, Told, examine  # noqa: PLC0415  drivers load only where they are used
    from device.app.doctor.by_config import senses_of  # noqa: PLC0415
    from device.app.doctor.report import document, findings_of, lines  # noqa: PLC0415
    from device.app.doctor.running import senses_by  # noqa: PLC0415
    from device.drivers.machine import LinuxMachine  # noqa: PLC0415
    from device.drivers.system import SystemClock  # noqa: PLC0415
    from device.wire.findings import worst  # noqa: PLC0415

    clock, machine = SystemClock(), LinuxMachine()
    try:
        settings = with_credential(load(config), OF_THE_SERVICE)
    except BadConfig as error:
        case = Case(file=config, config=error, clock=clock, machine=machine, parts=None, account=_account())
    else:
        running = _running(settings)
        case = Case(
            file=config,
            config=settings,
            clock=clock,
            machine=machine,
            parts=senses_of(settings, clock) if running is None else senses_by(running, settings),
            account=_account() if running is None else Path(f"/proc/{running.pid}").stat().st_uid,
            process=None if running is None else running.pid,
        )
        if running is not None and not as_json:
            typer.echo(f"端末は動いています(pid {running.pid}) / the unit runs: it is asked about its parts", err=True)

    def progress(told: Told) -> None:
        if not as_json and os.isatty(2):
            typer.echo(f"  {'–' if told.skipped else '✗' if told.findings else '✓'} {told.check.about.ja}", err=True)

    told = examine(case, only or (), progress)
    if as_json:
        typer.echo(json.dumps(document(told), ensure_ascii=False))
    else:
        for line in lines(told):
            typer.echo(line)
    raise typer.Exit(int(worst(findings_of(told))))


def _running(settings: Config) -> Snapshot | None:
    try:
        return ask_unit(socket_path(settings))
    except Fault:
        return None


def _account() -> int:
    if os.geteuid() == 0:
        try:
            return pwd.getpwnam(ACCOUNT).pw_uid
        except KeyError:
            pass
    return os.geteuid()
