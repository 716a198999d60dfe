"""A real browser for what is measured in one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, ViewportSize, sync_playwright


def find_chromium() -> str | None:
    """Return where Chromium is."""
    return shutil.which("chromium")


@contextmanager
def open_page(chromium: str, size: ViewportSize | None = None, *, certified: bool = True) -> Iterator[Page]:
    """Open a page in a browser of its own; without `certified` it takes any certificate."""
    # Chromium refuses to run as root inside its sandbox; these pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser.new_context(viewport=size, locale="ja-JP", ignore_https_errors=not certified).new_page()
        finally:
            browser.close()


def enter(page: Page, link: str, *, name: str, password: str, home: str) -> None:
    """Use the link of a first administrator, and wait for the first page."""
    page.goto(link)
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("main button")
    page.wait_for_url(f"**{home}")


def when_seen(page: Page, selector: str) -> Callable[[], float]:
    """Watch for something to come into the page; what is returned waits for it and gives the moment, in Unix ms.

    The page notes the moment by its own clock, the machine's: asking it over and over would measure the asking.
    """
    page.evaluate(
        """selector => new Promise(ready => {
            window.seen = new Promise(found => {
                const look = () => { if (document.querySelector(selector)) { found(Date.now()); watch.disconnect(); } };
                const watch = new MutationObserver(look);
                watch.observe(document.body, {childList: true, subtree: true, attributes: true});
            });
            ready();
        })""",
        selector,
    )

    def wait() -> float:
        seen_ms: float = page.evaluate("() => window.seen")
        return seen_ms

    return wait
