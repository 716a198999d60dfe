"""`twin`: what units are set to."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import typer

from device.domain.errors import BadConfig
from provisioning.fleet.cli.shared import (
    EXIT_UNWELL,
    HERE,
    FolderOption,
    JsonOption,
    UnitArgument,
    WhyOption,
    ask,
    say,
)
from provisioning.fleet.deeds import SetLayer
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.fleet.settings import differences, drift, edited, preview

app = typer.Typer(
    help="What units are set to, in layers: fleet, profile/NAME, site/NAME, unit/NAME.", no_args_is_help=True
)
Scope = Annotated[str, typer.Argument(help="fleet, profile/NAME, site/NAME or unit/NAME.", show_default=False)]


@app.command("get")
def get(scope: Scope, *, version: int | None = None, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Print a layer, in its newest version or another one."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        layer = work.profiles.get(scope, version)
    text = f"version {layer.version}, by {layer.made_by or 'nobody'}: {layer.why}\n" + json.dumps(
        layer.settings, indent=2, ensure_ascii=False
    )
    say(text, msgspec.to_builtins(layer.settings) | {"version": layer.version}, as_json=as_json)


@app.command("set")
def set_options(
    scope: Scope,
    changes: Annotated[
        list[str], typer.Argument(help="section.option=VALUE (as JSON, or a word); section.option= unsets.")
    ],
    *,
    why: WhyOption,
    expected: Annotated[int | None, typer.Option(help="The version that you looked at; the newest.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change for which unit.")] = False,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Change a layer. Checked against each unit's firmware first; every unit tries it out and goes back if it fails."""
    sets, unsets = _parsed(changes)
    now = utc_now()
    with open_fleet(fleet) as opened:
        with opened.store.look(now) as work:
            layer = work.profiles.get(scope)
        settings = edited(layer.settings, sets, unsets)
        if dry_run:
            found = preview(opened, scope, settings, now=now)
            for change in found:
                for key, before, after in change.differences:
                    text = f"{change.unit}: {key}: {json.dumps(before)} → {json.dumps(after)}"
                    fields = {"unit": change.unit, "key": key, "before": before, "after": after}
                    say(text, fields, as_json=as_json)
                for words in change.problems:
                    say(f"{change.unit}: refused: {words}", {"unit": change.unit, "problem": words}, as_json=as_json)
            if any(change.problems for change in found):
                raise typer.Exit(EXIT_UNWELL)
            fields = {"scope": scope, "units": [change.unit for change in found]}
            say(f"{scope}: {len(found)} units would get new settings; nothing is written", fields, as_json=as_json)
            return
        put_at = layer.version if expected is None else expected
        made, units = ask(opened, SetLayer(scope=scope, settings=settings, expected=put_at, why=why), as_json=as_json)
    text = f"{scope}: version {made.version}, {len(units)} units get new settings"
    say(text, {"scope": scope, "version": made.version, "units": units}, as_json=as_json)


@app.command("diff")
def diff(
    scope: Scope,
    before: Annotated[int, typer.Argument(help="Version.")],
    after: Annotated[int | None, typer.Argument(help="Version; the newest.")] = None,
    *,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say in what two versions of a layer differ."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        found = differences(work.profiles.get(scope, before).settings, work.profiles.get(scope, after).settings)
    for key, old, new in found:
        say(f"{key}: {json.dumps(old)} → {json.dumps(new)}", {"key": key, "before": old, "after": new}, as_json=as_json)


@app.command("drift")
def show_drift(*, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Say which units are not what they should be, and why. Exit code 1 if there are any."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        units = work.units.listed()
    any_drift = False
    for unit in units:
        reported = None if unit.twin_report is None else msgspec.json.decode(unit.twin_report)
        for words in drift(unit, reported):
            any_drift = True
            say(f"{unit.name}: {words}", {"unit": unit.name, "drift": str(words)}, as_json=as_json)
    if any_drift:
        raise typer.Exit(EXIT_UNWELL)


@app.command("versions")
def versions(unit: UnitArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List a unit's documents, the newest first."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        found = work.twins.versions(work.units.find(unit).name)
    for twin in found:
        text = f"{twin.version:4} {twin.made_at:%Y-%m-%d %H:%M} {twin.mode} by {twin.made_by}: {twin.why}"
        say(text, {"version": twin.version, "mode": twin.mode, "settings": twin.settings}, as_json=as_json)


def _parsed(changes: list[str]) -> tuple[dict[str, Any], list[str]]:
    sets: dict[str, Any] = {}
    unsets = []
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise BadConfig("is not section.option=VALUE", where=change[:80])
        if not text:
            unsets.append(key)
            continue
        try:
            sets[key] = json.loads(text)
        except ValueError:
            sets[key] = text
    return sets, unsets
