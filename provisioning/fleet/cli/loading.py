"""`loadtest`: what the service bears on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from provisioning.fleet.cli.shared import EXIT_UNWELL, JsonOption, say
from provisioning.fleet.load.phases import Measured
from provisioning.fleet.load.report import draw, reached, words
from provisioning.fleet.load.run import Load, run


def loadtest(
    *,
    units: Annotated[int, typer.Option(min=1, max=50_000, help="Units that send heartbeats.")] = 5_000,
    claims: Annotated[int, typer.Option(min=1, max=20_000, help="Units that are claimed at once.")] = 200,
    storm: Annotated[int, typer.Option(min=1, max=50_000, help="Units that lose their line at once.")] = 1_000,
    jitter: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds over which they come back.")] = 15.0,
    every: Annotated[float, typer.Option(min=1, max=600, help="Seconds between two heartbeats of a unit.")] = 15.0,
    seconds: Annotated[float, typer.Option(min=1, max=3_600, help="How long heartbeats are measured.")] = 45.0,
    flood: Annotated[int, typer.Option(min=1, max=1_000_000, help="Messages sent as fast as can be.")] = 10_000,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Workers of the service's process.")] = 1,
    store: Annotated[str, typer.Option(help="postgresql://…: an empty base. SQLite otherwise.")] = "",
    plot: Annotated[Path | None, typer.Option(help="Draw how it spread over time (.svg, .png).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure claims, heartbeats, a flood and a storm of reconnects against a broker and a service of their own.

    Broker, service and all units share this machine: the figures are a floor. Exit code 1 when an aim is not reached.
    """
    load = Load(
        units=units,
        claims=claims,
        storm=storm,
        jitter_s=jitter,
        every_s=every,
        seconds=seconds,
        flood=flood,
        workers=workers,
        store_url=store or None,
    )

    def tell(measured: Measured) -> None:
        fields = {"phase": measured.name, **measured.figures, "reached": reached(measured)}
        say(words(measured), fields, as_json=as_json)

    with tempfile.TemporaryDirectory(prefix="fleet-load-") as folder:
        found = run(load, Path(folder), tell=tell)
    if plot is not None:
        draw(found, plot)
    if any(reached(one) is False for one in found):
        raise typer.Exit(EXIT_UNWELL)
