"""The screen as the desk meets it: a real browser, real events, and axe-core for who cannot see or point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from device.domain.reasons import Reason
from provisioning.web.server import serve

Reception = Any
"""Made in conftest."""

PASSWORD = "correct horse battery"
WAIT_MS = 15_000
"""A busy machine is no fault of the page."""
TABLET: ViewportSize = {"width": 820, "height": 1180}
DESK: ViewportSize = {"width": 1280, "height": 900}

OpenPage = Callable[..., Page]
Violations = Callable[[Page], list[str]]


@pytest.fixture
def open_page(reception: Reception, browser: Browser) -> Iterator[OpenPage]:
    """Open the screen in a browser; the first administrator has just signed in."""
    screen = reception.screen()
    troubles: list[str] = []
    with serve(screen.app, host="127.0.0.1", port=0, certificate=None, key=None) as port:

        def open_one(size: ViewportSize = DESK) -> Page:
            context = browser.new_context(viewport=size, locale="ja-JP")
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
            page.goto(f"http://127.0.0.1:{port}{screen.first_run}")
            page.get_by_label("利用者名").fill("hanako")
            page.get_by_label("パスワード").fill(PASSWORD)
            page.get_by_role("button", name="作る").click()
            page.wait_for_url("**/arrivals")
            return page

        yield open_one
        meant = ("net::ERR_FAILED", "the server responded with a status of 422")
        by_tests = tuple(f"Failed to load resource: {words}" for words in meant)
        troubles = [trouble for trouble in troubles if not trouble.startswith(by_tests)]
        for context in browser.contexts:
            context.close()
    assert troubles == []


def a_day(reception: Reception) -> None:
    """Every tone, a late answer, somebody without a name, a unit that is gone, a disaster."""
    reception.hear("sim-unit-1", "ready")
    reception.hear("sim-unit-2", "offline")
    reception.arrive()
    reception.arrive(Reason.QUALIFICATION_ENDED, validity="2", NameKana="ｼｶｸ ｼﾞﾛｳ", Name="資格 次郎")
    reception.arrive(Reason.PIN_BLOCKED, validity=None)
    reception.answer_late(reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None))
    reception.desk.disaster.begin("地震のため", lasts=timedelta(hours=6), by="hanako", now=reception.now)


def test_a_visit_appears_by_itself(reception: Reception, open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_text("対応待ちの方はいません")).to_be_visible()
    reception.arrive()
    expect(page.get_by_text("有効", exact=True)).to_be_visible(timeout=WAIT_MS)
    reception.hear("sim-unit-1", "offline")
    expect(page.get_by_text("つながりません")).to_be_visible(timeout=WAIT_MS)


def test_a_name_shows_when_it_is_touched(reception: Reception, open_page: OpenPage) -> None:
    reception.arrive()
    page = open_page()
    assert "シンリョウ" not in page.content()
    page.get_by_role("button", name="1番の氏名を表示").click()
    expect(page.get_by_text("シンリョウ タロウ")).to_be_visible(timeout=WAIT_MS)


def test_the_desk_works_by_keyboard_alone(reception: Reception, open_page: OpenPage) -> None:
    visit = reception.arrive()
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ")).to_be_focused()
    button = page.get_by_role("button", name="対応済みにする")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="対応待ちに戻す")).to_be_visible(timeout=WAIT_MS)
    assert reception.desk.arrival(visit, reception.now).attended_by == "hanako"


def test_a_late_answer_is_accepted_with_one_touch(reception: Reception, open_page: OpenPage) -> None:
    visit = reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None)
    page = open_page(TABLET)
    expect(page.get_by_text("仮受付")).to_be_visible()
    reception.answer_late(visit)
    page.get_by_role("button", name="回答を反映する").click()
    expect(page.get_by_text("hanakoが12:00に反映")).to_be_visible(timeout=WAIT_MS)


def test_a_slip_in_a_form_is_told_and_what_was_typed_stays(reception: Reception, open_page: OpenPage) -> None:
    reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None)
    page = open_page()
    page.get_by_text("書類の番号で照会する").click()
    page.get_by_label("保険者番号").fill("06130012")
    page.get_by_label("番号", exact=True).fill("3456")
    page.get_by_label("枝番").evaluate("field => { field.removeAttribute('pattern'); field.value = 'x1'; }")
    page.get_by_label("生年月日", exact=True).fill("1974-04-02")
    page.get_by_role("button", name="照会する").click()
    expect(page.get_by_role("alert").filter(has_text="入力を確かめてください: 枝番")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_label("保険者番号")).to_have_value("06130012")


def test_what_was_opened_stays_open_when_something_comes(reception: Reception, open_page: OpenPage) -> None:
    reception.arrive(Reason.QUALIFICATION_ENDED, validity="2")
    page = open_page()
    page.get_by_text("詳しく").click()
    reception.arrive()
    expect(page.get_by_text("有効", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("役に立たないこと")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_no_page_shuts_anybody_out(
    reception: Reception, open_page: OpenPage, violations: Violations, size: ViewportSize
) -> None:
    a_day(reception)
    page = open_page(size)
    address = page.url.removesuffix("/arrivals")
    for path in ("/arrivals", "/today", "/disaster", "/me", "/accounts", "/log"):
        page.goto(address + path)
        assert violations(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{path} scrolls sideways"
    page.goto(address + "/arrivals")
    page.get_by_role("button", name="サインアウト").click()
    assert violations(page) == []


def test_the_list_of_a_day_prints_on_paper_without_buttons(
    reception: Reception, open_page: OpenPage, tmp_path: Path
) -> None:
    a_day(reception)
    page = open_page()
    page.get_by_role("link", name="日計一覧").click()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="印刷")).to_be_hidden()
    expect(page.get_by_role("table")).to_be_visible()
    page.pdf(path=tmp_path / "day.pdf", format="A4")
    assert (tmp_path / "day.pdf").read_bytes().startswith(b"%PDF")


def test_a_page_that_is_cut_off_says_so(reception: Reception, open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/arrivals/rows", lambda route: route.abort())
    reception.arrive()
    expect(page.get_by_role("alert")).to_be_visible(timeout=WAIT_MS)
    page.unroute("**/arrivals/rows")
    reception.arrive()
    expect(page.get_by_role("alert")).to_be_hidden(timeout=WAIT_MS)
