from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from device.domain.reasons import Reason
from device.wire import reasons_page
from device.wire.reasons import entry

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def test_the_page_in_docs_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reasons_page.render(), (
        "write it anew: python -m device.wire.reasons_page docs/reasons.md"
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row_in_both_languages(reason: Reason) -> None:
    rows = [line for line in reasons_page.render().splitlines() if line.startswith(f"| `{reason}` |")]

    assert len(rows) == 2
    for row, desk in zip(rows, (entry(reason).desk.ja, entry(reason).desk.en), strict=True):
        assert desk in row


def test_the_tables_hold_together() -> None:
    for line in reasons_page.render().splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"\|", line)) == 8


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "reasons.md"
    monkeypatch.setattr(sys, "argv", ["reasons_page", str(page)])

    runpy.run_path(reasons_page.__file__, run_name="__main__")

    assert page.read_text(encoding="utf-8") == reasons_page.render()
    assert {file.name for file in tmp_path.iterdir()} == {
        "reasons.md",
        "reasons-sheet.ja.html",
        "reasons-sheet.en.html",
    }
