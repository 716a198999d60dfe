"""`uketsuke enrol`: what the enrolment service runs until the machine is a unit."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Annotated, Literal

import typer

from device.app.claim_cli import read_ticket_file, tickets
from device.app.claiming import claim_unit
from device.app.config import INSTALLED, PanelSection, VoiceSection, load
from device.app.enrolment import LOOK_S, Enrolment
from device.app.home import Home
from device.app.late_parts import open_serving_panel
from device.app.said import JsonOption
from device.domain.errors import BadConfig
from device.drivers.system import SystemClock
from device.link.claim import ClaimWaits
from device.wire.ticket import Ticket

ANSWER_S = 60.0
"""For the fleet's answer; then it is looked anew whether there is another ticket."""


def enrol(
    *,
    to: Annotated[Path, typer.Option("--to", help="The folder for key, certificate and unit.toml.")] = INSTALLED,
    language: Annotated[Literal["ja", "en"], typer.Option(help="What is spoken meanwhile.")] = "ja",
    voice: Annotated[str, typer.Option(help="ALSA's name of the loudspeaker; empty: it is printed.")] = "default",
    panel: Annotated[Literal["gpio", "console"], typer.Option(help="Where lamps are.")] = "gpio",
    seconds: Annotated[float, typer.Option(help="Give up after so many; 0: never.")] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Wait for the ticket (in that folder, or on a memory stick), tell so by lamp and voice, and claim the unit.

    Exit code 0: it is a unit, or was one before; 2: given up.
    """
    home = Home.at(to)
    if _is_unit(home):
        _tell("登録は済んでいます / already enrolled", home, before=True, as_json=as_json)
        return
    logging.getLogger().setLevel(logging.INFO)
    clock = SystemClock()
    end_s = clock.monotonic_s() + seconds if seconds else None

    def find() -> Ticket | None:
        found = tickets(to)
        return read_ticket_file(found[0]) if found else None

    def claim(ticket: Ticket, tell: Callable[[ClaimWaits], None]) -> None:
        claim_unit(ticket, home, timeout_s=ANSWER_S, tell=tell)

    with ExitStack() as stack:
        if as_json:
            stack.enter_context(redirect_stdout(sys.stderr))  # what lamps and voice tell of on a console
        parts = open_serving_panel(PanelSection(kind=panel), VoiceSection(device=voice), stack, clock, {})
        enrolment = Enrolment(find=find, claim=claim, panel=parts, clock=clock, language=language)
        # Somebody may claim it by hand, or bring the files of a unit without a fleet.
        while not (_is_unit(home) or enrolment.look()):
            if end_s is not None and clock.monotonic_s() >= end_s:
                raise BadConfig("is over, and this machine is no unit yet", where="--seconds")
            time.sleep(LOOK_S)
    _tell("登録しました / enrolled", home, before=False, as_json=as_json)


def _tell(words: str, home: Home, *, before: bool, as_json: bool) -> None:
    typer.echo(json.dumps({"ok": True, "before": before, "config": str(home.config)}) if as_json else words)


def _is_unit(home: Home) -> bool:
    """Return whether the reader has what it starts with. A configuration with a mistake is the reader's to tell."""
    if not home.config.exists():
        return False
    try:
        return load(home.config).broker.certificate.exists()
    except BadConfig:
        return True
