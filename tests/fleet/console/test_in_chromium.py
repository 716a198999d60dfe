"""The console as people meet it: a real browser, real events, and axe-core for who cannot see or point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from device.domain.updates import Kind
from provisioning.fleet.deeds import Quarantine, SetLayer, StartRollout
from provisioning.fleet.roles import Role
from provisioning.fleet.store.states import JobState
from provisioning.rollouts.desk import ROLLOUT_JOB, UPDATE_JOB, RolloutDesk
from provisioning.rollouts.plan import RolloutPlan
from provisioning.web.server import serve

Office = Any
"""Made in conftest."""

PASSWORD = "correct horse battery"
WAIT_MS = 30_000
"""A busy machine is no fault of the page."""
DESK: ViewportSize = {"width": 1280, "height": 900}
TABLET: ViewportSize = {"width": 820, "height": 1180}
HOLD = timedelta(seconds=1)

OpenPage = Callable[..., Page]
Violations = Callable[[Page], list[str]]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open an office's console in a browser of its own; somebody of a role has signed in there."""
    troubles: list[str] = []
    servers: dict[int, Any] = {}

    def open_one(office: Office, role: Role, name: str = "hanako", size: ViewportSize = DESK) -> Page:
        if id(office) not in servers:
            served = serve(office.console(), host="127.0.0.1", port=0, certificate=None, key=None)
            servers[id(office)] = (served, served.__enter__())
        if not office.accounts.known(name):
            office.add_person(name, role)
        page = browser.new_context(viewport=size, locale="ja-JP").new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"http://127.0.0.1:{servers[id(office)][1]}/sign-in")
        page.get_by_label("利用者名").fill(name)
        page.get_by_label("パスワード").fill(PASSWORD)
        page.get_by_role("button", name="サインイン").click()
        page.wait_for_url("**/units")
        return page

    yield open_one
    for context in browser.contexts:
        context.close()
    for served, _ in servers.values():
        served.__exit__(None, None, None)
    assert troubles == []


def work_off(office: Office, *, end: JobState) -> None:
    """Do as a worker and units would: take the rollout's next steps, and let every order end so."""
    rollouts = RolloutDesk(office.fleet.signer())
    for _ in range(4):
        office.pass_time(seconds=2)
        with office.fleet.store.begin(office.now) as work:
            for job in work.jobs.take("w", limit=100, hold=HOLD, kinds=(ROLLOUT_JOB,)):
                rollouts.do_rollout(work, job)
            for job in work.jobs.take("w", limit=100, hold=HOLD, kinds=(UPDATE_JOB,)):
                goes_back = job.order["action"] == "go_back"
                work.jobs.settle(job.job, JobState.SUCCEEDED if goes_back else end, outcome={"detail": "tried"})


