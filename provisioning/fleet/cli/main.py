"""The command itself: its parts put together, and what a person sees when something goes wrong."""

from __future__ import annotations

import json
import sys

import typer

from device.domain.errors import BadConfig, UketsukeError
from provisioning.fleet.cli import acting, doctor, entrance, loading, looking, people, records, rollout, serving, twin
from provisioning.fleet.unforeseen import in_words
from provisioning.updates.cli import app as updates_app

app = typer.Typer(
    help="The fleet: from a serial number in a list to a unit that serves, and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(entrance.init)
app.command("import")(entrance.import_units)
app.command()(entrance.label)
app.command()(entrance.claim)
app.command("list")(looking.list_units)
app.command()(looking.show)
app.command()(acting.revoke)
app.command()(acting.quarantine)
app.command()(acting.release)
app.command()(acting.decommission)
app.command("clear-alarm")(acting.clear_alarm)
app.add_typer(acting.logs_app, name="logs")
app.add_typer(twin.app, name="twin")
app.add_typer(looking.audit_app, name="audit")
app.add_typer(records.app, name="records")
app.add_typer(rollout.app, name="rollout")
app.add_typer(updates_app, name="updates")
app.command()(doctor.doctor)
app.command()(serving.serve)
app.command()(serving.web)
app.add_typer(people.account_app, name="account")
app.add_typer(people.approvals_app, name="approvals")
app.command()(loading.loadtest)


def main() -> None:
    """Run the command line; whatever goes wrong is said in one sentence on stderr."""
    try:
        app()
    except BadConfig as error:
        _apologise(str(error), 2)
    except UketsukeError as error:
        _apologise(str(error), 1)
    except Exception as error:  # noqa: BLE001  the last place before a person would see a traceback
        _apologise(f"internal fault, {in_words(error)}", 1)


def _apologise(words: str, code: int) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"ok": False, "message": words}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"uketsuke-fleet: {words}\n")
    sys.exit(code)
