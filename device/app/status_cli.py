"""`uketsuke status` and `uketsuke watch`: ask the unit that runs here how it is."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.live import Live

from device.app.config import OWN_FILE, load
from device.app.said import JsonLinesOption, JsonOption
from device.app.snapshot import Snapshot
from device.app.unit_socket import ask_unit, socket_path
from device.app.watch_view import view
from device.domain.errors import Fault

EXIT_IMPAIRED = 1
LOOK_S = 0.5
ALWAYS_CHANGE = frozenset({"at", "uptime_s", "visit_s", "memory_kb", "cpu_s"})

ConfigOption = Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")]


def status(
    config: ConfigOption = OWN_FILE,
    *,
    as_json: JsonOption = False,
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
    *,
    as_json: JsonLinesOption = False,
) -> None:
    """Watch visit, parts and line as they change. Nothing of a visitor is shown. A unit that is gone is waited for.

    With --json: what `status` tells, a line whenever more of it changed than times and figures that always do.
    """
    path = socket_path(load(config))
    end_s = time.monotonic() + seconds if seconds else None
    if as_json:
        with contextlib.suppress(KeyboardInterrupt):
            _tell_changes(path, end_s)
        return
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(_look(path), auto_refresh=False, screen=Console().is_terminal) as live,
    ):
        while end_s is None or time.monotonic() < end_s:
            time.sleep(LOOK_S)
            live.update(_look(path), refresh=True)


def _tell_changes(path: Path, end_s: float | None) -> None:
    told: dict[str, Any] | None = None
    while end_s is None or time.monotonic() < end_s:
        now = _facts(path)
        if told is None or _lasting(now) != _lasting(told):
            typer.echo(json.dumps(now, ensure_ascii=False))
            told = now
        time.sleep(LOOK_S)


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = msgspec.to_builtins(ask_unit(path))
    except Fault as fault:
        return {"ok": False, "reason": fault.reason, "message": str(fault)}
    return facts


def _lasting(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what does not change by itself."""
    kept = {name: value for name, value in facts.items() if name not in ALWAYS_CHANGE}
    if "troubles" in kept:
        kept["troubles"] = [{name: part[name] for name in part if name != "for_s"} for part in kept["troubles"]]
    return kept


def _look(path: Path) -> RenderableType:
    try:
        now: Snapshot = ask_unit(path)
    except Fault as fault:
        return f"✗ {fault}"
    return view(now)
