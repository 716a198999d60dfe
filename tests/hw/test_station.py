"""The station's page: over HTTP, and as a tester meets it in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from device.domain.errors import Fault
from device.domain.reasons import Reason
from hw import plans
from hw.errors import NobodyAnswered
from hw.limits import Limits
from hw.phases.machine import CLOCK, HARDENING, STORAGE
from hw.phases.signals import LAMPS_PHASE
from hw.plan import Plan
from hw.rig.by_hand import Answer, HandRig, Person
from hw.rig.simulated import SimulatedRig
from hw.sim import wardrobe
from hw.sim.hands import SimulatedHands
from hw.sim.physics import good_unit
from hw.sim.unit import SimulatedUnit
from hw.station.app import build_station
from hw.station.desk import OnTheTable, StationDesk
from hw.station.files import Station
from provisioning.web.server import serve

WAIT_MS = 20_000
WAIT_S = 20.0
Violations = Callable[[Page], list[str]]
QUICK = Plan(name="functional", title=plans.PLANS["functional"].title, phases=(CLOCK, STORAGE, LAMPS_PHASE, HARDENING))


@pytest.fixture(autouse=True)
def _quick_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {"functional": QUICK}
    monkeypatch.setattr("hw.station.desk.PLANS", quick)
    monkeypatch.setattr("hw.station.app.PLANS", quick)


@contextmanager
def table(serial: str, tester: Person, *, by_hand: bool = False, dark: bool = False) -> Iterator[OnTheTable]:
    physics = good_unit(7)
    if dark:
        physics.lamp_lx["face"] = 0.0
    unit = SimulatedUnit(physics, serial=serial, board=serial)
    rig = HandRig(SimulatedHands(tester, unit)) if by_hand else SimulatedRig(unit)
    yield OnTheTable(unit, rig, wardrobe.card_box())


MakeDesk = Callable[..., StationDesk]


@pytest.fixture
def make_desk(tmp_path: Path, limits: Limits) -> MakeDesk:
    def make(*, patience_s: float = WAIT_S, **kind: bool) -> StationDesk:
        return StationDesk(
            Station(tmp_path), limits, lambda serial, tester: table(serial, tester, **kind), patience_s=patience_s
        )

    return make


def client_of(desk: StationDesk) -> TestClient:
    return TestClient(build_station(desk), base_url="http://127.0.0.1")


GOOD = {"serial": "u-17", "tester": "診療 太郎", "plan": "functional"}


def test_a_run_is_started_and_its_report_is_there(make_desk: MakeDesk) -> None:
    desk = make_desk()
    client = client_of(desk)
    assert client.post("/start", data=GOOD).status_code == 204
    desk.wait_until_idle(WAIT_S)
    shown = client.get("/state").json()
    assert shown["verdict"] == {"key": "pass", "ja": "合格", "en": "PASS"}
    assert [phase["verdict"]["key"] for phase in shown["phases"]] == ["pass"] * 4
    assert client.get("/state", params={"seen": shown["version"]}).status_code == 204
    page = client.get(shown["report"])
    assert "u-17" in page.text
    assert page.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"serial": "日本語"}, "QR"),
        ({"serial": ""}, "QR"),
        ({"serial": "x" * 65}, "QR"),
        ({"serial": "../up"}, "QR"),
        ({"tester": " "}, "tester's name"),
        ({"plan": "none"}, "no such plan"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_both_languages(
    make_desk: MakeDesk, wish: dict[str, str], said: str
) -> None:
    answer = client_of(make_desk()).post("/start", data=GOOD | wish)
    assert answer.status_code == 409
    assert said in answer.json()["en"]
    assert answer.json()["ja"]


def test_two_runs_at_once_are_refused(make_desk: MakeDesk) -> None:
    desk = make_desk(by_hand=True)
    client = client_of(desk)
    assert client.post("/start", data=GOOD).status_code == 204
    assert client.post("/start", data=GOOD).status_code == 409
    say_yes_to_all(desk)
    desk.wait_until_idle(WAIT_S)


def say_yes_to_all(desk: StationDesk) -> None:
    """Answer every question as it comes, until the run ends."""

    def answer() -> None:
        while (shown := desk.snapshot())["state"] == "running":
            if shown["prompt"] and shown["prompt"]["asks"]:
                desk.answer(shown["prompt"]["id"], Answer.YES)

    threading.Thread(target=answer).start()


def test_a_tester_who_walks_away_leaves_a_stopped_record(make_desk: MakeDesk) -> None:
    desk = make_desk(by_hand=True, patience_s=0.05)
    desk.start(**GOOD)
    desk.wait_until_idle(WAIT_S)
    shown = desk.snapshot()
    assert shown["verdict"]["key"] == "stopped"
    assert "nobody answered for 0.05 s" in shown["why"][0]
    [step] = [phase["next"] for phase in shown["phases"] if phase["verdict"] and phase["verdict"]["key"] == "stopped"]
    assert [phase["verdict"]["en"] for phase in shown["phases"]] == ["PASS", "PASS", "STOPPED", "not done"]
    assert NobodyAnswered.advice is not None
    assert step == {"ja": NobodyAnswered.advice.ja, "en": NobodyAnswered.advice.en}
    assert shown["prompt"] is None


def test_a_unit_that_cannot_be_opened_is_said_so_and_gives_no_verdict(tmp_path: Path, limits: Limits) -> None:
    @contextmanager
    def broken(_serial: str, _tester: Person) -> Iterator[OnTheTable]:
        raise Fault("no reader is there", part="reader", reason=Reason.READER_FAULT)
        yield

    desk = StationDesk(Station(tmp_path), limits, broken)
    desk.start(**GOOD)
    desk.wait_until_idle(WAIT_S)
    shown = desk.snapshot()
    assert (shown["verdict"], shown["trouble"]) == (None, "no reader is there")


@pytest.mark.parametrize("address", ["/start", "/answer"])
def test_another_sites_page_cannot_speak_for_the_tester(make_desk: MakeDesk, address: str) -> None:
    client = client_of(make_desk())
    assert client.post(address, data=GOOD, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get("/state").json()["state"] == "idle"


def test_another_name_for_this_machine_is_refused(make_desk: MakeDesk) -> None:
    client = TestClient(build_station(make_desk()), base_url="http://rebound.example")
    assert client.get("/").status_code == 400


@pytest.mark.parametrize("data", [{"id": "x", "answer": "yes"}, {"id": "1", "answer": "perhaps"}, {}])
def test_an_answer_that_is_none_is_refused(make_desk: MakeDesk, data: dict[str, str]) -> None:
    assert client_of(make_desk()).post("/answer", data=data).status_code == 400


@pytest.mark.parametrize("name", ["0" * 31, "../station.key.pem", "0" * 32])
def test_only_reports_are_given_out(make_desk: MakeDesk, name: str) -> None:
    assert client_of(make_desk()).get(f"/report/{name}").status_code == 404


# --- in a browser ---


@contextmanager
def opened(browser: Browser, desk: StationDesk) -> Iterator[Page]:
    troubles: list[str] = []
    with serve(build_station(desk), host="127.0.0.1", port=0, certificate=None, key=None) as port:
        context = browser.new_context(locale="ja-JP")
        context.route(
            "**/*",
            lambda route: route.continue_() if f":{port}/" in route.request.url else troubles.append(route.request.url),
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/")
        yield page
        context.close()
    assert troubles == []


def test_a_scan_starts_the_run_and_the_verdict_is_big(
    browser: Browser, make_desk: MakeDesk, violations: Violations
) -> None:
    with opened(browser, make_desk()) as page:
        assert violations(page) == []
        page.get_by_label("担当者").fill("診療 太郎")
        page.get_by_label("端末のQRコード").focus()
        page.keyboard.type("u-17")  # a scanner types what it reads,
        page.keyboard.press("Enter")  # and ends with Enter
        expect(page.locator("#verdict")).to_have_text("合格 PASS", timeout=WAIT_MS)
        size = page.locator("#verdict").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
        assert size >= 40
        expect(page.locator("#plots svg").first).to_be_visible()
        expect(page.locator("#steps")).to_contain_text("次の端末のQRコード")
        expect(page.get_by_label("端末のQRコード")).to_be_focused()
        assert violations(page) == []
        page.get_by_role("link", name="報告書").click()
        expect(page.locator("h1")).to_contain_text("u-17")
        assert violations(page) == []


def test_a_failure_says_what_to_do_next_and_a_hand_answers_by_keyboard(
    browser: Browser, make_desk: MakeDesk, violations: Violations
) -> None:
    with opened(browser, make_desk(by_hand=True)) as page:
        page.get_by_label("担当者").fill("診療 太郎")
        page.get_by_label("端末のQRコード").fill("u-18")
        page.keyboard.press("Enter")
        expect(page.locator("#asked-ja")).to_contain_text("ランプ", timeout=WAIT_MS)
        assert violations(page) == []
        for lamp in range(5):
            expect(page.locator("#asked-en")).to_contain_text("lamp")
            asked = page.locator("#asked-en").inner_text()
            page.get_by_role("button", name="いいえ" if lamp == 2 else "はい").press("Enter")
            expect(page.locator("#asked-en")).not_to_have_text(asked) if lamp < 4 else None
        expect(page.locator("#verdict")).to_have_text("不合格 FAIL", timeout=WAIT_MS)
        expect(page.locator("#steps")).to_contain_text("ランプの配線")
        expect(page.locator("#phases .why[lang=ja]")).to_contain_text("許容 ≤ 0")
        expect(page.locator("#phases .why[lang=en]")).to_contain_text("allowed is ≤ 0")
        assert violations(page) == []
