from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from device.app import config_words
from device.app.cli import app
from device.app.config import EXAMPLE, Config
from device.domain.errors import BadConfig

MUTANTS = 1000


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "unit.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def said(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["config", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout


def test_every_option_is_explained_with_what_it_takes_and_its_default() -> None:
    options = {one.key: one for one in config_words.options()}
    assert options.keys() == {
        f"{section.name}.{option.name}"
        for section in msgspec.structs.fields(Config)
        for option in msgspec.structs.fields(section.type)
    }
    assert options["broker.port"].takes == "a whole number, from 1, to 65535"
    assert options["broker.port"].default == 8883
    assert options["policy.first_method"].takes == "one of face, pin"
    assert options["unit.name"].required
    assert options["policy.consent_s"].meaning == "silence is no"
    assert "nobody both" in options["card.anchors"].meaning  # three lines of the example


def test_one_option_is_found_by_its_own_name_when_that_is_enough() -> None:
    assert said("explain", "pin_s") == (
        0,
        "policy.pin_s: a number, above 0, to 600; 45.0 when nothing is said\n    starts again with each key\n",
    )
    code, text = said("explain", "unit.name", "--json")
    assert code == 0
    assert json.loads(text)[0]["required"] is True


@pytest.mark.parametrize(("key", "near"), [("name", "unit.name, card.name"), ("unit.nam", "unit.name, unit.state")])
def test_a_name_that_means_none_or_several_is_answered_with_what_there_is(key: str, near: str) -> None:
    with pytest.raises(BadConfig, match=near):
        config_words.option(key)


def test_what_a_file_comes_to_is_shown_with_what_the_file_says(written: Path) -> None:
    code, text = said("show", written)
    assert code == 0
    assert '* unit.name = "unit-0001"' in text
    assert "  policy.pin_s = 45.0" in text
    document = json.loads(said("show", written, "--json")[1])
    assert document["unit.name"] == {"value": "unit-0001", "written": True}
    assert document["broker.port"] == {"value": 8883, "written": False}


def test_two_files_are_compared_in_what_they_come_to(written: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(EXAMPLE.replace("# port = 8883", "port = 8883"), encoding="utf-8")
    assert said("diff", written, other) == (0, "no difference\n")
    other.write_text(EXAMPLE.replace("# pin_s = 45.0", "pin_s = 60"), encoding="utf-8")
    assert said("diff", written, other) == (1, "policy.pin_s: 45.0 → 60.0\n")
    assert json.loads(said("diff", written, other, "--json")[1]) == [
        {"key": "policy.pin_s", "before": 45.0, "after": 60.0}
    ]


def test_the_schema_is_one_that_editors_read() -> None:
    code, text = said("schema")
    assert code == 0
    definitions = json.loads(text)["$defs"]
    assert definitions["BrokerSection"]["properties"]["port"]["maximum"] == 65535
    assert "host" in definitions["BrokerSection"]["required"]


# --- a thousand slips ------------------------------------------------------------------------------------------------

SPELLED_OUT = "\n".join(line.removeprefix("# ") for line in EXAMPLE.splitlines()[1:])
JUNK = [
    "",
    "0",
    "-1",
    "1e999",
    "nan",
    '"',
    "''",
    "[]",
    "{}",
    "true",
    "1979-05-27",
    "\x00",
    "é",
    "[[unit]]",
    "=",
    "\\u0000",
]


def flip(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chr(chance.randrange(1, 0x2FF)) + text[place + 1 :]


def drop(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def repeat(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return "\n".join(lines)


def replace(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    number = chance.randrange(len(lines))
    lines[number] = f"{lines[number].partition('=')[0]}= {chance.choice(JUNK)}"
    return "\n".join(lines)


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


MUTATIONS: list[Callable[[str, random.Random], str]] = [flip, drop, repeat, replace, cut]


def test_a_thousand_slips_are_each_read_or_named_with_their_file(tmp_path: Path) -> None:
    chance = random.Random(20261122)  # noqa: S311  slips, not secrets
    path = tmp_path / "unit.toml"
    read, refusals = 0, []
    for _ in range(MUTANTS):
        text = SPELLED_OUT
        for _ in range(chance.randrange(1, 4)):
            text = chance.choice(MUTATIONS)(text, chance) or "\n"
        path.write_text(text, encoding="utf-8")
        try:
            config_words.settings(path)
        except BadConfig as error:
            refusals.append(str(error))
        else:
            read += 1
    assert [refusal for refusal in refusals if not refusal.startswith(str(path))] == []
    assert 0 < read < MUTANTS  # the mutations are neither harmless nor all deadly


def test_hashes_of_passcodes_are_never_shown(written: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    for path, digest in ((written, "$argon2id$7f3a"), (other, "$argon2id$9c1e")):
        path.write_text(EXAMPLE.replace("# passcodes = {}", f'passcodes = {{"desk-1" = "{digest}"}}'), encoding="utf-8")
    shown = said("show", written)[1] + said("show", written, "--json")[1]
    shown += said("explain", "passcodes", "--config", written)[1]
    code, text = said("diff", written, other)
    assert code == 1
    assert "attendants.passcodes" in text
    assert "desk-1" in shown
    assert not re.search("7f3a|9c1e", shown + text)
