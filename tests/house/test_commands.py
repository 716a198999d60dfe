"""Every command of the four programs explains itself, and speaks to machines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

import clinic.cli
import device.app.cli
import hw.cli
from provisioning.fleet.cli.main import app as fleet

PROGRAMS = {
    "uketsuke": device.app.cli.app,
    "uketsuke-clinic": clinic.cli.app,
    "uketsuke-fleet": fleet,
    "uketsuke-bench": hw.cli.app,
}
WITHOUT_JSON = {
    "uketsuke run": "serves visitors and prints nothing; how it is, `status --json` and `watch --json` tell",
    "uketsuke setup": "asks a person one question after another",
}
SHORT_OF_HELP = 10
"""Characters; what is shorter explains nothing."""


def commands(command: object, name: str) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for word, part in command.commands.items():
            yield from commands(part, f"{name} {word}")
    else:
        assert isinstance(command, TyperCommand)
        yield name, command


EVERY = {
    words: command
    for name, program in PROGRAMS.items()
    for words, command in commands(typer.main.get_command(program), name)
}


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_command_says_what_it_does_and_prints_json_if_asked(name: str) -> None:
    command = EVERY[name]
    assert len(command.help or "") > SHORT_OF_HELP
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


def test_the_walk_reaches_all_four_programs() -> None:
    assert {name.split()[0] for name in EVERY} == PROGRAMS.keys()
    assert {"uketsuke card explain", "uketsuke-bench study lot", "uketsuke-fleet account add"} <= EVERY.keys()


def test_no_exception_is_kept_for_a_command_that_is_gone() -> None:
    assert WITHOUT_JSON.keys() <= EVERY.keys()
