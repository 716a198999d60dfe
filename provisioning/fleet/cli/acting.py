"""`revoke`, `quarantine`, `release`, `decommission`, `logs`: what is done to a unit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from device.whole_file import PRIVATE
from provisioning.files import write_whole
from provisioning.fleet import deeds
from provisioning.fleet.cli.shared import (
    EXIT_UNWELL,
    HERE,
    FolderOption,
    JsonOption,
    PassphraseOption,
    UnitArgument,
    WhyOption,
    ask,
    counter,
    say,
)
from provisioning.fleet.fleet import open_fleet, passphrase_from, utc_now

logs_app = typer.Typer(help="Log bundles of units: redacted there, deleted here after some days.", no_args_is_help=True)


def revoke(
    unit: UnitArgument,
    *,
    why: WhyOption,
    fleet: FolderOption = HERE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shut a unit out, now: its certificates are withdrawn and its connection is ended."""
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        began = time.monotonic()
        effect = ask(opened, deeds.Revoke(unit=unit, why=why), as_json=as_json)
        took_s = time.monotonic() - began
    fields = {"unit": unit, "enforced": effect.enforced, "words": effect.words, "took_s": round(took_s, 3)}
    say(f"{unit}: {effect.words} ({took_s:.2f} s)", fields, as_json=as_json)
    if not effect.enforced:
        raise typer.Exit(EXIT_UNWELL)


def quarantine(unit: UnitArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Let a unit serve no visitor; it still says how it is and takes settings."""
    with open_fleet(fleet) as opened:
        ask(opened, deeds.Quarantine(unit=unit, why=why), as_json=as_json)
    say(f"{unit}: quarantined", {"unit": unit, "state": "quarantined"}, as_json=as_json)


def release(unit: UnitArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Let a quarantined unit serve visitors again."""
    with open_fleet(fleet) as opened:
        ask(opened, deeds.Release(unit=unit, why=why), as_json=as_json)
    say(f"{unit}: active", {"unit": unit, "state": "active"}, as_json=as_json)


def decommission(
    unit: UnitArgument,
    *,
    why: WhyOption,
    written_off: Annotated[
        bool, typer.Option("--written-off", help="It cannot answer any more: no receipt, revoked at once.")
    ] = False,
    fleet: FolderOption = HERE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a unit wipe itself and say so, signed."""
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        words = ask(opened, deeds.Decommission(unit=unit, written_off=written_off, why=why), as_json=as_json)
    say(f"{unit}: {words}", {"unit": unit, "words": words}, as_json=as_json)


def clear_alarm(unit: UnitArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Put a unit's alarm out, after somebody has looked."""
    with open_fleet(fleet) as opened:
        ask(opened, deeds.ClearAlarm(unit=unit, why=why), as_json=as_json)
    say(f"{unit}: no alarm", {"unit": unit, "alarm": None}, as_json=as_json)


@logs_app.command("ask")
def logs_ask(unit: UnitArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Ask a unit for its last log lines."""
    with open_fleet(fleet) as opened:
        name = ask(opened, deeds.AskLogs(unit=unit), as_json=as_json)
    say(f"{unit}: asked; it will come as {name}", {"unit": unit, "bundle": name}, as_json=as_json)


@logs_app.command("list")
def logs_list(unit: UnitArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List a unit's bundles."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        bundles = work.bundles.listed(work.units.find(unit).name)
    for one in bundles:
        fields = {"bundle": one.bundle, "received_at": one.received_at, "until": one.until}
        text = f"{one.bundle}  {one.received_at:%Y-%m-%d %H:%M}  until {one.until:%Y-%m-%d}"
        say(text, fields, as_json=as_json)


@logs_app.command("save")
def logs_save(
    bundle: Annotated[str, typer.Argument(help="The bundle's name.")],
    output: Annotated[Path, typer.Argument(help="Where it goes; gzip.")],
    *,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a bundle to a file that its owner alone may read."""
    with open_fleet(fleet) as opened:
        content = counter(opened).bundle(bundle)
    write_whole(output, content, mode=PRIVATE)
    say(f"{output}: {len(content)} bytes", {"bundle": bundle, "file": output, "bytes": len(content)}, as_json=as_json)
