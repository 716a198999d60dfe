"""`uketsuke-clinic stand-in`: the moods of the stand-in for the national service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from clinic.config import load_config
from clinic.people import load_people
from clinic.stand_in import Mood, StandInService
from device.domain.errors import BadConfig

app = typer.Typer(help="The stand-in for the national service: how it is today.", no_args_is_help=True)

MAX_LATENCY_MS = 60_000


@app.command("mood")
def mood(
    config: Annotated[Path, typer.Option(help="The configuration, TOML; its [gateway] names the stand_in's file.")],
    outage: Annotated[bool | None, typer.Option("--outage/--no-outage", help="Answer nobody.")] = None,
    latency_ms: Annotated[int | None, typer.Option(min=0, max=MAX_LATENCY_MS, help="Wait before each answer.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002  typer
) -> None:
    """Say how the stand-in is, or change it; a running gateway feels it at its next question."""
    section = load_config(config).gateway
    if section is None or section.stand_in is None:
        raise BadConfig("is missing: the stand-in is in memory", where=f"{config}: [gateway] stand_in")
    with StandInService(load_people(config.parent / section.people), path=config.parent / section.stand_in) as service:
        before = service.mood
        now = Mood(
            outage=before.outage if outage is None else outage,
            latency_ms=before.latency_ms if latency_ms is None else latency_ms,
        )
        if now != before:
            service.mood = now
    text = f"{'away' if now.outage else 'there'}, waits {now.latency_ms} ms before an answer"
    document = json.dumps({"outage": now.outage, "latency_ms": now.latency_ms})
    sys.stdout.write(f"{document if json_output else text}\n")
