"""`uketsuke attendant`: what the configuration keeps of passcodes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from device.app.said import JsonOption

app = typer.Typer(help="Attendants' passcodes (目視確認).", no_args_is_help=True)


@app.command("hash")
def hash_one(
    passcode: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="6 to 12 digits; asked for unseen."),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print the hash of a passcode, for [attendants] in the unit's configuration."""
    from device.app.attendant import hash_passcode, passcode_of  # noqa: PLC0415  loads only where it is asked for

    kept = hash_passcode(passcode_of(passcode))
    typer.echo(json.dumps({"hash": kept}) if as_json else kept)
