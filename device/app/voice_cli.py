"""`uketsuke voice`: the files of what the unit says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from device.app.assets.place import VOICE_DIR
from device.app.said import JsonOption
from device.app.voice_files import RECIPE, absent, build

EXIT_UNWELL = 1

RecipeOption = Annotated[Path, typer.Option("--recipe", help="How the voice is made; files go into wav/ beside it.")]
FolderOption = Annotated[Path, typer.Option("--files", help="The folder with the files.")]

app = typer.Typer(help="The files of what the unit says, made by free speech engines.", no_args_is_help=True)


@app.command("build")
def voice_build(recipe: RecipeOption = RECIPE, *, as_json: JsonOption = False) -> None:
    """Record every sentence that has no file yet, in both languages. Needs open_jtalk and espeak-ng."""
    built = build(recipe, (lambda _: None) if as_json else typer.echo)
    if as_json:
        typer.echo(json.dumps({"sentences": built.sentences, "made": built.made, "removed": built.removed}))


@app.command("check")
def voice_check(files: FolderOption = VOICE_DIR, *, as_json: JsonOption = False) -> None:
    """Say whether every sentence has its file. Exit code 1: some have not."""
    missing = absent(files)
    if as_json:
        typer.echo(json.dumps({"ok": not missing, "missing": [each.text for each in missing]}, ensure_ascii=False))
    else:
        for each in missing:
            typer.echo(f"{each.language}  {each.text}")
        typer.echo(f"{len(missing)} sentences have no file" if missing else "every sentence has its file")
    if missing:
        raise typer.Exit(EXIT_UNWELL)
