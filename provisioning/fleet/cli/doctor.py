"""`doctor`: what is not well with a fleet, and what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from provisioning.fleet.cli.shared import EXIT_UNWELL, HERE, FolderOption, JsonOption, PassphraseOption, say
from provisioning.fleet.doctor import examine
from provisioning.fleet.fleet import open_fleet, passphrase_from, utc_now


def doctor(
    *,
    fleet: FolderOption = HERE,
    offline: Annotated[bool, typer.Option("--offline", help="Do not look at the running broker.")] = False,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at keys, certificates, revocation list, broker, store and audit. Exit code 1 when something is wrong."""
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        found = examine(opened, now=utc_now(), connect=not offline)
    if as_json:
        say("", [asdict(finding) for finding in found], as_json=True)
    else:
        typer.echo("\n".join(map(str, found)) or "all is well")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(EXIT_UNWELL)
