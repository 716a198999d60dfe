"""`uketsuke-clinic init`, `issue`, `revoke`, `doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from clinic.site.create import create_site, issue, take_back
from clinic.site.doctor import examine, worst
from clinic.site.plan import BrokerSection, Places, SitePlan, SiteSection, load_plan
from device.domain.errors import BadConfig

app = typer.Typer()

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def init(  # noqa: PLR0917  each is an option of the command line
    folder: Folder,
    name: Annotated[str, typer.Option(help="The site's name: letters, digits, _ and -.")] = "site",
    institution: Annotated[str, typer.Option(help="医療機関コード, 10 digits.")] = "",
    host: Annotated[str, typer.Option(help="Name or address under which the broker is reached.")] = "127.0.0.1",
    listen: Annotated[str, typer.Option(help="Address that the broker listens on.")] = "",
    branch: Annotated[
        Literal["production", "simulation"], typer.Option(help="Real or simulated units.")
    ] = "production",
    account: Annotated[str, typer.Option(help="OS account of the broker.")] = "mosquitto",
    json_output: Json = False,  # noqa: FBT002  typer makes options of keyword arguments
) -> None:
    """Set up a site: the broker's configuration, an authority, certificates, sealing keys, a first unit.

    In a folder that has a site already, what is missing is made and the broker's configuration is written anew.
    """
    places = Places(folder)
    if places.plan.exists():
        plan = load_plan(places.plan)
    else:
        wanted = SitePlan(
            site=SiteSection(name=name, branch=branch, institution_code=institution),
            broker=BrokerSection(host=host, address=listen or host, account=account),
        )
        plan = _checked(wanted)
    create_site(folder, plan, now=datetime.now(UTC))
    unit = next(iter(sorted(path.name for path in places.units.iterdir())))
    _say(
        {"site": str(places.folder), "broker": str(places.broker_config), "clinic": str(places.clinic_config)}
        | {"first_unit": str(places.units / unit), "authority_key": str(places.authority_key)},
        f"site {plan.site.name} in {places.folder}\n"
        f"  broker    mosquitto -c {places.broker_config}\n"
        f"  clinic    uketsuke-clinic run --config {places.clinic_config}\n"
        f"  screen    https://{plan.broker.host}:8443; its first start prints a link for the first administrator\n"
        f"  unit      copy {places.units / unit} to the unit, then: uketsuke run --config unit.toml\n"
        f"  keep      {places.authority_key} somewhere safe: it can make units\n"
        f"  look      uketsuke-clinic doctor {places.folder}",
        json_output=json_output,
    )


@app.command("issue")
def issue_identity(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="A unit's name, a service's, `broker` or `screen`.")],
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Give a new unit its papers, or anybody new ones before the old run out. The old stay good until they do."""
    places = Places(folder)
    where = issue(places, load_plan(places.plan), name, now=datetime.now(UTC))
    _say(
        {"name": name, "folder": str(where)},
        f"{name}: new key and certificate in {where}; restart whoever uses them",
        json_output=json_output,
    )


@app.command()
def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="Whose certificate is taken back.")],
    broker_pid: Annotated[int | None, typer.Option(help="Process id of the running broker: throw it out now.")] = None,
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Take a certificate back: a unit that was stolen or scrapped."""
    places = Places(folder)
    out = take_back(places, load_plan(places.plan), name, broker_pid=broker_pid, now=datetime.now(UTC))
    words = (
        f"{name} is out, and does not come back"
        if out
        else f"{name} is on the list; the broker reads it when it is told to: "
        f'uketsuke-clinic revoke {folder} {name} --broker-pid "$(pidof mosquitto)"'
    )
    _say({"name": name, "thrown_out": out, "list": str(places.revoked)}, words, json_output=json_output)


@app.command()
def doctor(
    folder: Folder,
    offline: Annotated[bool, typer.Option("--offline", help="Do not connect to the broker.")] = False,  # noqa: FBT002  as above
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Look at a site and say what is wrong, why, and what to do. Exit code: 0 good, 1 soon a problem, 2 a problem."""
    found = examine(folder, now=datetime.now(UTC), connect=not offline)
    severity = worst(found)
    lines = [f"{finding.severity.mark} {finding.where}: {finding.what}\n    → {finding.to_do}" for finding in found]
    lines.append(["the site is well", "works, but look at what is marked !", "does not work as it should"][severity])
    told = [asdict(finding) | {"severity": finding.severity.name.lower()} for finding in found]
    _say({"severity": severity.name.lower(), "findings": told}, "\n".join(lines), json_output=json_output)
    raise typer.Exit(int(severity))


def _checked(plan: SitePlan) -> SitePlan:
    try:
        return msgspec.convert(msgspec.to_builtins(plan), SitePlan)
    except msgspec.ValidationError as error:
        raise BadConfig(str(error), where="init (--institution takes 10 digits)") from error


def _say(fields: Mapping[str, object], text: str, *, json_output: bool) -> None:
    sys.stdout.write((json.dumps(fields, ensure_ascii=False) if json_output else text) + "\n")