def test_the_map_follows_units_that_come_and_go(office: Office, open_page: OpenPage) -> None:
    office.add_units(3)
    page = open_page(office, Role.VIEWER)
    expect(page.get_by_role("link", name="SN-0002: 正常")).to_be_visible()
    office.hear("sim-u0002", online=False)
    expect(page.get_by_role("link", name="SN-0002: つながらない")).to_be_visible(timeout=WAIT_MS)
    office.counter().ask(Quarantine(unit="sim-u0003", why="odd"))
    expect(page.get_by_role("link", name="SN-0003: 隔離中")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("link", name="SN-0003: 隔離中").click()
    expect(page.get_by_text("odd").first).to_be_visible()
    expect(page.get_by_role("button", name="隔離を解く")).to_have_count(0)
    expect(page.get_by_role("link", name="取り込み")).to_have_count(0)


def test_a_list_with_a_mistake_is_mended_and_comes_in(office: Office, open_page: OpenPage) -> None:
    page = open_page(office, Role.ADMIN)
    page.get_by_role("link", name="取り込み").click()
    page.get_by_label("または貼り付け").fill("serial,site\nA-1,clinic 1\n")
    page.get_by_role("button", name="確かめる").click()
    expect(page.get_by_role("heading", name="間違いが1件あります")).to_be_visible()
    expect(page.get_by_role("cell", name="site", exact=True)).to_be_visible()
    page.get_by_label("または貼り付け").fill("serial,site\nA-1,clinic-1\n")
    page.get_by_role("button", name="確かめる").click()
    page.get_by_role("button", name="1台を取り込む").click()
    expect(page.get_by_role("link", name="A-1: 登録待ち")).to_be_visible()


def test_settings_are_seen_as_a_difference_and_sent_after_a_second_person_agreed(
    open_office: Callable[..., Office], open_page: OpenPage
) -> None:
    office = open_office(two_people=["twin"])
    office.add_units(2)
    hanako, taro = open_page(office, Role.OPERATOR), open_page(office, Role.OPERATOR, "taro")
    taro.get_by_role("link", name="承認").click()
    expect(taro.get_by_text("承認待ちはありません")).to_be_visible()
    hanako.get_by_role("link", name="設定", exact=True).click()
    hanako.get_by_role("link", name="profile/desk").click()
    hanako.get_by_label("項目 1").fill("voice.volum")
    hanako.get_by_label("値 1").fill("60")
    hanako.get_by_label("理由").fill("open plan")
    hanako.get_by_role("button", name="違いを見る").click()
    expect(hanako.get_by_text("Did you mean 'volume'?")).to_be_visible()
    hanako.get_by_label("項目 1").fill("voice.volume")
    hanako.get_by_role("button", name="違いを見る").click()
    expect(hanako.get_by_text("2台に送られます")).to_be_visible()
    hanako.get_by_role("button", name="送る").click()
    expect(hanako.get_by_text("ほかの人の承認を待っています")).to_be_visible()
    # The other one's page is open and has it by itself.
    taro.get_by_role("button", name="承認して実行: 設定 profile/desk").click(timeout=WAIT_MS)
    expect(taro.get_by_role("cell", name="実行済み")).to_be_visible()
    with office.fleet.store.look(office.now) as work:
        assert work.profiles.get("profile/desk").settings == {"voice": {"volume": 60}}


def test_a_rollout_is_watched_live_until_it_has_failed_and_is_taken_back(office: Office, open_page: OpenPage) -> None:
    office.add_units(5)
    page = open_page(office, Role.OPERATOR)
    page.get_by_role("link", name="更新", exact=True).click()
    page.get_by_label("対象").select_option("voice")
    page.get_by_label("版").fill("1.1")
    page.get_by_label("段階").fill("1, 100%")
    page.get_by_label("様子を見る秒数").fill("0")
    page.get_by_label("失敗したら").select_option("roll_back")
    page.get_by_label("理由").fill("louder")
    page.get_by_role("button", name="更新を始める").click()
    expect(page.get_by_text("進行中").first).to_be_visible()
    with office.fleet.store.begin(office.now) as work:
        rollouts = RolloutDesk(office.fleet.signer())
        for job in work.jobs.take("w", limit=1, hold=HOLD, kinds=(ROLLOUT_JOB,)):
            rollouts.do_rollout(work, job)
        [first] = work.jobs.take("w", limit=9, hold=HOLD, kinds=(UPDATE_JOB,))
        work.jobs.settle(first.job, JobState.SUCCEEDED)
    expect(page.get_by_role("img", name="完了 1・うち不調 0・失敗 0")).to_be_visible(timeout=WAIT_MS)
    work_off(office, end=JobState.ROLLED_BACK)
    expect(page.get_by_text("元に戻しました").first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("wave 2: 4 of 4 units failed or are unwell").first).to_be_visible()
    expect(page.get_by_role("img", name="元に戻った 1 / 5")).to_be_visible()


def test_what_somebody_has_written_outlives_what_comes_in(office: Office, open_page: OpenPage) -> None:
    office.add_units(3)
    plan = RolloutPlan(part=Kind.VOICE, version="1.1", waves=("1", "100%"), soak_s=0)
    rollout = office.counter().ask(StartRollout(plan=plan, why="louder")).result.name
    page = open_page(office, Role.OPERATOR)
    page.goto(f"{page.url.removesuffix('/units')}/rollouts/{rollout}")
    page.get_by_label("理由").fill("too loud")
    page.get_by_role("heading", name="操作").click()
    expect(page.get_by_role("button", name="一時停止")).to_be_visible()
    work_off(office, end=JobState.SUCCEEDED)
    expect(page.get_by_role("button", name="一時停止")).to_have_count(0, timeout=WAIT_MS)
    expect(page.get_by_label("理由")).to_have_value("too loud")
    page.get_by_role("button", name="元に戻す").click()
    expect(page.get_by_text("too loud").first).to_be_visible()


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_no_page_shuts_anybody_out(
    open_office: Callable[..., Office], open_page: OpenPage, violations: Violations, size: ViewportSize
) -> None:
    office = open_office(two_people=["quarantine"])
    office.add_units(4)
    office.hear("sim-u0002", online=False)
    office.counter().ask(Quarantine(unit="sim-u0001", why="odd"))
    layer = SetLayer(scope="profile/desk", settings={"voice": {"volume": 60}}, expected=0, why="open plan")
    office.counter().ask(layer)
    plan = RolloutPlan(part=Kind.VOICE, version="1.1", waves=("1", "100%"), soak_s=0, on_error="roll_back")
    rollout = office.counter().ask(StartRollout(plan=plan, why="louder")).result.name
    work_off(office, end=JobState.SUCCEEDED)
    page = open_page(office, Role.ADMIN, size=size)
    address = page.url.removesuffix("/units")

    def look_at(place: str) -> None:
        assert violations(page) == [], place
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{place} scrolls sideways"

    for path in (
        "/units", "/units?face=well", "/units/sim-u0001", "/settings", "/settings/edit?scope=profile/desk", "/rollouts",
        f"/rollouts/{rollout}", "/import", "/approvals", "/audit", "/accounts", "/me", "/nowhere", "/welcome/nothing",
    ):  # fmt: skip
        page.goto(address + path)
        look_at(path)
    page.goto(f"{address}/settings/edit?scope=profile/desk")
    page.get_by_label("理由").fill("quieter")
    page.get_by_label("値 1").fill("999")
    page.get_by_role("button", name="違いを見る").click()
    look_at("an option that no unit takes")
    page.get_by_label("値 1").fill("50")
    page.get_by_role("button", name="違いを見る").click()
    look_at("the differences")
    for content in ("serial,site\nA-1,clinic 1\n", "serial,site\nA-1,clinic-1\n"):
        page.goto(f"{address}/import")
        page.get_by_label("または貼り付け").fill(content)
        page.get_by_role("button", name="確かめる").click()
        look_at(content)
    page.goto(f"{address}/accounts")
    page.get_by_label("利用者名").fill("goro")
    page.get_by_role("button", name="作る").click()
    look_at("a link")
    page.goto(page.locator("code.link").inner_text())
    look_at("the link's page")
    page.get_by_role("button", name="サインアウト").click()
    look_at("signing in")
