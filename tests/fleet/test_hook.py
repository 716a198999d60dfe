"""The site's own program is asked before a claim is granted; whatever goes wrong with it is a no that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.fleet.hook import ask

QUESTION = {"unit": "u-1", "serial": "SN1"}


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    def write(body: str) -> Path:
        path = tmp_path / "hook"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


def test_a_yes_is_a_yes_and_the_question_came_as_json(program: Callable[[str], Path], tmp_path: Path) -> None:
    opinion = ask(program(f"cat > {tmp_path}/asked; echo '{{\"allow\": true}}'"), QUESTION, timeout_s=10)

    assert opinion.allow
    assert json.loads((tmp_path / "asked").read_text()) == QUESTION


@pytest.mark.parametrize(
    ("body", "words", "broken"),
    [
        ("""echo '{"allow": false, "why": "not on our list"}'""", "not on our list", False),
        ("exit 3", "ended with code 3", True),
        ("echo maybe", "something else than yes or no", True),
        ("""echo '{"allow": "yes"}'""", "something else than yes or no", True),
        ("exec sleep 20", "did not answer within 0.2 s", True),
    ],
)
def test_everything_else_is_a_no(program: Callable[[str], Path], body: str, words: str, broken: bool) -> None:  # noqa: FBT001
    opinion = ask(program(body), QUESTION, timeout_s=0.2 if "sleep" in body else 10)

    assert not opinion.allow
    assert words in opinion.why
    assert opinion.broken is broken


def test_a_program_that_is_not_there_is_a_no(tmp_path: Path) -> None:
    assert "cannot be run" in ask(tmp_path / "none", QUESTION, timeout_s=1).why
