"""`init`, `import`, `label`, `claim`: how units come in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from device.domain.errors import BadConfig
from provisioning.fleet.cli.shared import (
    EXIT_UNWELL,
    HERE,
    FolderOption,
    JsonOption,
    PassphraseOption,
    UnitArgument,
    actor,
    ask,
    counter,
    progress,
    say,
)
from provisioning.fleet.create import create_fleet
from provisioning.fleet.deeds import ImportUnits, Newcomer, NewTicket
from provisioning.fleet.entrance import look_at
from provisioning.fleet.fleet import open_fleet, passphrase_from, utc_now
from provisioning.fleet.labels import draw_sheets
from provisioning.fleet.plan import BrokerSection, FleetPlan, FleetSection, Places, StoreSection, load_plan


def init(
    folder: Annotated[Path, typer.Argument(help="The fleet's folder; made if it is not there.", show_default=False)],
    *,
    name: Annotated[str, typer.Option(help="What the fleet is called.")] = "fleet",
    host: Annotated[str, typer.Option(help="Name or IP address under which units reach the broker.")] = "",
    store: Annotated[str, typer.Option(help="postgresql://user@host/name; SQLite in the folder otherwise.")] = "",
    branch: Annotated[Literal["production", "simulation"], typer.Option(help="Real units or simulated ones.")] = (
        "production"
    ),
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a fleet up, or write the configuration of its broker anew; keys that are there stay."""
    places = Places(folder)
    if places.plan.exists():
        plan = load_plan(places.folder)
        if host or store:
            raise BadConfig(
                "is set up already: change host and store in it, then `init` without them", where=str(places.plan)
            )
    elif host:
        plan = FleetPlan(
            fleet=FleetSection(name=name, branch=branch),
            broker=BrokerSection(host=host),
            store=StoreSection(url=store) if store else StoreSection(),
        )
    else:
        raise BadConfig("say how units reach the broker: --host NAME", where=str(places.folder))
    create_fleet(places, plan, now=utc_now(), actor=actor(), passphrase=passphrase_from(passphrase_file))
    broker = f"broker:  mosquitto -c {places.broker_config}"
    if places.broker_is_the_sites:
        broker = f"broker:  the site's; now `uketsuke-clinic init {places.folder}` lets units be claimed on it"
    say(
        f"{places.folder}: fleet {plan.fleet.name}, {plan.fleet.branch}\n"
        f"{broker}\n"
        f"service: uketsuke-fleet serve --fleet {places.folder}\n"
        f"Keep copies of {places.authority} and {places.audit_key} elsewhere: nothing brings them back.",
        {"folder": places.folder, "name": plan.fleet.name, "broker": places.broker_config, "url": plan.store.url},
        as_json=as_json,
    )


def import_units(
    file: Annotated[Path, typer.Argument(help="CSV: serial, and if wanted site and profile.", show_default=False)],
    *,
    fleet: FolderOption = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring units in from a list of serial numbers: all of them or none. Each gets a ticket."""
    now = utc_now()
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        units, problems = look_at(opened, file, now=now)
        if problems:
            say(
                "\n".join([*(f"{file}: {problem}" for problem in problems), "nothing was imported"]),
                {
                    "imported": 0,
                    "problems": [
                        {"line": problem.line, "column": problem.column, "words": str(problem.words)}
                        for problem in problems
                    ],
                },
                as_json=as_json,
            )
            raise typer.Exit(EXIT_UNWELL)
        if dry_run:
            text = f"{file}: good, {len(units)} units would come in"
            say(text, {"would_import": len(units), "problems": []}, as_json=as_json)
            return
        with progress(as_json=as_json) as bar:
            task = bar.add_task("tickets", total=len(units))
            newcomers = tuple(Newcomer(serial=one.serial, site=one.site, profile=one.profile) for one in units)
            deed = ImportUnits(units=newcomers)
            made = ask(opened, deed, as_json=as_json, step=lambda: bar.advance(task))
    say(
        f"{len(made)} units imported; their tickets are in {opened.places.tickets}",
        {
            "imported": len(made),
            "units": [{"unit": one.unit.name, "serial": one.unit.serial, "ticket": one.file} for one in made],
        },
        as_json=as_json,
    )


def label(
    output: Annotated[Path, typer.Argument(help="labels.pdf or labels.png.", show_default=False)],
    units: Annotated[list[str] | None, typer.Argument(help="Serial numbers; all that wait for their claim.")] = None,
    *,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print sheets of labels with the tickets as QR codes (A4, eight to a page)."""
    with open_fleet(fleet) as opened:
        labels = counter(opened).labels(units or ())
        with progress(as_json=as_json) as bar:
            bar.add_task("drawing", total=None)
            files = draw_sheets(labels, output)
    text = f"{len(labels)} labels: {', '.join(map(str, files))}. Whoever has a label can claim its unit."
    say(text, {"labels": len(labels), "files": files}, as_json=as_json)


def claim(
    unit: UnitArgument,
    *,
    fleet: FolderOption = HERE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a unit a new ticket; the earlier one counts no more. For one that was revoked or lost its key."""
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        made = ask(opened, NewTicket(unit=unit), as_json=as_json)
    say(
        f"{made.file}: ticket for {made.unit.serial}, good until {made.ticket.until:%Y-%m-%d %H:%M} UTC",
        {"unit": made.unit.name, "ticket": made.file, "until": made.ticket.until, "claim": made.ticket.claim},
        as_json=as_json,
    )
