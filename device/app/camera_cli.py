"""`uketsuke camera check`: what a camera says and does, for whoever installs it. No picture is shown or stored."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from device.app.config import CameraSection, load
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.camera import CameraProcess, CameraSetup
from device.drivers.camera.setup import known
from device.ports.camera import Frame

OPENS_S = 15.0
FRAME_S = 3.0
DARK, BRIGHT = 20, 235
"""Mean grey values between which a picture shows something."""
RATE_SHARE = 0.6
"""Of the rate that was asked for; in dim light cameras slow down."""
EXIT_UNWELL = 1

app = typer.Typer(help="The cameras.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class CameraTold:
    """What was seen of one camera."""

    camera: str
    name: str
    width: int
    height: int
    small_stream: bool
    frames: int
    frames_per_second: float
    age_ms: float
    """From the end of an exposure until the unit had it, median."""
    oldest_ms: float
    fresh: bool
    """Every frame was exposed after it was asked for."""
    brightness: float
    """Mean grey value, 0 to 255."""
    changes: bool
    """No two frames were alike."""
    wrong: tuple[str, ...]
    """What is not as it should be; empty where all is well."""


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Open a camera and say its name, size, rate, the age of its frames and what is wrong. Stores no picture."""
    if config is not None:
        loaded = load(config)
        sections = [loaded.camera, loaded.front_camera]
    else:
        sections = [CameraSection(source=source, width=width, height=height, frames_per_second=rate)]
    told = [examine(section, frames) for section in sections]
    if as_json:
        typer.echo(json.dumps({"ok": not any(each.wrong for each in told), "cameras": [asdict(each) for each in told]}))
    else:
        for each in told:
            _say(each)
    if any(each.wrong for each in told):
        raise typer.Exit(EXIT_UNWELL)


def examine(section: CameraSection, count: int) -> CameraTold:
    """Look at so many frames. Raise Fault(CAMERA_FAULT) when the camera gives none, BadConfig for no address."""
    if not known(section.source):
        raise BadConfig(
            "name a camera: picamera2:0, v4l2:/dev/video0 or folder:DIR", where=f"source {section.source!r}"
        )
    setup = CameraSetup(section.source, section.width, section.height, section.frames_per_second)
    with CameraProcess(setup.command()) as process:
        opened = process.wait_until_open(OPENS_S)
        looks = [_look(process) for _ in range(count)]
        process.forget()
    if not looks:
        raise Fault("no frame at all", part="camera", reason=Reason.CAMERA_FAULT)
    # A frame counts all that the camera took, also those that nobody asked for.
    first, last = looks[0], looks[-1]
    span_s = last.taken_s - first.taken_s
    rate = (last.number - first.number) / span_s if span_s > 0 else 0.0
    told = CameraTold(
        camera=section.source,
        name=opened.name,
        width=opened.width,
        height=opened.height,
        small_stream=opened.has_small,
        frames=count,
        frames_per_second=round(rate, 2),
        age_ms=round(statistics.median(look.age_s for look in looks) * 1000, 1),
        oldest_ms=round(max(look.age_s for look in looks) * 1000, 1),
        fresh=all(look.fresh for look in looks),
        brightness=round(statistics.mean(look.brightness for look in looks), 1),
        changes=all(one.trace != other.trace for one, other in pairwise(looks)),
        wrong=(),
    )
    return _judged(told, section)


@dataclass(frozen=True, slots=True)
class _Look:
    number: int
    taken_s: float
    age_s: float
    fresh: bool
    brightness: float
    trace: int
    """A sum over the pixels: tells two pictures apart and says nothing of either."""


def _look(process: CameraProcess) -> _Look:
    asked_s = time.monotonic()
    frame: Frame = process.next_frame(FRAME_S)
    now_s = time.monotonic()
    return _Look(
        number=frame.number,
        taken_s=frame.taken_s,
        age_s=now_s - frame.taken_s,
        fresh=asked_s <= frame.taken_s <= now_s,
        brightness=float(frame.pixels.mean()),
        trace=hash(frame.pixels.tobytes()),
    )


def _judged(told: CameraTold, section: CameraSection) -> CameraTold:
    wrong = []
    if not told.fresh:
        wrong.append("frames are older than the question for them, or stamped in the future")
    if not told.changes:
        wrong.append("the same picture came twice: a frozen stream, or a scene without any noise")
    if told.frames_per_second < RATE_SHARE * section.frames_per_second:
        wrong.append(
            f"{told.frames_per_second:g} frames a second instead of {section.frames_per_second:g}: more light?"
        )
    if told.brightness < DARK:
        wrong.append("the picture is dark: lens covered, no light?")
    if told.brightness > BRIGHT:
        wrong.append("the picture is white: light straight into the lens?")
    if (told.width, told.height) != (section.width, section.height):
        wrong.append(f"the camera films {told.width} x {told.height}, not {section.width} x {section.height}")
    return CameraTold(**(asdict(told) | {"wrong": tuple(wrong)}))


def _say(told: CameraTold) -> None:
    small = ", and a small stream for the search" if told.small_stream else ""
    typer.echo(f"{told.camera}: {told.name}, {told.width} x {told.height}{small}")
    typer.echo(
        f"  {told.frames_per_second:g} frames a second; {told.frames} were looked at, "
        f"{told.age_ms:g} ms old when they came, {told.oldest_ms:g} ms at most"
    )
    typer.echo(
        f"  all exposed after they were asked for: {'yes' if told.fresh else 'NO'}; brightness {told.brightness:g}"
    )
    for what in told.wrong or ("all is well",):
        typer.echo(f"  {'! ' if told.wrong else ''}{what}")
