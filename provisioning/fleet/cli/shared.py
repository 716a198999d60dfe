"""What every command has: where the fleet is, who acts, how to say it."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from device.domain.errors import BadConfig
from provisioning.fleet.counter import Counter
from provisioning.fleet.deeds import Deed
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.roles import Actor, Role

EXIT_UNWELL = 1

FolderOption = Annotated[
    Path, typer.Option("--fleet", "-f", envvar="UKETSUKE_FLEET", help="The fleet's folder, with its fleet.toml.")
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        envvar="UKETSUKE_FLEET_PASSPHRASE_FILE",
        help="A file with the passphrase of the authorities' keys, where they have one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for the audit.")]
UnitArgument = Annotated[str, typer.Argument(help="The unit's name or serial number.", show_default=False)]
HERE = Path()


def actor() -> str:
    """Return who acts, for the audit: the OS account, or the one behind sudo."""
    return f"cli:{_account()}"


def counter(opened: Fleet) -> Counter:
    """Return where this OS account acts: with the role of the person of its name, or else what the fleet allows.

    Raise BadConfig for a person who was disabled.
    """
    name = _account()
    with opened.store.look(utc_now()) as work:
        person = work.people.get(name)
    if person is not None and not person.enabled:
        raise BadConfig("this account is disabled", where=name)
    role = Role(opened.plan.console.cli_role if person is None else person.role)
    return Counter(opened, Actor(name, "cli", role))


def as_admin(opened: Fleet) -> str:
    """Return who acts, for the audit. Raise NotAllowedError unless this OS account may what administrators may."""
    who = counter(opened).actor
    who.need(Role.ADMIN, "the bench's word")
    return str(who)


def ask(opened: Fleet, deed: Deed, *, as_json: bool, step: Callable[[], None] = lambda: None) -> Any:  # noqa: ANN401  each deed's own
    """Do a deed and return what comes of it; end the command with exit code 1 where it waits for a second person."""
    outcome = counter(opened).ask(deed, step=step)
    if (request := outcome.request) is None:
        return outcome.result
    way = f"`uketsuke-fleet approvals approve {request.name}`, until {request.until:%Y-%m-%d %H:%M} UTC"
    say(f"waits for a second person: {way}", {"waits": request.name, "until": request.until}, as_json=as_json)
    raise typer.Exit(EXIT_UNWELL)


def _account() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def say(text: str, fields: Any, *, as_json: bool) -> None:  # noqa: ANN401  whatever JSON can say
    """Print a sentence, or the same as JSON."""
    sys.stdout.write((json.dumps(fields, ensure_ascii=False, default=str) if as_json else text) + "\n")
    sys.stdout.flush()


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print rows below their columns."""
    shown = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    Console(soft_wrap=True).print(shown)


def progress(*, as_json: bool) -> Progress:
    """Return a bar on standard error, for people who watch; nobody else sees one."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=as_json or not sys.stderr.isatty(),
        transient=True,
    )
