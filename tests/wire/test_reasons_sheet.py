from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

import pytest

from device.domain.reasons import Reason
from device.wire import reasons_sheet
from device.wire.reasons import entry
from device.wire.texts import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_in_docs_is_current(language: str) -> None:
    sheet = DOCS / f"reasons-sheet.{language}.html"
    assert sheet.read_text(encoding="utf-8") == reasons_sheet.render(language), (
        "write it anew: python -m device.wire.reasons_page docs/reasons.md"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_on_the_sheet_with_what_the_desk_says_and_does(language: str) -> None:
    sheet = reasons_sheet.render(language)
    for reason in Reason:
        assert sheet.count(f"<b>{reason}</b>") == 1
        assert escape(entry(reason).desk.say(language)) in sheet
        assert escape(entry(reason).next_step.say(language)) in sheet


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_is_one_page_of_a4_in_a_real_browser(language: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    pdf = tmp_path / "sheet.pdf"
    subprocess.run(
        # Chromium refuses to run as root inside its sandbox; the page is our own.
        [
            chromium,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={pdf}",
            (DOCS / f"reasons-sheet.{language}.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    printed = pdf.read_bytes()
    assert re.findall(rb"/Type /Pages\s*/Count (\d+)|/Count (\d+)", printed)[0] in {(b"1", b""), (b"", b"1")}
    ((width, height),) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert (round(float(width)), round(float(height))) in {(842, 595), (842, 596), (841, 595)}, "A4, lying"


def test_the_sheet_is_written_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = tmp_path / "sheet.html"
    monkeypatch.setattr(sys, "argv", ["reasons_sheet", "en", str(sheet)])

    runpy.run_path(reasons_sheet.__file__, run_name="__main__")

    assert sheet.read_text(encoding="utf-8") == reasons_sheet.render("en")
