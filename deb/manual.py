"""Man pages from the commands themselves, so that no page tells of an option that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import typer
from typer.core import TyperCommand, TyperGroup

from deb import roff
from device.app.assets.place import MODELS_DIR, VOICE_DIR
from device.app.cli import app
from device.app.config_words import options
from device.app.voice_files import RECIPE

PROGRAM = "uketsuke"
Command = TyperCommand | TyperGroup
_INSTALLED = (
    (MODELS_DIR, "/usr/share/uketsuke/models"),
    (VOICE_DIR, "/usr/share/uketsuke/voice"),
    (RECIPE, "voice/voice.toml"),
)
"""Defaults that are places in this checkout, and where the package has them."""
_EXIT = (
    ("0", "All is well."),
    ("1", "The command ran and something was not well."),
    ("2", "It could not run: the words on the standard error output say why, with a code and a way on."),
)
_FILES = (
    ("/etc/uketsuke/unit.toml", "The unit's configuration; see `uketsuke-unit.toml`(5)."),
    ("/etc/uketsuke/unit.example.toml", "Every option with its default."),
    ("/var/lib/uketsuke", "What must survive a power cut: results that wait for the clinic's receipt, the identity."),
    ("/usr/share/uketsuke", "The networks' weights and the voice's recordings."),
    ("/usr/share/doc/uketsuke", "Licences, and the list of parts in CycloneDX's form."),
)


def pages(version: str, epoch: int) -> dict[str, str]:
    """Return the man pages by file name: the program, each of its commands, and the configuration."""
    date = datetime.fromtimestamp(epoch, UTC).date().isoformat()
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)  # noqa: S101  it has sub-commands
    made = {f"{PROGRAM}.1": roff.title(PROGRAM, 1, date, version) + _overview(root)}
    for name, command in _below(root):
        made[f"{PROGRAM}-{name}.1"] = roff.title(f"{PROGRAM}-{name}", 1, date, version) + _page(name, command)
    made["uketsuke-unit.toml.5"] = roff.title("uketsuke-unit.toml", 5, date, version) + _configuration()
    return made


def _overview(root: TyperGroup) -> str:
    text = roff.heading("name") + f"{PROGRAM} \\- {roff.escaped(_first_sentence(root))}\n"
    text += roff.heading("synopsis") + f".B {PROGRAM}\n[{roff.italic('option')} ...] {roff.italic('command')} ...\n"
    text += roff.heading("description") + roff.paragraphs(_help(root))
    text += roff.heading("commands")
    for name, command in _below(root):
        text += roff.item(f"{roff.bold(f'{PROGRAM}-{name}')}(1)", _first_sentence(command))
    text += roff.heading("options") + _options(root)
    text += roff.heading("exit status") + "".join(roff.item(code, said) for code, said in _EXIT)
    text += roff.heading("files") + "".join(roff.item(roff.italic(path), said) for path, said in _FILES)
    return text


def _page(name: str, command: Command) -> str:
    text = roff.heading("name") + f"{PROGRAM}\\-{roff.escaped(name)} \\- {roff.escaped(_first_sentence(command))}\n"
    whole = [*_leaves((name,), command)]
    text += roff.heading("synopsis") + "\n.br\n".join(_usage(words, leaf) for words, leaf in whole) + "\n"
    text += roff.heading("description") + roff.paragraphs(_help(command))
    if isinstance(command, TyperGroup):
        text += roff.heading("commands")
        for words, leaf in whole:
            text += roff.subheading(roff.escaped(" ".join(words[1:]))) + roff.paragraphs(_help(leaf)) + _options(leaf)
    else:
        text += roff.heading("options") + _options(command)
    return text + roff.heading("see also") + f"{roff.bold(PROGRAM)}(1)\n"


def _configuration() -> str:
    text = roff.heading("name") + "uketsuke\\-unit.toml \\- the configuration of a reader\n"
    text += roff.heading("description") + roff.paragraphs(
        "One TOML file. Paths are relative to it. Every option but those marked as required has a default; an option "
        "that does not exist is an error, which `uketsuke config check` names with file, section and option."
    )
    section = ""
    for one in options():
        if one.key.partition(".")[0] != section:
            section = one.key.partition(".")[0]
            text += roff.heading(f"[{section}]")
        default = "required" if one.required else f"default {_value(one.default)}"
        meaning = f"{one.meaning}. " if one.meaning else ""
        text += roff.item(roff.bold(one.key.partition(".")[2]), f"{meaning}{one.takes}; {default}.")
    return text + roff.heading("see also") + f"{roff.bold(f'{PROGRAM}-config')}(1)\n"


def _value(value: object) -> str:
    match value:
        case "":
            return "empty"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _leaves(words: tuple[str, ...], command: Command) -> Iterator[tuple[tuple[str, ...], Command]]:
    if isinstance(command, TyperGroup):
        for name, below in _below(command):
            yield from _leaves((*words, name), below)
    else:
        yield words, command


def _below(group: TyperGroup) -> Iterator[tuple[str, Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, Command):
            yield name, command


def _usage(words: tuple[str, ...], command: Command) -> str:
    context = typer.Context(command)
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece]
    return f"{roff.bold(' '.join((PROGRAM, *words)))} {roff.escaped(' '.join(pieces))}"


def _options(command: Command) -> str:
    context = typer.Context(command)
    text = ""
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            name, said = (" ".join(words.split()) for words in record)
            for here, there in _INSTALLED:
                said = said.replace(str(here), there)
            text += roff.item(roff.bold(name), said)
    return text


def _help(command: Command) -> str:
    return (command.help or "").partition("\f")[0]


def _first_sentence(command: Command) -> str:
    return " ".join(_help(command).split("\n\n")[0].split()).split(". ")[0].rstrip(".")
