"""Where a unit's log goes: to the journal with fields, where systemd started it, else to standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from device.app.journal_events import ATTRIBUTE, FIELDS
from device.drivers.journald import SOCKET, JournalHandler


def log_to_stderr(*, verbose: bool) -> None:
    """Have errors written to standard error; with `verbose` whatever happens, too."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


def log_to_journal(environment: Mapping[str, str], unit: str, *, address: str = SOCKET) -> JournalHandler | None:
    """Send what the program says to the journal from now on; None where its standard error does not lead there."""
    if not environment.get("JOURNAL_STREAM"):
        return None
    handler = JournalHandler(
        {"SYSLOG_IDENTIFIER": "uketsuke", "UKETSUKE_UNIT": unit}, address=address, attribute=ATTRIBUTE, extra=FIELDS
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    return handler
