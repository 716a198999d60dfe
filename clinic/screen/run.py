"""Opens the screen that a configuration describes, and says where it is."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from clinic.config import ScreenSection, issue_again
from clinic.desk import Desk
from clinic.screen.access_log import KEY_BYTES, load_log_key
from clinic.screen.app import ScreenParts, build_screen
from clinic.screen.database import Database
from provisioning.web.server import serve

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenScreen:
    """Where the screen is."""

    address: str
    first_run: str | None = field(repr=False)
    """Where the first administrator makes an account; None where there is one. For the console alone."""


def state_files(section: ScreenSection, folder: Path) -> tuple[Path, Path]:
    """Return the database and the key of the access log."""
    state = folder / section.state
    return state / "screen.sqlite", state / "access-log.key"


@contextmanager
def open_screen(section: ScreenSection, folder: Path, desk: Desk) -> Iterator[OpenScreen]:
    """Serve the screen until the block ends. Raise BadConfig saying what does not fit."""
    path, key = state_files(section, folder)
    with Database(path) as database:
        screen = build_screen(
            ScreenParts(
                desk=desk,
                database=database,
                log_key=load_log_key(key, secrets.token_bytes(KEY_BYTES)),
                hosts=[section.host, *section.names, "localhost", "127.0.0.1"],
                secure=section.certificate is not None,
                fade_after=timedelta(minutes=section.fade_minutes),
            )
        )
        log.info("access log: head %s", screen.log.head())  # an end that is cut off later shows against this
        with serve(
            screen.app,
            host=section.host,
            port=section.port,
            certificate=None if section.certificate is None else folder / section.certificate,
            key=None if section.key is None else folder / section.key,
            again=f"make new ones with {issue_again('screen')}, DIR being the site's folder",
        ) as port:
            scheme = "http" if section.certificate is None else "https"
            address = f"{scheme}://{section.names[0] if section.names else section.host}:{port}"
            first = None if screen.first_run is None else address + screen.first_run
            yield OpenScreen(address, first)
        log.info("access log: head %s", screen.log.head())
