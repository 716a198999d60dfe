"""The benchmark goes through what it says, and draws it. Times are nobody's business here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import apdu_cost, card_part
from bench.picture import draw
from device.sim.card.link import BIT_RATES
from device.sim.pcscd import run_pcscd

LARGEST_PICTURE = 100_000


@pytest.fixture(scope="module")
def pcscd() -> Iterator[None]:
    with run_pcscd():
        yield


@pytest.mark.pcsc
@pytest.mark.usefixtures("pcscd")
def test_every_way_of_sending_a_command_is_compared() -> None:
    costs = apdu_cost.measure(turns=1)
    assert {(cost.way, cost.command) for cost in costs} == {
        (way, command) for way in apdu_cost.WAYS for command in apdu_cost.COMMANDS
    }


@pytest.mark.pcsc
@pytest.mark.usefixtures("pcscd")
def test_the_card_part_is_told_step_by_step() -> None:
    part = card_part.measure(kbps=848, times=1)
    assert [step.name for step in part.steps] == [
        "which card",
        "certificate",
        "照合番号B",
        "record with portrait",
        "the record's signer",
        "the chip's proof",
        "unlocking (stand-in)",
        "the holder's signature",
    ]
    assert part.commands > 60
    assert part.wall_s >= part.air_s + part.chip_s


def test_the_picture_is_small(tmp_path: Path) -> None:
    steps = [card_part.Step("record with portrait", 0.3, 0.1, 0.01, 0.02, 66)]
    draw([card_part.CardPart(kbps, 0.5, steps) for kbps in BIT_RATES], tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size < LARGEST_PICTURE


def test_the_picture_in_the_documentation_is_small() -> None:
    assert (Path(__file__).parents[2] / "docs" / "pictures" / "card-time.svg").stat().st_size < LARGEST_PICTURE
