"""`uketsuke claim`: make this machine a unit of a fleet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from device.app.claiming import claim_unit
from device.app.config import INSTALLED
from device.app.home import Home
from device.app.said import JsonOption
from device.domain.errors import BadConfig
from device.drivers.account import become_the_reader
from device.link.claim import ClaimWaits
from device.wire.ticket import MAX_TEXT, Ticket, read_ticket

MOUNTS = (Path("/media"), Path("/mnt"), Path("/run/media"))
_DEPTH = 3
NO_CLINIC_KEY = """\
管理側にこの医療機関の鍵がまだないため、受付を始められません。管理者が登録したあと、同じ登録票でもう一度実行してください。
The fleet has no key of this clinic yet, so the reader cannot serve. Once its admin put it there, claim once more."""


def claim(
    ticket: Annotated[
        Path | None, typer.Argument(help="The ticket's file; - reads what a scanner types.", show_default=False)
    ] = None,
    *,
    to: Annotated[Path, typer.Option("--to", help="The folder for key, certificate and unit.toml.")] = INSTALLED,
    from_usb: Annotated[bool, typer.Option("--from-usb", help="Look for the only .ticket on memory sticks.")] = False,
    fingerprint: Annotated[
        str, typer.Option(help="The fleet's fingerprint as its admin told it: another fleet is refused.")
    ] = "",
    timeout: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds until it gives up.")] = 300.0,
    as_json: JsonOption = False,
) -> None:
    """Claim this unit: make its key here, have the fleet of the ticket certify it, write what `run` needs.

    Given again after a power cut, it goes on where it was.
    """
    found = _found(ticket, from_usb=from_usb)
    if fingerprint and _plain(fingerprint) != _plain(found.fingerprint):
        raise BadConfig(f"this ticket is of another fleet: {found.fingerprint}", where="--fingerprint")
    become_the_reader(to)
    home = Home.at(to)
    if not as_json:
        typer.echo(f"fleet {found.fingerprint}\nclaim {found.claim} at {found.host}:{found.port}")
    granted = claim_unit(
        found,
        home,
        timeout_s=timeout,
        tell=(lambda _: None) if as_json else (_say_what_is_missing),
    )
    if granted.clinic_key is None:
        typer.echo(NO_CLINIC_KEY, err=True)
    if as_json:
        fields = {"unit": granted.unit, "config": str(home.config), "fingerprint": found.fingerprint}
        typer.echo(json.dumps(fields))
        return
    typer.echo(f"この端末は {granted.unit} です。 / This unit is {granted.unit}.\nuketsuke run --config {home.config}")


def _found(ticket: Path | None, *, from_usb: bool) -> Ticket:
    if (ticket is None) is not from_usb:
        raise BadConfig("name the ticket's file, or say --from-usb", where="claim")
    if ticket is None:
        return read_ticket_file(_only_one(MOUNTS))
    if ticket == Path("-"):
        return read_ticket(typer.get_text_stream("stdin").readline(MAX_TEXT + 1), where="standard input")
    return read_ticket_file(ticket)


def read_ticket_file(path: Path) -> Ticket:
    """Return the ticket in a file. Raise BadConfig naming it."""
    try:
        with path.open(encoding="ascii") as file:
            return read_ticket(file.read(MAX_TEXT + 1), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig("cannot be read as a ticket", where=str(path)) from error


def tickets(*folders: Path) -> list[Path]:
    """Return every file *.ticket in these folders and on memory sticks."""
    found = [path for folder in folders for path in folder.glob("*.ticket")]
    return sorted(found) + _on_sticks(MOUNTS)


def _on_sticks(mounts: tuple[Path, ...]) -> list[Path]:
    return [
        path
        for mount in mounts
        for depth in range(1, _DEPTH + 1)
        for path in mount.glob("/".join(["*"] * depth) + "/*.ticket")
    ]


def _only_one(mounts: tuple[Path, ...]) -> Path:
    found = _on_sticks(mounts)
    if len(found) != 1:
        many = ", ".join(map(str, found[:5]))
        words = f"{len(found)} tickets there: {many}; name one" if found else "no file *.ticket on any memory stick"
        raise BadConfig(words, where="--from-usb")
    return found[0]


def _say_what_is_missing(waits: ClaimWaits) -> None:
    if waits.refused:
        no = f"管理者がまだ登録を認めていません / not admitted by the fleet yet: {waits.why}"
        typer.echo(no, err=True)
    else:
        typer.echo(f"waiting: {waits.why}", err=True)


def _plain(fingerprint: str) -> str:
    return "".join(letter for letter in fingerprint.upper() if letter.isalnum())
