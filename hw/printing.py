"""A report on paper: the same page, printed into a PDF by a browser of this machine. Nothing leaves it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from hw.errors import BenchError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
PRINT_S: Final = 120.0


class NotPrinted(BenchError):  # noqa: N818  what became of it
    """There is no browser that prints, or it did not; the HTML report is there all the same."""


def print_pdf(page: Path, pdf: Path) -> None:
    """Write `page` as a PDF. Raise NotPrinted saying why not."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise NotPrinted(f"no browser prints here: install {BROWSERS[0]}, or print {page} from any browser")
    with tempfile.TemporaryDirectory(prefix="uketsuke-print-") as profile:
        command = [
            browser,
            "--headless",
            "--no-sandbox",  # a page of ours, without scripts, and a container has no sandbox
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf.resolve()}",
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PRINT_S, check=False)  # noqa: S603  ours
        except (OSError, subprocess.SubprocessError) as error:
            raise NotPrinted(f"{browser} did not print: {error}") from error
    if done.returncode or not pdf.exists():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotPrinted(f"{browser} did not print: {said[-1] if said else done.returncode}")
