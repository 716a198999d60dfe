"""`uketsuke simulate`: a day, or a thousand days, at an invented clinic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from device.app.said import JsonOption
from device.domain.errors import BadConfig
from device.sim.day.people import CLINICS


def simulate(
    visits: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many visitors come.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    clinic: Annotated[str, typer.Option(help=f"What the clinic asks: {', '.join(CLINICS)}.")] = "blanket",
    service: Annotated[
        float, typer.Option(min=0, max=9, help="Seconds added to each answer of the national service.")
    ] = 0.0,
    plot: Annotated[Path | None, typer.Option(help="Draw durations and endings (.svg, .png, .pdf).")] = None,
    *,
    times: Annotated[bool, typer.Option("--times", help="Print the times that go in, with their sources.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play visits of all kinds on the pure machine and count how they end and how long they take."""
    from device.app import simulation  # noqa: PLC0415  loads only where it is asked for

    if clinic not in CLINICS:
        raise BadConfig(f"no clinic {clinic!r}; there are {', '.join(CLINICS)}", where="--clinic")
    if times:
        _print_times(simulation.times(), as_json=as_json)
        return
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("visits", total=visits)
        outcomes, cpu_s = simulation.simulate(
            visits,
            seed=seed,
            clinic=clinic,
            service_s=service,
            progress=lambda done: bar.update(task, completed=done),
        )
    found = simulation.report(outcomes, cpu_s, seed=seed, clinic=clinic, service_s=service)
    if plot is not None:
        simulation.draw(outcomes, plot)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    console = Console()
    console.print(
        f"{found['visits']} visits, seed {found['seed']}, clinic {found['clinic']}: {found['steps']} steps,"
        f" {found['visits_per_cpu_s']} visits per second of CPU"
    )
    kinds = Table(title="Who came / 来院者", title_justify="left")
    for column in ("visitor", "visits", "median s", "95 % s", "keys", "endings"):
        kinds.add_column(column, justify="left" if column in {"visitor", "endings"} else "right")
    for kind in found["kinds"]:
        endings = ", ".join(f"{name} {count}" for name, count in kind["endings"].items())
        kinds.add_row(
            kind["kind"],
            str(kind["visits"]),
            f"{kind['median_s']:.1f}",
            f"{kind['p95_s']:.1f}",
            f"{kind['median_keys']:.0f}",
            endings,
        )
    console.print(kinds)
    table = Table(
        title="A cooperative visitor by face, medians: with the stand-in, and with 0.5 s added to each answer",
        title_justify="left",
    )
    for column in ("clinic", "seconds", "slow service", "keys", "what it asks"):
        table.add_column(column)
    for row in found["cooperative"]:
        table.add_row(
            row["clinic"],
            f"{row['median_s']:.1f}",
            f"{row['median_s_slow_service']:.1f}",
            f"{row['median_keys']:.0f}",
            row["asks"],
        )
    console.print(table)


def _print_times(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table()
    for column in ("what", "least s", "most likely s", "most s", "source"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
