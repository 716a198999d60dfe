"""Counting what became of cards, and going on with a run that was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.app.assets.place import MODELS_DIR
from device.app.front_command import run
from device.app.front_tally import RIGHT, WRONG, CardTold, Tally, draw, line_of, read_told, wilson
from device.domain.errors import BadConfig


def told(
    index: int = 0, *looks: str, sent: str | None = RIGHT, readable: bool = True, of_limit: float = 0.5
) -> CardTold:
    return CardTold(
        seed=1,
        index=index,
        severity=0.1,
        readable=readable,
        trouble="too blurred",
        of_limit=of_limit,
        looks=looks or (RIGHT, RIGHT),
        sent=sent,
    )


def test_a_wrong_number_is_named_by_seed_and_card_and_a_miss_by_what_was_in_the_way() -> None:
    tally = Tally()
    for card in (
        told(0),
        told(1, "no expiry", RIGHT, RIGHT),
        told(2, RIGHT, "no expiry", "no expiry", sent=None),
        told(3, RIGHT, "no card", "no card", RIGHT),  # right, and too late
        told(4, WRONG, WRONG, sent=WRONG, readable=False, of_limit=2.0),
    ):
        tally.add(card)
    said = "\n".join(tally.lines())
    assert "5 cards, 4 of them readable" in said
    assert "within 3 pictures: 2 (50.00%" in said
    assert "numbers sent: 4, wrong ones: 1" in said
    assert "wrong: seed 1, card 4" in said
    assert "missed 1: no expiry" in said
    assert "missed 1: no card" in said
    assert "confidence" not in said


def test_that_none_was_wrong_is_told_with_its_bound() -> None:
    tally = Tally()
    for index in range(300):
        tally.add(told(index))
    assert "fewer than 1.0e-02 of such cards" in "\n".join(tally.lines())


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (10, 10, 0.722, 1.0)]
)
def test_the_interval_of_a_share_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    """Values of the published formula, as statistics packages give them."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=0.001)


def test_a_file_of_cards_is_read_as_it_was_written_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    cards = [told(0), told(1, "no card", sent=None)]
    kept = tmp_path / "told.jsonl"
    assert read_told(kept) == []
    kept.write_text("".join(map(line_of, cards)))
    assert read_told(kept) == cards
    kept.write_text(line_of(cards[0]) + "{}\n")
    with pytest.raises(BadConfig, match=r"told\.jsonl, line 2"):
        read_told(kept)


def test_a_run_goes_on_with_the_cards_that_its_file_does_not_tell_of(tmp_path: Path) -> None:
    kept, plot = tmp_path / "told.jsonl", tmp_path / "yield.svg"
    kept.write_text(line_of(told(0)))
    tally = run(MODELS_DIR, count=2, seed=1, frames=3, processes=1, keep=kept, plot=plot, say=lambda _: None)
    assert tally.cards == 2
    assert [card.index for card in read_told(kept)] == [0, 1]
    assert read_told(kept)[0].trouble == "too blurred", "the card that was told of is not shown again"
    assert b"<svg" in plot.read_bytes()


def test_a_picture_of_nothing_readable_can_be_drawn(tmp_path: Path) -> None:
    draw([told(0, readable=False, of_limit=3.0)], tmp_path / "yield.svg")
    assert (tmp_path / "yield.svg").exists()
