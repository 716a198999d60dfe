"""docs/card.md says what the code does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from device.app.card_page import sections
from device.app.page_parts import refresh
from device.card import status
from device.sim.card import SimulatedCard

PAGE = Path(__file__).parents[2] / "docs" / "card.md"


@pytest.fixture
def parts(make_card: Callable[..., SimulatedCard]) -> dict[str, str]:
    return sections(make_card())


def test_the_page_is_current(parts: dict[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refresh(page, parts) == page, "run: python -m device.app.card_page docs/card.md"


def test_every_part_has_its_place(parts: dict[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"<!-- made: {name} -->\n" in page for name in parts)


def test_the_flow_asks_for_a_counter_before_each_secret(parts: dict[str, str]) -> None:
    said = [line for line in parts["flow"].splitlines() if "Unit->>Card" in line]
    secrets = [number for number, line in enumerate(said) if "digits" in line]
    assert len(secrets) == 2
    assert "the counter?" in said[secrets[0] - 1]
    assert any("the counter?" in line for line in said[secrets[0] + 1 : secrets[1]])


def test_every_status_word_that_the_unit_knows_by_name_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    words = {value for name, value in vars(status).items() if name.isupper() and isinstance(value, int)}
    assert all(f"`{word:04X}`" in page for word in words | status.BLOCKED)
