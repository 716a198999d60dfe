"""`uketsuke run`: from a configuration's file to a unit that serves visitors."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from device.app.apology import EXIT_CONFIG, apologise
from device.app.config import load
from device.app.update_parts import newer_program
from device.domain.errors import BadConfig
from device.drivers import memory


def serve(config: Path) -> None:
    """Serve visitors until SIGTERM or Ctrl-C. Raise UketsukeError when the unit cannot start.

    With a bad configuration the program ends with EXIT_CONFIG, so that systemd does not start it again and again.
    """
    try:
        _serve(config)
    except BadConfig as error:
        apologise(str(error), error.reason)
        sys.exit(EXIT_CONFIG)


def _serve(config: Path) -> None:
    loaded = load(config)
    if program := newer_program(loaded):
        try:
            os.execv(program, [str(program), "run", "--config", str(config)])  # noqa: S606  our own, and no shell
        except OSError as error:
            logging.getLogger(__name__).error("%s cannot be run, this version goes on: %s", program, error.strerror)  # noqa: TRY400  no place to look up
    memory.start_again_overwriting()
    from device.app.compose import run_unit  # noqa: PLC0415  hardware libraries load only where they are used
    from device.app.fleet_unit import run_member  # noqa: PLC0415  as above

    if loaded.fleet.member:
        run_member(config, loaded, lambda settings, papers: run_unit(settings, join_fleet=papers.join))
    else:
        run_unit(loaded)
