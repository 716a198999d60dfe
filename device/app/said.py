"""What a command that goes on for a while says: sentences for people, a JSON object a line for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Print a JSON object a line, for machines.")]


def sayer(*, as_json: bool) -> Callable[[str], None]:
    """Return what says a sentence, at once."""
    return _say_as_json if as_json else typer.echo


def aside(*, as_json: bool) -> Callable[[str], None]:
    """Return what tells how far it is: beside the document, where there is one."""
    return _say_aside if as_json else typer.echo


def _say_as_json(sentence: str) -> None:
    typer.echo(json.dumps({"said": sentence}, ensure_ascii=False))


def _say_aside(sentence: str) -> None:
    typer.echo(sentence, err=True)
