"""`uketsuke update`: signed updates of software, models and voice, tried before they are kept.

Exit codes: 0 done or nothing to do, 1 refused or taken back (the unit has what it had), 2 it could not run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from device.app.config import Config, load
from device.app.said import JsonOption
from device.app.update_parts import do_orders, open_source, open_updating
from device.app.updating import Updating
from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Offer
from device.update.ledger import Entry, Ledger
from device.wire.updates import refusals

EXIT_REFUSED = 1

app = typer.Typer(help="Signed updates of software, models and voice (docs/updates.md).", no_args_is_help=True)

ConfigOption = Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")]
FromOption = Annotated[
    Path | None, typer.Option("--from", help="A folder with the repository, e.g. a USB stick; else [update] url.")
]
KindArgument = Annotated[Kind, typer.Argument(help="What to update.")]

CONFIG = Path("/etc/uketsuke/unit.toml")


@app.command()
def check(folder: FromOption = None, config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """Say what is offered for this unit, after checking that it is signed, whole and new enough."""
    with _told(config, as_json=as_json) as (loaded, updating):
        offers = updating.offers(open_source(loaded, folder))
        installed = {kind: updating.installed(kind) for kind in Kind}
    if as_json:
        typer.echo(json.dumps({"ok": True, "installed": installed, "offers": [_offer(offer) for offer in offers]}))
        return
    for kind in Kind:
        typer.echo(f"{kind}: {installed[kind] or 'as the image brought it'} is in use")
    for offer in offers:
        mark = "*" if installed[offer.kind] == offer.version else " "
        typer.echo(f"{mark} {offer}  {offer.size / 1e6:.1f} MB  {offer.reason_en}\n  {offer.reason_ja}")


@app.command()
def apply(
    kind: KindArgument,
    folder: FromOption = None,
    version: Annotated[str | None, typer.Option(help="This version; else the newest that can be taken.")] = None,
    config: ConfigOption = CONFIG,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also a version that failed here before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take an update: fetch, check, unpack beside, try, switch, watch; go back where it does not work."""
    with _told(config, as_json=as_json) as (loaded, updating):
        taken = updating.apply(kind, open_source(loaded, folder), wanted=version, again=again)
    words = f"{kind} {taken.version} is in use" if taken.changed else f"{kind}: nothing newer"
    typer.echo(json.dumps({"ok": True, **asdict(taken)}) if as_json else words)


@app.command()
def rollback(kind: KindArgument, config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """Go back to the version before."""
    with _told(config, as_json=as_json) as (_, updating):
        taken = updating.rollback(kind)
    typer.echo(json.dumps({"ok": True, **asdict(taken)}) if as_json else f"{kind} {_named(taken.version)} is in use")


@app.command()
def settle(config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """End what a power cut interrupted. The system does this before it starts the unit."""
    with _told(config, as_json=as_json) as (_, updating):
        known = updating.settle()
    _say(known, as_json=as_json)


@app.command()
def work(config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """Do the fleet's orders that wait, each checked for the fleet's signature. The system calls this when one comes."""
    with _told(config, as_json=as_json) as (loaded, updating):
        tell: Callable[[str], None] = (lambda _: None) if as_json else typer.echo
        done = do_orders(loaded, updating, tell)
    if as_json:
        typer.echo(json.dumps({"ok": True, "orders": done}))


@app.command()
def status(config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """Say which versions are in use, what is under way, and how the last update ended. Changes nothing."""
    with _told(config, as_json=as_json) as (_, updating):
        known = updating.look()
    _say(known, as_json=as_json)


@contextmanager
def _told(config: Path, *, as_json: bool) -> Iterator[tuple[Config, Updating]]:
    """Open what updates the unit; say a refusal with its code and what to do, and leave with exit code 1."""
    loaded = load(config)
    tell: Callable[[str], None] = (lambda _: None) if as_json else (lambda words: typer.echo(words, err=True))
    try:
        yield loaded, open_updating(loaded, config, tell)
    except UpdateRefused as refused:
        said = refusals()[refused.refusal]
        if as_json:
            typer.echo(
                json.dumps({"ok": False, "refusal": refused.refusal, "message": str(refused)}, ensure_ascii=False)
            )
        else:
            typer.echo(
                f"{said.cause.en}: {refused} [{refused.refusal}]\n  {said.next_step.en}\n"
                f"{said.cause.ja}\n  {said.next_step.ja}",
                err=True,
            )
        raise typer.Exit(EXIT_REFUSED) from refused


def _say(known: Ledger, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ok": True, "kinds": {kind: _entry(known.of(kind)) for kind in Kind}}))
        return
    for kind in Kind:
        typer.echo(f"{kind}: {_line(known.of(kind))}")


def _line(entry: Entry) -> str:
    words = [f"{_named(entry.current)} is in use"]
    if entry.previous is not None:
        words.append(f"before it {_named(entry.previous)}")
    if entry.under_way is not None:
        words.append(f"the switch to {_named(entry.under_way.version)} was interrupted; `update settle` ends it")
    if entry.last is not None and entry.last.refusal is not None:
        words.append(f"{_named(entry.last.version)} was not kept [{entry.last.refusal}] {entry.last.detail}".rstrip())
    return "; ".join(words)


def _entry(entry: Entry) -> dict[str, object]:
    last = entry.last
    return {
        "current": entry.current or None,
        "previous": None if entry.previous is None else entry.previous or "image",
        "under_way": None if entry.under_way is None else entry.under_way.version or "image",
        "failed": list(entry.failed),
        "last": None
        if last is None
        else {"version": last.version or "image", "refusal": last.refusal, "detail": last.detail},
    }


def _offer(offer: Offer) -> dict[str, object]:
    return {**asdict(offer), "released_at": offer.released_at.isoformat()}


def _named(version: str) -> str:
    return version or "what the image brought"
