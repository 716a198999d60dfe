"""`uketsuke config`: check a configuration, see what it comes to, compare two, have an option explained."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from device.app import config_words
from device.app.config import EXAMPLE, load
from device.app.config_origin import origin_of
from device.app.said import JsonOption as Json

app = typer.Typer(help="The unit's configuration file.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The unit's configuration (TOML).", show_default=False)]
DIFFERENT = 1


@app.command()
def check(config: File, *, as_json: Json = False) -> None:
    """Read a configuration and say what is wrong with it, without starting anything."""
    loaded = load(config)
    if as_json:
        typer.echo(json.dumps({"ok": True, "unit": loaded.unit.name}))
    else:
        typer.echo(f"{config}: good; this is unit {loaded.unit.name} on {loaded.broker.host}:{loaded.broker.port}")


@app.command()
def example(*, as_json: Json = False) -> None:
    """Print a configuration with every option, its default and what it means. With --json: as one string."""
    typer.echo(json.dumps({"toml": EXAMPLE}, ensure_ascii=False) if as_json else EXAMPLE, nl=as_json)


@app.command()
def show(config: File, *, as_json: Json = False) -> None:
    """Print what a configuration comes to, defaults included; a star marks what the file says."""
    settings = config_words.settings(config)
    if as_json:
        typer.echo(json.dumps({one.key: {"value": one.value, "written": one.written} for one in settings}))
        return
    for one in settings:
        typer.echo(f"{'*' if one.written else ' '} {one.key} = {_text(one.value)}")


@app.command()
def diff(before: File, after: File, *, as_json: Json = False) -> None:
    """Say in which options two configurations differ, defaults included. Exit code 1 when they do."""
    found = config_words.difference(before, after)
    if as_json:
        typer.echo(json.dumps([{"key": key, "before": old, "after": new} for key, old, new in found]))
    else:
        for key, old, new in found:
            typer.echo(f"{key}: {_text(old)} → {_text(new)}")
        if not found:
            typer.echo("no difference")
    if found:
        raise typer.Exit(DIFFERENT)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="section.option, or the option alone; leave it out for all.")] = "",
    *,
    config: Annotated[Path | None, typer.Option(help="A unit's configuration: say who set the option there.")] = None,
    as_json: Json = False,
) -> None:
    """Say what an option means, what it takes and what it is when nothing is said; on a unit, also who set it."""
    if config is not None:
        _explain_origin(config, key, as_json=as_json)
        return
    found = [config_words.option(key)] if key else config_words.options()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        default = "must be given" if one.required else f"{_text(one.default)} when nothing is said"
        typer.echo(f"{one.key}: {one.takes}; {default}")
        if one.meaning:
            typer.echo(f"    {one.meaning}")


@app.command()
def schema(*, as_json: Json = False) -> None:  # noqa: ARG001  it is JSON whatever is asked for
    """Print the JSON Schema of the configuration, for editors; it is JSON without --json, too."""
    typer.echo(json.dumps(config_words.schema(), indent=2))


def _explain_origin(config: Path, key: str, *, as_json: bool) -> None:
    keys = [key] if key else [one.key for one in config_words.options()]
    for origin in (origin_of(config, one) for one in keys):
        if as_json:
            typer.echo(json.dumps(asdict(origin), ensure_ascii=False))
            continue
        typer.echo(f"{origin.key} = {_text(origin.value)}: set by {origin.by}")
        if origin.also:
            typer.echo(f"    not in force: {origin.also}")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
