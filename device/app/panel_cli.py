"""`uketsuke panel`: is everything that a visitor touches, sees and hears in order?"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from device.app.config import load
from device.app.panel_check import PanelCheck, PanelReport
from device.panel.pad import Pad

EXIT_UNWELL = 1

app = typer.Typer(help="Keypad, lamps, buzzer and voice.", no_args_is_help=True)


@app.callback()
def panel() -> None:
    """Keep `check` a command of its own, also while it is the only one."""


@app.command("check")
def panel_check(
    config: Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")],
    *,
    all_sentences: Annotated[bool, typer.Option("--all-sentences", help="Play every sentence, not one each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
) -> None:
    """Press every key, see every lamp, hear buzzer and voice. Stop the unit first. Exit code 1: something is amiss."""
    from device.app.panel_parts import PADS, open_panel  # noqa: PLC0415  drivers load only where they are used
    from device.drivers.system import SystemClock  # noqa: PLC0415

    loaded, clock = load(config), SystemClock()
    pad = PADS[loaded.panel.pad]
    with ExitStack() as stack:
        parts = open_panel(loaded.panel, loaded.voice, stack, clock)
        check = PanelCheck(
            pad=pad,
            keypad=parts.keypad,
            indicators=parts.indicators,
            voice=parts.voice,
            clock=clock,
            tell=lambda line: typer.echo(line, err=as_json),
            wait=time.sleep,
            wiring=parts.wiring,
        )
        report = check.run(all_sentences=all_sentences)
    if as_json:
        document = {"ok": report.ok, **asdict(report), "cut_lines": report.cut_lines(pad)}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(report, pad)
    if not report.ok:
        raise typer.Exit(EXIT_UNWELL)


def _print(report: PanelReport, pad: Pad) -> None:
    amiss = [*report.wiring, *(f"{name}: no key of it was seen" for name in report.cut_lines(pad))]
    amiss += [f"key {key}: not seen" for key, works in report.keys.items() if not works]
    for name, works in (*report.indicators.items(), *report.voice.items()):
        if not works:
            amiss.append(f"{name}: {'no answer' if works is None else 'not well'}")
    amiss += report.troubles.values()
    for line in amiss:
        typer.echo(line)
    typer.echo("何か所か見てください / see to these" if amiss else "すべてよし / all is well")
