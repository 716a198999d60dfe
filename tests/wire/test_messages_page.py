from __future__ import annotations

from pathlib import Path

from device.wire.messages_page import all_kinds, documented, render

HOUSE = Path(__file__).parents[2]


def test_the_page_in_docs_is_current() -> None:
    assert (HOUSE / "docs/wire.md").read_text(encoding="utf-8") == render(HOUSE / "tests/wire/golden/v1"), "make pages"


def test_every_message_is_told_of() -> None:
    assert documented() == all_kinds()
