"""`list`, `show`, `audit`: what there is and what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer

from device.domain.errors import BadConfig
from device.wire.findings import words_for
from provisioning.fleet.cli.shared import EXIT_UNWELL, HERE, FolderOption, JsonOption, UnitArgument, say, table
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.fleet.gate import bench_complaint
from provisioning.fleet.store.audit import Entry, Head
from provisioning.fleet.store.bench import BenchRecord
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.twins import Twin
from provisioning.fleet.store.units import Unit
from provisioning.fleet.told_health import told_health

audit_app = typer.Typer(help="What was done, by whom, in a chain that shows every change to it.", no_args_is_help=True)


def list_units(
    *,
    fleet: FolderOption = HERE,
    state: Annotated[list[UnitState] | None, typer.Option(help="Only units in this state; may be repeated.")] = None,
    site: Annotated[str | None, typer.Option(help="Only units of this site.")] = None,
    profile: Annotated[str | None, typer.Option(help="Only units with this profile.")] = None,
    alarmed: Annotated[bool, typer.Option("--alarmed", help="Only units that somebody has to look at.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List units."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        units = work.units.listed(states=state or (), site=site, profile=profile, alarmed=alarmed)
    if as_json:
        say("", [unit_fields(unit) for unit in units], as_json=True)
        return
    table(
        ["unit", "serial", "state", "line", "site", "profile", "firmware", "settings", "seen", "alarm"],
        (
            [
                unit.name,
                unit.serial,
                unit.state,
                "on" if unit.online else "-",
                unit.site,
                unit.profile,
                unit.firmware,
                twin_words(unit),
                f"{unit.seen_at:%Y-%m-%d %H:%M}" if unit.seen_at else "never",
                unit.alarm or "",
            ]
            for unit in units
        ),
    )


def show(unit: UnitArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Show one unit: how it is, what it is set to, its certificates and its history."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        found = work.units.find(unit)
        twin = work.twins.get(found.name)
        certificates = work.certificates.of_unit(found.name)
        claims = work.claims.of_unit(found.name)
        jobs = work.jobs.listed(unit=found.name, limit=20)
        entries = work.audit.entries(found.name, limit=30)
        records = work.bench.records({found.serial, found.name}, limit=10)
        complaint = bench_complaint(work, opened.plan, found, hardware=found.hardware or None)
    if as_json:
        fields = unit_fields(found) | {
            "twin": None if twin is None else {"version": twin.version, "mode": twin.mode, "settings": twin.settings},
            "certificates": [{"serial": one.serial, "state": one.state, "until": one.until} for one in certificates],
            "claims": [{"claim": one.claim, "state": one.state, "refusals": one.refusals} for one in claims],
            "bench": [
                {"record": one.record, "plan": one.plan, "verdict": one.verdict, "at": one.ended} for one in records
            ],
            "bench_complaint": complaint,
            "jobs": [{"job": one.job, "kind": one.kind, "state": one.state} for one in jobs],
            "audit": [entry_fields(entry) for entry in entries],
        }
        say("", fields, as_json=True)
        return
    lines = [*_unit_lines(found), *_health_lines(found), *([] if twin is None else _twin_lines(twin))]
    for line in [*lines, *_bench_lines(records, complaint)]:
        typer.echo(line)
    typer.echo("\ncertificates")
    for one in certificates:
        typer.echo(f"  {one.serial}  {one.state}  until {one.until:%Y-%m-%d %H:%M}")
    typer.echo("\nhistory")
    for entry in entries:
        typer.echo(f"  {_entry(entry)}")


@audit_app.command("list")
def audit_list(
    *,
    subject: Annotated[str | None, typer.Option(help="Only what was done to this unit.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print entries, the newest first."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        entries = work.audit.entries(subject, limit=limit)
    for entry in entries:
        say(_entry(entry), entry_fields(entry), as_json=as_json)


@audit_app.command("verify")
def audit_verify(
    *,
    since: Annotated[str | None, typer.Option(help="A head that was noted elsewhere, NUMBER:LINK.")] = None,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Follow the chain from its beginning. Exit code 1 and the entries by number, if anything was changed."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        verdict = work.audit.verify(None if since is None else _head(since))
    text = "\n".join(verdict.problems) or f"{verdict.entries} entries, the chain holds; head {verdict.head}"
    fields = {
        "holds": verdict.holds,
        "entries": verdict.entries,
        "head": str(verdict.head),
        "problems": verdict.problems,
    }
    say(text, fields, as_json=as_json)
    if not verdict.holds:
        raise typer.Exit(EXIT_UNWELL)


@audit_app.command("head")
def audit_head(*, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Print the newest entry's number and link: noted elsewhere, it shows an end that was removed."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        head = work.audit.head()
    say(str(head), {"head": str(head)}, as_json=as_json)


def unit_fields(unit: Unit) -> dict[str, object]:
    """Return what a machine wants to know of a unit."""
    health = told_health(unit)
    return {
        "unit": unit.name,
        "serial": unit.serial,
        "state": unit.state.value,
        "why": unit.state_why,
        "since": unit.state_since,
        "site": unit.site,
        "profile": unit.profile,
        "online": unit.online,
        "seen_at": unit.seen_at,
        "firmware": unit.firmware,
        "certificate": unit.certificate,
        "certificate_until": unit.certificate_until,
        "settings_wanted": unit.twin_version,
        "settings_reported": unit.twin_reported,
        "settings_status": unit.twin_status,
        "troubles": None if health is None else ", ".join(health.troubles) or "none",
        "checkup": None if health is None else msgspec.to_builtins(health.checkup),
        "parts": None if health is None else health.parts,
        "alarm": unit.alarm,
    }


def _unit_lines(unit: Unit) -> Iterator[str]:
    for name, value in unit_fields(unit).items():
        if value not in (None, "") and not isinstance(value, dict):
            yield f"{name:18} {value}"


def _twin_lines(twin: Twin) -> Iterator[str]:
    yield f"\nsettings, version {twin.version} ({twin.mode}), by {twin.made_by}: {twin.why}"
    for key, scope in sorted(twin.origins.items()):
        section, _, option = key.partition(".")
        value = json.dumps(twin.settings[section][option], ensure_ascii=False)
        yield f"  {key} = {value}  ({scope})"


def _bench_lines(records: list[BenchRecord], complaint: str | None) -> Iterator[str]:
    """Yield what the bench said of the unit, and what a claim would be refused for."""
    if records or complaint:
        yield "\nbench"
    for record in records:
        yield f"  {record.ended:%Y-%m-%d %H:%M}  {record.plan}: {record.verdict}  ({record.record[:8]})"
    if complaint:
        yield f"  a claim would be refused: {complaint}"


def _health_lines(unit: Unit) -> Iterator[str]:
    """Yield what the unit's own examination came to, and what it is made of."""
    health = told_health(unit)
    if health is None:
        return
    if (checkup := health.checkup) is not None:
        yield f"\nexamined {checkup.at:%Y-%m-%d %H:%M} UTC, {checkup.checks} checks: {len(checkup.codes)} findings"
        for code in checkup.codes:
            entry = words_for(code)
            yield f"  ? {code}" if entry is None else f"  {entry.degree.mark} {code}: {entry.what.ja} / {entry.what.en}"
    if health.parts:
        yield "\nparts"
        yield from (f"  {part:12} {words}" for part, words in sorted(health.parts.items()))


def twin_words(unit: Unit) -> str:
    """Return in one word how a unit's settings are."""
    if not unit.twin_version:
        return "-"
    if unit.twin_reported == unit.twin_version:
        return f"v{unit.twin_version}"
    refused = unit.twin_status in {"rejected", "rolled_back"}
    return f"v{unit.twin_reported}→v{unit.twin_version} {unit.twin_status if refused else 'waits'}"


def entry_fields(entry: Entry) -> dict[str, object]:
    """Return an entry as JSON says it."""
    return {
        "number": entry.number,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": msgspec.json.decode(entry.detail),
        "link": entry.link,
    }


def _entry(entry: Entry) -> str:
    detail = ", ".join(f"{name} {value}" for name, value in msgspec.json.decode(entry.detail).items() if value)
    return f"{entry.number:6} {entry.at:%Y-%m-%d %H:%M:%S} {entry.actor} {entry.action} {entry.subject}  {detail}"


def _head(text: str) -> Head:
    number, _, link = text.partition(":")
    if not number.isdigit() or not link:
        raise BadConfig("is no head; `uketsuke-fleet audit head` prints one", where=text[:80])
    return Head(int(number), link)
