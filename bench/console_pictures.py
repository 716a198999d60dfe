"""Draw docs/pictures/fleet-*.png: `python -m bench.console_pictures` plays the demonstration before a browser."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page

from bench.browser import find_chromium, open_page
from device.app.demo.fleet import OpenPage, play

UNITS = 20
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def main() -> int:
    """Play and draw."""
    chromium = find_chromium()
    if chromium is None:
        sys.stderr.write("there is no Chromium here\n")
        return 2

    def draw(shown: OpenPage) -> None:
        with open_page(chromium, {"width": 1180, "height": 360}, certified=False) as page:
            _sign_in(page, shown)
            page.screenshot(path=FOLDER / "fleet-map.png", full_page=True)
            page.set_viewport_size({"width": 1180, "height": 640})
            page.goto(f"{shown.address}/rollouts")
            page.locator("tbody a").first.click()
            page.wait_for_selector("svg.plot")
            page.screenshot(path=FOLDER / "fleet-rollout.png")

    return 0 if play(units=UNITS, as_json=False, at_end=draw) else 1


def _sign_in(page: Page, shown: OpenPage) -> None:
    page.goto(f"{shown.address}/sign-in")
    page.fill("#name", shown.person)
    page.fill("#password", shown.password)
    page.click("main button")
    page.wait_for_url("**/units")
    page.locator("button[lang=en]").click()
    page.wait_for_selector("html[lang=en]")


if __name__ == "__main__":
    sys.exit(main())
