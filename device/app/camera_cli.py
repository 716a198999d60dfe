"""`uketsuke camera check`: what a camera says and does, for whoever installs it. No picture is shown or stored."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from device.app.camera_told import CameraTold, examine
from device.app.config import CameraSection, load
from device.app.said import JsonOption

EXIT_UNWELL = 1

app = typer.Typer(help="The cameras.", no_args_is_help=True)


@app.callback()
def camera() -> None:
    """Hold the commands together."""


@app.command("check")
def check(
    source: Annotated[str, typer.Argument(help="picamera2:0, v4l2:/dev/video0 or folder:DIR.")] = "",
    *,
    config: Annotated[Path | None, typer.Option(help="Check both cameras of this configuration instead.")] = None,
    width: Annotated[int, typer.Option(min=320, max=4096)] = 1280,
    height: Annotated[int, typer.Option(min=240, max=4096)] = 960,
    rate: Annotated[float, typer.Option(min=1, max=120, help="Frames per second to ask for.")] = 15.0,
    frames: Annotated[int, typer.Option(min=2, max=1000, help="How many frames to look at.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Open a camera and say its name, size, rate, the age of its frames and what is wrong. Stores no picture."""
    if config is not None:
        loaded = load(config)
        sections = [loaded.camera, loaded.front_camera]
    else:
        sections = [CameraSection(source=source, width=width, height=height, frames_per_second=rate)]
    told = [examine(section, frames, time.monotonic) for section in sections]
    if as_json:
        typer.echo(json.dumps({"ok": not any(each.wrong for each in told), "cameras": [asdict(each) for each in told]}))
    else:
        for each in told:
            _say(each)
    if any(each.wrong for each in told):
        raise typer.Exit(EXIT_UNWELL)


def _say(told: CameraTold) -> None:
    small = ", and a small stream for the search" if told.small_stream else ""
    typer.echo(f"{told.camera}: {told.name}, {told.width} x {told.height}{small}")
    typer.echo(
        f"  {told.frames_per_second:g} frames a second; {told.frames} were looked at, "
        f"{told.age_ms:g} ms old when they came, {told.oldest_ms:g} ms at most"
    )
    typer.echo(
        f"  all exposed after they were asked for: {'yes' if told.fresh else 'NO'}; brightness {told.brightness:g}, "
        f"sharpness {told.sharpness:g}"
    )
    for what in told.wrong or ("all is well",):
        typer.echo(f"  {'! ' if told.wrong else ''}{what}")
