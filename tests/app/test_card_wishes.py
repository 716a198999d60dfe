"""What people may wish of a simulated card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from device.app.card_report import CardReport, Judge, examine
from device.app.card_sim import Wish, known_misbehaviour, make_card, misbehaviour
from device.domain.values import CardKind
from device.sim.card import (
    Misbehaviour,
    PlaceableCard,
)
from device.sim.card.hostile import Hostility
from device.sim.reader import SimulatedReader


def found(card: PlaceableCard, now: datetime) -> CardReport:
    reader = SimulatedReader()
    reader.place(card)
    with reader.connect() as connection:
        return examine(connection, Judge(now))


def test_a_misbehaviour_is_asked_for_by_name() -> None:
    assert misbehaviour(["largest-read=100", "mute=true"]) == Misbehaviour(largest_read=100, mute=True)


def test_a_hostile_card_is_asked_for_by_the_name_of_its_hostility() -> None:
    assert misbehaviour(["hostile=recursion"]).hostile is Hostility.RECURSION
    assert any("recursion" in line for line in known_misbehaviour())


def test_a_card_may_take_the_time_of_a_link(tmp_path: Path) -> None:
    wish = Wish(CardKind.IPHONE, False, "1234", 3, tmp_path, None, (), kbps=848)  # noqa: FBT003  a plain record
    assert found(make_card(wish)[0], datetime.now(UTC)).phone_unlocks
    with pytest.raises(ValueError, match="424"):
        make_card(replace(wish, kbps=300))


@pytest.mark.parametrize("words", ["largest_read", "largest_read=much", "smell=bad"])
def test_a_misbehaviour_that_is_none_is_refused_with_directions(words: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=VALUE|largest_read"):
        misbehaviour([words])


def test_a_wished_card_has_a_portrait_only_where_the_photos_are(tmp_path: Path) -> None:
    wish = Wish(CardKind.PLASTIC, False, "1234", 3, tmp_path, date(2030, 2, 1), ())  # noqa: FBT003  a plain record
    card, said = make_card(wish)
    assert "without a portrait" in " ".join(said)
    assert found(card, datetime(2029, 1, 1, tzinfo=UTC)).well
