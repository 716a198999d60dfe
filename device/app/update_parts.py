"""The parts of updating, from the unit's configuration."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cryptography import x509

from device.app.assets.store import Condition, check
from device.app.config import Config
from device.app.key_parts import tls_files
from device.app.update_clerk import UpdateClerk
from device.app.updating import Updating
from device.app.voice_files import absent
from device.domain.errors import BadConfig, Fault, MessageError, UpdateRefused
from device.domain.updates import Kind, Refusal
from device.drivers.mutual_tls import client_context
from device.drivers.system import SystemClock
from device.drivers.update_shelf import UpdateShelf
from device.drivers.update_spool import OrderBox, read_reports, write_reports
from device.drivers.update_trial import PROGRAM, CommandTrial
from device.ports.updates import UpdateSource
from device.update.jobs import read_book

OWN_PLATFORM: Final = f"{sys.platform}_{platform.machine()}_cp{sys.version_info.major}{sys.version_info.minor}".lower()


def open_updating(config: Config, path: Path, tell: Callable[[str], None]) -> Updating:
    """Return what updates this unit; `path` is where its configuration was read from."""
    section = config.update
    trial = CommandTrial(
        looks={Kind.MODELS: models_complaint, Kind.VOICE: voice_complaint},
        config=path.resolve(),
        restart=section.restart,
        healthy=section.healthy,
        within_s=section.within_s,
        soak_s=section.soak_s,
    )
    return Updating(
        shelf=UpdateShelf(section.folder),
        trial=trial,
        clock=SystemClock(),
        platform=OWN_PLATFORM,
        image={Kind.SOFTWARE: image_version()},
        tell=tell,
    )


def open_source(config: Config, folder: Path | None) -> UpdateSource:
    """Return the repository: the folder, or else the configured server. Raise UpdateRefused where there is none."""
    # Units whose distribution updates them have no use for these libraries, and need not have them.
    from device.drivers.tuf_source import TufSource  # noqa: PLC0415
    from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher, HttpsFetcher  # noqa: PLC0415

    section = config.update
    if not section.root:
        raise UpdateRefused("[update] root is empty", refusal=Refusal.NO_TRUST)
    staging = section.folder / "staging"
    if folder is not None:
        address, fetcher = FOLDER_URL, FolderFetcher(folder, staging)
        return TufSource(root=Path(section.root), cache=section.folder / "metadata", address=address, fetcher=fetcher)
    if not section.url:
        raise UpdateRefused("[update] url is empty, and no folder was named", refusal=Refusal.UNREACHABLE)
    authority = Path(section.authority) if section.authority else config.broker.authority
    files = tls_files(config, authority=authority)
    return TufSource(
        root=Path(section.root),
        cache=section.folder / "metadata",
        address=section.url,
        fetcher=HttpsFetcher(client_context(files), staging, monotonic_s=SystemClock().monotonic_s),
    )


def newer_program(config: Config) -> Path | None:
    """Return the program of the version that updates brought, where there is one and this is not it.

    The package's own program is what the system starts; so a unit starts also where everything else is broken.
    """
    current = config.update.folder / Kind.SOFTWARE / "current"
    program = current / PROGRAM
    if not os.access(program, os.X_OK) or Path(__file__).resolve().is_relative_to(current.resolve()):
        return None
    return program


def order_box(config: Config) -> OrderBox:
    """Return where the program that serves visitors puts the fleet's orders."""
    return OrderBox(config.unit.state / "update-orders")


def reports_file(config: Config) -> Path:
    """Return where the book of reports lies, for everybody to read."""
    return config.update.folder / "reports.json"


def do_orders(config: Config, updating: Updating, tell: Callable[[str], None]) -> int:
    """Do the orders that wait; return how many there were. Raise UpdateRefused where the disk does not let us."""
    path = reports_file(config)
    with updating.shelf.held():
        pass  # whoever updates by hand goes first
    clerk = UpdateClerk(
        unit=config.unit_id,
        authority=_authority(config.broker.authority),
        updating=updating,
        source=lambda: open_source(config, None),
        book=read_book(read_reports(path)),
        keep=lambda book: write_reports(path, book),
        say=lambda report: tell(f"{report.job_id}: {report.state} {report.detail}".rstrip()),
    )
    clerk.start()
    box = order_box(config)
    waiting = box.take()
    for order, payload in waiting:
        try:
            clerk.handle(payload)
        except MessageError as error:
            # Whoever put it there, it is not the fleet's.
            tell(f"an order was not done: {error}")
        box.done(order)
    return len(waiting)


def _authority(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig("is no certificate that can be read", where=f"[broker] authority: {path}") from error


def image_version() -> str:
    """Return the version of this very program as numbers: pre-releases count as what they come before."""
    return ".".join(part for part in version("uketsuke").split(".") if part.isdigit())


def models_complaint(folder: Path) -> str | None:
    """Return what is wrong with a folder of models: a digest, or a required file that is not there."""
    try:
        states = check(folder)
    except Fault as fault:
        return str(fault)
    bad = [
        state
        for state in states
        if state.condition is Condition.WRONG_DIGEST or (state.required and state.condition is not Condition.OK)
    ]
    return f"{bad[0].name}: {bad[0].condition}" if bad else None


def voice_complaint(folder: Path) -> str | None:
    """Return what is wrong with a folder of recordings: sentences that this unit says and that are not there."""
    missing = absent(folder)
    return f"{len(missing)} sentences have no file, the first is {missing[0].text!r}" if missing else None
