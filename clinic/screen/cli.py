"""Commands about the reception screen for who sits at its machine: a forgotten password, a doubted log."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from clinic.config import load_config
from clinic.screen.access_log import KEY_BYTES, AccessLog, LogAlteredError, load_log_key
from clinic.screen.accounts import Accounts, Role
from clinic.screen.app import utc_now
from clinic.screen.database import Database
from clinic.screen.run import state_files
from device.domain.errors import BadConfig

ALTERED = 1

app = typer.Typer(help="The reception screen's accounts and its access log.", no_args_is_help=True)

Config = Annotated[Path, typer.Option(help="The clinic's configuration, TOML.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Secret = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")
]


@app.command()
def account(
    name: Annotated[str, typer.Argument(help="What the person is called on the screen.")],
    config: Config,
    password: Secret,
    role: Annotated[Role, typer.Option(help="What a new account may do.")] = Role.DESK,
    json_output: Json = False,  # noqa: FBT002  typer makes options of keyword arguments
) -> None:
    """Make an account; where there is one, give it this password, end its pause and ask for no code.

    It stands in the access log, by the OS account.
    """
    with _database(config) as (database, key_file):
        accounts = Accounts(database)
        access = AccessLog(database, load_log_key(key_file, secrets.token_bytes(KEY_BYTES)))
        known = accounts.known(name)
        if known:
            accounts.set_password(name, password)
            accounts.set_second_factor(name, None)
            accounts.enable(name, enabled=True)
        else:
            accounts.create(name, role, password)
        who = f"cli:{os.environ.get('SUDO_USER') or getpass.getuser()}"
        access.add(who, "password set" if known else f"account made: {role}", name, utc_now())
    text = f"{name}: password changed" if known else f"{name}: made, {role.value}"
    _say(text, {"account": name, "made": not known}, json_output)


@app.command()
def log(
    config: Config,
    head: Annotated[str | None, typer.Option(help="NUMBER:HEX noted earlier; shows an end that was cut off.")] = None,
    json_output: Json = False,  # noqa: FBT002  typer makes options of keyword arguments
) -> None:
    """Tell whether the access log is as it was written. Exit code 1 when it is not."""
    with _database(config) as (database, key_file):
        if not key_file.exists():
            raise BadConfig("is missing: without it nothing can be checked", where=str(key_file))
        access = AccessLog(database, load_log_key(key_file, b""))
        try:
            count = access.verify(head)
        except LogAlteredError as error:
            _say(f"altered: {error}", {"whole": False, "entry": error.number, "why": str(error)}, json_output)
            raise typer.Exit(ALTERED) from error
        now = access.head()
    _say(f"whole: {count} entries, head {now}", {"whole": True, "entries": count, "head": now}, json_output)


@contextmanager
def _database(config: Path) -> Iterator[tuple[Database, Path]]:
    section = load_config(config).screen
    if section is None:
        raise BadConfig("there is no screen", where=f"{config}: [screen]")
    path, key = state_files(section, config.parent)
    with Database(path) as database:
        yield database, key


def _say(text: str, fields: dict[str, object], json_output: bool) -> None:  # noqa: FBT001  the option itself
    sys.stdout.write((json.dumps(fields, ensure_ascii=False) if json_output else text) + "\n")
