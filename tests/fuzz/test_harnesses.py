"""Hostile input: every harness over its corpus and a bounded number of new inputs. `make fuzz` goes on for longer."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from device.card import MyNumberCard
from device.domain.secrets import Pin
from fuzz import cards
from fuzz.__main__ import CORPUS, guided_command, main
from fuzz.harnesses import HARNESSES, Violation, require
from fuzz.replay import replay

SEED = 20_261_122
RUNS = {
    "conversation": 600,
    "examination": 1000,
    "surface_record": 1000,
    "certificate": 1500,
    "simulated_card": 2000,
    "sealed": 1500,
}
"""Inputs for a guided run, fewer where one input is a whole conversation."""
MANY = 3000
VARIATIONS = 300


def test_every_harness_has_inputs_to_start_from() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(HARNESSES)
    assert all(any(folder.iterdir()) for folder in CORPUS.iterdir())


@pytest.mark.parametrize("name", HARNESSES)
def test_the_corpus_and_its_variations_find_nothing(name: str) -> None:
    assert replay(name, CORPUS / name, runs=VARIATIONS, seed=SEED) >= VARIATIONS


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel here: only the corpus was replayed")
@pytest.mark.parametrize("name", HARNESSES)
def test_a_guided_search_finds_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    command = guided_command(name, seconds=None, runs=RUNS.get(name, MANY), seed=SEED, found=tmp_path)
    searched = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert searched.returncode == 0, searched.stderr[-3000:]
    assert "Done " in searched.stderr


def test_an_honest_card_is_led_through_the_whole_conversation() -> None:
    connection = cards.FuzzedCard(cards.Stream(b""))
    card = MyNumberCard.identify(connection)
    card.read_certificate()
    card.sign(cards.CHALLENGE)
    assert card.read_portrait(cards.FRONT.reference_number(), cards.portrait_check()).jp2 == cards.PORTRAIT
    card.verify_pin(Pin(cards.PIN.encode()))
    assert len(connection.secrets) == 2


def test_what_must_not_happen_is_a_finding() -> None:
    with pytest.raises(Violation, match="happened"):
        require([], "it happened")


def test_where_atheris_is_missing_the_corpus_is_replayed_and_this_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert main(["--runs", "50", "tlv_fields", "wire"]) == 0
    assert capsys.readouterr().out.count("without coverage guidance, because atheris is not installed here") == 2


def test_one_input_can_be_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    found = next((CORPUS / "tlv_fields").iterdir())
    assert main(["--again", str(found), "tlv_fields"]) == 0
    assert capsys.readouterr().out == ""
