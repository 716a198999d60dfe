"""`uketsuke-clinic`: run the clinic side, check its configuration, make its keys.

Exit codes: 0 done, 1 something failed, 2 the command or the configuration is wrong.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
import traceback
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from clinic.config import load_config
from clinic.day_list import day_list_csv
from clinic.desk import Desk
from clinic.health import Health
from clinic.keys import OPENS_FOR, PUBLIC_NAME, load_key, make_key_pair, rotate_keys
from clinic.parts import read_parts
from clinic.run import open_clinic
from clinic.screen.cli import app as screen_app
from clinic.screen.run import OpenScreen, open_screen
from clinic.site.cli import app as site_app
from clinic.stand_in_cli import app as stand_in_app
from clinic.store import Store
from clinic.units import Units
from device.domain.errors import BadConfig, UketsukeError

READY_POLL_S = 0.1

app = typer.Typer(
    help="The clinic's side of Uketsuke: answers the units' questions and stores the results of visits.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Look at a configuration without running it.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(stand_in_app, name="stand-in")
app.add_typer(screen_app, name="screen")
app.add_typer(site_app)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="The configuration, TOML.")],
    json_output: Json = False,  # noqa: FBT002  typer makes options of keyword arguments
) -> None:
    """Run the configured services until SIGTERM or SIGINT. Prints one line on stdout when all of them are connected."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_config(config)
    with ExitStack() as opened:
        clinic = opened.enter_context(open_clinic(read_parts(settings, config.parent)))
        if settings.screen is not None and clinic.desk is not None:
            screen = opened.enter_context(open_screen(settings.screen, config.parent, clinic.desk))
            _tell_of(screen, json_output=json_output)
        for line in clinic.lines:
            line.start()
        for line in clinic.lines:
            while not stop.is_set() and not line.ready.wait(READY_POLL_S):
                pass
        if not stop.is_set():
            names = [line.name for line in clinic.lines]
            _say(
                f"ready: {', '.join(names)} at {settings.broker.host}:{settings.broker.port}, {settings.site.branch}",
                {"event": "ready", "services": names, "branch": settings.site.branch},
                json_output=json_output,
            )
        stop.wait()


@config_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The configuration, TOML.")],
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Check a configuration and every file that it names, without connecting to anything."""
    try:
        names = read_parts(load_config(file), file.parent).services
    except BadConfig as error:
        if json_output:
            _say("", {"file": str(file), "good": False, "problem": str(error)}, json_output=True)
            raise typer.Exit(2) from error
        raise
    _say(
        f"{file}: good, would run {', '.join(names)}",
        {"file": str(file), "good": True, "services": names},
        json_output=json_output,
    )


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the two files go.")],
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Make the clinic's sealing keys: the private one stays here, the public one goes to the units."""
    files = make_key_pair(folder)
    kid = load_key(files.public, private=False).kid
    _say(
        f"private: {files.private}\npublic:  {files.public}",
        {"private": str(files.private), "public": str(files.public), "kid": kid},
        json_output=json_output,
    )


def _tell_of(screen: OpenScreen, *, json_output: bool) -> None:
    text = f"screen: {screen.address}"
    if screen.first_run is not None:
        text += f"\nfirst administrator, good once and until this service stops: {screen.first_run}"
    _say(text, {"event": "screen", "address": screen.address, "first_run": screen.first_run}, json_output=json_output)


@app.command()
def rotate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the two key files are.")],
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Make a new sealing key. The earlier one still opens what is under way; running services take the new one up."""
    kid = rotate_keys(folder, datetime.now(UTC))
    _say(
        f"new key: {kid}\n"
        f"Give {folder / PUBLIC_NAME} to the units; the earlier key opens for {OPENS_FOR.days} more days.",
        {"kid": kid, "public": str(folder / PUBLIC_NAME), "earlier_opens_days": OPENS_FOR.days},
        json_output=json_output,
    )


@app.command()
def day(
    config: Annotated[Path, typer.Option(help="The configuration, TOML.")],
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day in Japan; today.")] = None,
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Print the list of a day as CSV, beside a running clinic side. It names people: mind where it goes."""
    now = datetime.now(UTC)
    with _store(config) as store:
        desk = Desk(store, Units(store.changes), Health(store.changes))
        arrivals = desk.arrivals(date.date() if date else desk.today(now), now)
    if json_output:
        for arrival in arrivals:
            _say("", msgspec.to_builtins(arrival), json_output=True)
        return
    sys.stdout.buffer.write(day_list_csv(arrivals))


@app.command()
def set_aside(
    config: Annotated[Path, typer.Option(help="The configuration, TOML.")],
    json_output: Json = False,  # noqa: FBT002  as above
) -> None:
    """Tell which results were refused though their units signed them, the oldest first, and why.

    It looks beside a running clinic side. The results themselves stay in the store: they are about people.
    """
    with _store(config) as store:
        found = store.results_set_aside()
    for one in found:
        fields: dict[str, object] = {
            "at": one.at.isoformat(),
            "unit": one.unit,
            "message_id": one.message_id,
            "why": one.why,
        }
        text = f"{one.at.astimezone():%Y-%m-%d %H:%M}  {one.unit}  {one.message_id}  {one.why}"
        _say(text, fields, json_output=json_output)
    if not found and not json_output:
        _say("nothing was set aside", {}, json_output=False)


def _store(config: Path) -> Store:
    section = load_config(config).consumer
    if section is None:
        raise BadConfig("there is no [consumer]", where=str(config))
    return Store(config.parent / section.store, only_look=True)


def main() -> None:
    """Run the command line; whatever goes wrong is said in one sentence on stderr, or as JSON where that is wanted."""
    try:
        app()
    except BadConfig as error:
        _apologise(str(error), 2)
    except UketsukeError as error:
        _apologise(str(error), 1)
    except Exception as error:  # noqa: BLE001  the last place before a person would see a traceback
        # The text of an unforeseen error may quote what was being read; its place says enough to look.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        _apologise(f"internal fault, {type(error).__name__} in {where}", 1)


def _apologise(words: str, code: int) -> NoReturn:
    if "--json" in sys.argv:
        _say("", {"ok": False, "message": words}, json_output=True)
    else:
        sys.stderr.write(f"uketsuke-clinic: {words}\n")
    sys.exit(code)


def _say(text: str, fields: dict[str, object], *, json_output: bool) -> None:
    sys.stdout.write((json.dumps(fields, ensure_ascii=False) if json_output else text) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
