from __future__ import annotations

from pathlib import Path

from provisioning.page import filled

PAGE = Path(__file__).parents[2] / "docs/broker.md"


def test_the_tables_in_docs_are_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "make pages"
