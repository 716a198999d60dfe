"""Commands that need no hardware: the demonstration, and the campaign that proves the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hw.campaign import table, told, try_good_ones, try_unit
from hw.limits import LIMITS_FILE, load_limits
from hw.plans.functional import FUNCTIONAL
from hw.record import Verdict
from hw.sim.faults import FAULTS
from hw.sim.site import SimulatedSite

EXIT_NO_PASS = 1
MARK, END = "<!-- made: campaign -->", "<!-- end -->"

app = typer.Typer()


@app.command("faults")
def faults(
    *,
    good: Annotated[int, typer.Option(min=1, help="How many good units have to pass.")] = 20,
    seed: Annotated[int, typer.Option(help="Which good unit the faults are planted into.")] = 1000,
    limits: Annotated[Path, typer.Option(help="The limits.")] = LIMITS_FILE,
    write: Annotated[Path | None, typer.Option(help="Write the tables into this page, between its marks.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Plant every fault into a simulated unit and see it caught; then see good units pass."""
    allowed = load_limits(limits)
    caught, passed = [], []
    with SimulatedSite() as site:
        for fault in FAULTS:
            caught.append((fault, try_unit(fault.unit(seed), FUNCTIONAL, allowed, site)))
            if not as_json:
                typer.echo(f"{'caught' if caught[-1][1].catches(fault) else 'MISSED'}: {fault.title.en}")
        for tried in try_good_ones(good, FUNCTIONAL, allowed, site):
            passed.append(tried)
            if tried.verdict is not Verdict.PASS and not as_json:
                typer.echo(f"FALSE ALARM: unit {len(passed) - 1}: {tried.first_bad.why if tried.first_bad else ''}")
    missed = [fault.name for fault, tried in caught if not tried.catches(fault)]
    alarms = [number for number, tried in enumerate(passed) if tried.verdict is not Verdict.PASS]
    if as_json:
        typer.echo(json.dumps({"faults": len(caught), "missed": missed, "good": len(passed), "false_alarms": alarms}))
    else:
        typer.echo(told(passed))
    if write is not None:
        page = write.read_text(encoding="utf-8")
        before, _, rest = page.partition(MARK)
        _, _, after = rest.partition(END)
        write.write_text(f"{before}{MARK}\n{table(caught)}\n\n{told(passed)}\n{END}{after}", encoding="utf-8")
    if missed or alarms:
        raise typer.Exit(EXIT_NO_PASS)
