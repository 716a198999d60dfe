"""`records`: what the bench said of which unit, and which stations are believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.fleet.bench import bring_records, distrust, trust
from provisioning.fleet.cli.shared import EXIT_UNWELL, HERE, FolderOption, JsonOption, WhyOption, as_admin, say, table
from provisioning.fleet.fleet import open_fleet, utc_now

app = typer.Typer(help="Records of the bench, and the stations that are believed.", no_args_is_help=True)

StationArgument = Annotated[str, typer.Argument(help="The station's name, as its records say it.", show_default=False)]


@app.command("import")
def import_records(
    files: Annotated[list[Path], typer.Argument(help="As `uketsuke-bench export` writes them.", show_default=False)],
    *,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take signed records in. Exit code 1 where one is not believed; the others are in all the same."""
    with open_fleet(fleet) as opened:
        brought = bring_records(opened, files, now=utc_now(), actor=as_admin(opened))
    for one in brought:
        result = one.result
        fields = {
            "file": one.file,
            "problem": one.problem,
            "known": one.known,
            "record": result and result.id,
            "serial": result and result.unit.serial,
            "plan": result and result.plan,
            "verdict": result and result.verdict,
        }
        known = " (known already)" if one.known else ""
        text = f"{result.unit.serial} {result.plan}: {result.verdict}{known}" if result else one.problem
        say(f"{one.file}: {text}", fields, as_json=as_json)
    if any(one.problem for one in brought):
        raise typer.Exit(EXIT_UNWELL)


@app.command("list")
def list_records(
    *,
    serial: Annotated[str | None, typer.Option(help="Only records of this unit.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 200,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List the records that count, the newest first, with the digests of plan and limits."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        stations = {one.key_digest: one.station for one in work.bench.stations()}
        records = work.bench.records(None if serial is None else {serial}, limit=limit)
    if as_json:
        fields = [
            {name: getattr(one, name) for name in one.__slots__} | {"station": stations[one.station_key]}
            for one in records
        ]
        say("", fields, as_json=True)
        return
    table(
        ["ended", "serial", "plan", "verdict", "station", "record", "plan's digest", "limits' digest"],
        (
            [
                f"{one.ended:%Y-%m-%d %H:%M}",
                one.serial,
                one.plan,
                one.verdict + (" (simulated)" if one.simulated else ""),
                stations[one.station_key],
                one.record[:8],
                one.plan_digest,
                one.limits_digest,
            ]
            for one in records
        ),
    )


@app.command("stations")
def list_stations(*, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List the stations' keys: those that are believed, and those that were."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        stations = work.bench.stations()
    if as_json:
        say("", [{name: getattr(one, name) for name in one.__slots__} for one in stations], as_json=True)
        return
    rows = ([one.station, one.state, f"{one.since:%Y-%m-%d %H:%M}", one.key_digest[:16], one.why] for one in stations)
    table(["station", "state", "since", "key", "why"], rows)


@app.command("trust")
def trust_station(
    station: StationArgument,
    key: Annotated[Path, typer.Argument(help="As `uketsuke-bench public-key` prints it.", show_default=False)],
    *,
    why: WhyOption,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Believe a station by this key from now on. What it signed with an earlier one counts on."""
    with open_fleet(fleet) as opened:
        digest = trust(opened, station, key, why=why, now=utc_now(), actor=as_admin(opened))
    say(f"{station} is believed by the key {digest[:16]}…", {"station": station, "key": digest}, as_json=as_json)


@app.command("distrust")
def distrust_station(
    station: StationArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False
) -> None:
    """Believe nothing any more that a station ever signed. Units that are claimed stay."""
    with open_fleet(fleet) as opened:
        distrust(opened, station, why=why, now=utc_now(), actor=as_admin(opened))
    say(f"{station}: none of its records counts any more", {"station": station}, as_json=as_json)
