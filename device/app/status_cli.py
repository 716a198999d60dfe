"""`uketsuke status` and `uketsuke watch`: ask the unit that runs here how it is."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.live import Live

from device.app.config import OWN_FILE, load
from device.app.snapshot import Snapshot
from device.app.unit_socket import ask_unit, socket_path
from device.app.watch_view import view
from device.domain.errors import Fault

EXIT_IMPAIRED = 1
LOOK_S = 0.5

ConfigOption = Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")]


def status(
    config: ConfigOption = OWN_FILE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Say how the unit is. Exit code: 0 ready, 1 a part does not work, 2 no unit runs."""
    now = ask_unit(socket_path(load(config)))
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(now), ensure_ascii=False))
    else:
        Console(highlight=False).print(view(now))
    if now.state != "ready":
        raise typer.Exit(EXIT_IMPAIRED)


def watch(
    config: ConfigOption = OWN_FILE,
    seconds: Annotated[float, typer.Option(help="End after so many seconds; 0: when you say so (Ctrl-C).")] = 0.0,
) -> None:
    """Watch visit, parts and line as they change. Nothing of a visitor is shown. A unit that is gone is waited for."""
    path = socket_path(load(config))
    end_s = time.monotonic() + seconds if seconds else None
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(_look(path), auto_refresh=False, screen=Console().is_terminal) as live,
    ):
        while end_s is None or time.monotonic() < end_s:
            time.sleep(LOOK_S)
            live.update(_look(path), refresh=True)


def _look(path: Path) -> RenderableType:
    try:
        now: Snapshot = ask_unit(path)
    except Fault as fault:
        return f"✗ {fault}"
    return view(now)
