from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pyotp
import pytest
from starlette.testclient import TestClient

from clinic.health import Trouble
from clinic.screen.accounts import Role
from device.domain.reasons import Reason

Reception = Any
"""Made in conftest."""

Browse = Callable[..., TestClient]
HOST = "http://127.0.0.1"
PASSWORD = "correct horse battery"
NAME, KANA = "診療 太郎", "シンリョウ タロウ"


def csrf(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found is not None
    return found[1]


def submit(client: TestClient, path: str, **fields: str) -> httpx2.Response:
    return client.post(path, data={"csrf": csrf(client.get("/me")), **fields})


def words(page: httpx2.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def test_the_desk_sees_who_came_what_holds_and_what_to_do(reception: Reception, browse: Browse) -> None:
    reception.arrive()
    reception.arrive(Reason.QUALIFICATION_ENDED, validity="2", NameKana="ｼｶｸ ｼﾞﾛｳ")
    reception.hear("sim-unit-1", "ready")
    reception.health.note("clinic-gateway", Trouble.SERVICE_DOWN, "no answer", reception.now)
    client = browse("hanako")
    submit(client, "/privacy")
    page = words(client.get("/arrivals"))
    for said in (
        KANA, "有効", "暗証番号", "負担割合 3割", "残り24時間", "受付 12:00",
        "シカク ジロウ", "無効", "資格確認書", "カードの置き直しや作り直し",
        "使えます", "オンライン資格確認につながりません", "対応待ち (2)",
    ):  # fmt: skip
        assert said in page


def test_the_page_is_there_in_english_as_well(reception: Reception, browse: Browse) -> None:
    reception.arrive()
    client = browse("hanako")
    submit(client, "/language")
    page = client.get("/arrivals")
    assert '<html lang="en">' in page.text
    for said in ("Valid", "Verified by PIN", "What to do", "Waiting (1)"):
        assert said in words(page)


def test_names_are_hidden_until_they_are_touched_and_touching_is_noted(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive()
    client = browse("hanako")
    for path in ("/arrivals", "/arrivals/rows", f"/days/{reception.desk.today(reception.now)}"):
        page = client.get(path).text
        assert NAME not in page
        assert KANA not in page
        assert "1974" not in page
        assert "06130012" not in page
    shown = client.post(
        f"/arrivals/{visit}/name", data={"csrf": csrf(client.get("/arrivals"))}, headers={"x-part": "rows"}
    )
    assert shown.text == KANA
    assert ("hanako", "name") in reception.log()
    assert KANA in words(submit(client, f"/arrivals/{visit}/name"))  # and without script as a page


def test_nothing_personal_is_in_addresses_titles_or_the_log(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive()
    client = browse("hanako")
    submit(client, "/privacy")
    found = submit(client, "/search", words="ｼﾝﾘｮｳ 1974")
    assert KANA in words(found)
    assert (found.url.path, found.url.query) == ("/search", b"")
    for page in (found, client.get("/arrivals"), client.get("/today"), submit(client, f"/arrivals/{visit}/name")):
        title = re.search(r"<title>(.*?)</title>", page.text)
        assert title is not None
        addresses = re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
        for text in (title[1], *addresses):
            assert not re.search("診療|シンリョウ|ｼﾝﾘｮｳ|1974", text)
    assert not re.search("診療|シンリョウ|ｼﾝﾘｮｳ|1974", str(reception.log()))


def test_who_is_not_found_is_said_so(reception: Reception, browse: Browse) -> None:
    reception.arrive()
    assert "見つかりませんでした" in words(submit(browse("hanako"), "/search", words="ｶﾄｳ"))


def test_what_was_dealt_with_moves_down_and_fades_by_policy(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive()
    client = browse("hanako", screen=reception.screen(fade_after=timedelta(minutes=10)))
    submit(client, f"/arrivals/{visit}/attend")
    page = words(client.get("/arrivals"))
    assert "対応待ち (0)" in page
    assert "対応済み (1)" in page
    assert "hanakoが12:00に対応" in page
    reception.pass_time(minutes=10)
    assert "対応済み (0)" in words(client.get("/arrivals"))
    assert "hanakoが12:00に対応" in words(client.get("/today"))
    submit(client, f"/arrivals/{visit}/put-back")
    assert "対応待ち (1)" in words(client.get("/arrivals"))
    assert [what for _, what in reception.log() if what in {"attend", "put back"}] == ["attend", "put back"]


def test_a_late_answer_is_shown_and_accepted_with_one_touch(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None)
    client = browse("hanako")
    assert "仮受付" in words(client.get("/arrivals"))
    reception.answer_late(visit)
    page = words(client.get("/arrivals"))
    assert "後着" in page
    assert "あとから回答が届きました: 有効" in page
    accepted = words(submit(client, f"/arrivals/{visit}/accept"))
    assert "hanakoが12:00に反映" in accepted
    assert client.post(f"/arrivals/{visit}/accept", data={"csrf": csrf(client.get("/me"))}).status_code == 404


def test_the_list_of_a_day_prints_and_is_a_file(reception: Reception, browse: Browse) -> None:
    reception.arrive(NameKana="=HYPERLINK")
    client = browse("hanako")
    day = reception.desk.today(reception.now)
    listed = client.get("/today")
    assert listed.url.path == f"/days/{day}"
    assert "data-print" in listed.text
    csv = client.get(f"/days/{day}.csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.splitlines()[1].startswith(
        "1,2026-11-20 12:00:00,'=HYPERLINK,診療 太郎,19740402,valid,pin_signature"
    )
    assert "この日の受付はありません" in words(client.get(f"/days/{day - timedelta(days=1)}"))
    for nowhere in ("2026-13-01", "tomorrow", str(day + timedelta(days=1)), "0001-01-01"):
        assert client.get(f"/days/{nowhere}").status_code == 404


def test_nobody_sees_anything_without_signing_in(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive()
    client = browse()
    for path in ("/arrivals", "/today", "/me", "/accounts", "/log", f"/days/{reception.desk.today(reception.now)}.csv"):
        assert client.get(path).url.path == "/sign-in"
    assert client.get("/arrivals/rows", headers={"x-part": "rows"}).status_code == 401
    assert client.get("/events").status_code == 401
    for deed in ("attend", "put-back", "accept", "name"):
        assert client.post(f"/arrivals/{visit}/{deed}").url.path == "/sign-in"
    assert "対応待ち (1)" in words(browse("hanako").get("/arrivals"))


def test_the_desk_has_no_business_with_accounts(browse: Browse) -> None:
    client = browse("hanako")
    token = csrf(client.get("/me"))
    for path in ("/accounts", "/log"):
        assert client.get(path).status_code == 403
    new = {"csrf": token, "name": "taro", "role": "admin", "password": PASSWORD}
    assert client.post("/accounts", data=new).status_code == 403
    assert client.post("/accounts/hanako/password", data=new).status_code == 403


@pytest.mark.parametrize(
    ("origin", "token"),
    [
        ("https://elsewhere.example", "right"),
        ("null", "right"),
        ("http://127.0.0.1:8080", "right"),
        ("http://127.0.0.1", "missing"),
    ],
)
def test_a_form_of_another_page_does_nothing(reception: Reception, browse: Browse, origin: str, token: str) -> None:
    visit = reception.arrive()
    client = browse("hanako")
    data = {"csrf": csrf(client.get("/me"))} if token == "right" else {}
    assert client.post(f"/arrivals/{visit}/attend", data=data, headers={"origin": origin}).status_code == 403
    assert "対応待ち (1)" in words(client.get("/arrivals"))


def test_another_host_name_is_turned_away(reception: Reception) -> None:
    with TestClient(reception.screen().app, base_url="http://elsewhere.example") as client:
        assert client.get("/sign-in").status_code == 400


def test_every_answer_tells_the_browser_what_it_may_do(browse: Browse) -> None:
    client = browse("hanako")
    for path in ("/arrivals", "/arrivals/rows", "/nowhere", "/me"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_lines(reception: Reception, browse: Browse) -> None:
    reception.accounts.create("hanako", Role.DESK, PASSWORD)
    client = browse(screen=reception.screen(secure=True))
    answer = client.post("/sign-in", data={"name": "hanako", "password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_new_session_begins_with_each_sign_in(browse: Browse) -> None:
    client = browse("hanako")
    before = client.cookies["session"]
    client.post("/sign-in", data={"name": "hanako", "password": PASSWORD, "csrf": csrf(client.get("/me"))})
    after = client.cookies["session"]
    assert after != before
    client.cookies.clear()
    client.cookies.set("session", before)
    assert client.get("/arrivals").url.path == "/sign-in"


def test_signing_out_ends_it(browse: Browse) -> None:
    client = browse("hanako")
    token = client.cookies["session"]
    submit(client, "/sign-out")
    client.cookies.clear()
    client.cookies.set("session", token)
    assert client.get("/arrivals").url.path == "/sign-in"


def test_a_refused_sign_in_says_no_more_than_it_must_and_is_noted(reception: Reception, browse: Browse) -> None:
    reception.accounts.create("hanako", Role.DESK, PASSWORD)
    client = browse()
    answers = [client.post("/sign-in", data={"name": name, "password": "wrong"}) for name in ("hanako", PASSWORD)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert len({answer.text.replace(PASSWORD, "hanako") for answer in answers}) == 1
    # What was typed as a name may be a password: it is in no log.
    assert reception.log() == [("hanako", "sign-in refused: wrong"), ("?", "sign-in refused: wrong")]


def test_the_first_administrator_comes_by_a_link_that_is_good_once(reception: Reception, browse: Browse) -> None:
    screen = reception.screen()
    assert screen.first_run is not None
    client = browse(screen=screen)
    assert client.get("/first-run/guessed").status_code == 410
    token = screen.first_run.rsplit("/", 1)[1]
    fields = {"token": token, "name": "hanako", "password": "short"}
    assert client.post("/first-run", data=fields).status_code == 422
    assert client.post("/first-run", data={**fields, "password": PASSWORD}).url.path == "/arrivals"
    assert client.get("/accounts").status_code == 200
    assert (
        browse(screen=screen).post("/first-run", data={**fields, "name": "taro", "password": PASSWORD}).status_code
        == 410
    )
    assert reception.screen().first_run is None


def test_an_administrator_makes_stops_and_helps_accounts(browse: Browse) -> None:
    admin = browse("admin", Role.ADMIN)
    submit(admin, "/accounts", name="taro", role="desk", password=PASSWORD)
    taro = browse("taro")
    submit(admin, "/accounts/taro/enable", enabled="")
    assert taro.get("/arrivals").url.path == "/sign-in"
    submit(admin, "/accounts/taro/enable", enabled="yes")
    submit(admin, "/accounts/taro/password", password="another long password")
    assert taro.post("/sign-in", data={"name": "taro", "password": PASSWORD}).status_code == 401
    assert taro.post("/sign-in", data={"name": "taro", "password": "another long password"}).url.path == "/arrivals"
    assert submit(admin, "/accounts", name="taro", role="desk", password=PASSWORD).status_code == 422
    assert submit(admin, "/accounts", name="jiro", role="king", password=PASSWORD).status_code == 422
    refused = submit(admin, "/accounts/admin/enable", enabled="")
    assert "最後の管理者なので外せません" in refused.text


def test_the_log_tells_what_was_done_in_the_readers_language(browse: Browse) -> None:
    admin = browse("admin", Role.ADMIN)
    admin.get("/arrivals")
    submit(admin, "/accounts", name="taro", role="desk", password=PASSWORD)
    page = admin.get("/log").text
    assert "<td>受付状況を表示</td>" in page
    assert "<td>利用者を追加: desk</td>" in page
    submit(admin, "/language")
    assert "<td>account made: desk</td>" in admin.get("/log").text


def test_what_is_not_right_is_said_in_the_readers_language(browse: Browse) -> None:
    admin = browse("admin", Role.ADMIN)
    easy = {"name": "taro", "role": "desk", "password": "aaaaaaaaaaaa"}
    assert "推測されやすいパスワードです" in submit(admin, "/accounts", **easy).text
    submit(admin, "/language")
    assert "is too easy to guess" in submit(admin, "/accounts", **easy).text


def test_a_page_that_is_not_there_is_a_page_all_the_same(browse: Browse) -> None:
    nowhere = browse("hanako").get("/nowhere")
    assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "このページはありません" in nowhere.text
    assert 'href="/arrivals"' in nowhere.text


def test_a_second_factor_is_set_up_with_a_code_and_asked_for(reception: Reception, browse: Browse) -> None:
    client = browse("hanako")
    page = client.get("/me")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)
    assert secret is not None
    fields = {"csrf": csrf(page), "secret": secret[1]}
    assert client.post("/me/second-factor", data={**fields, "code": "000000"}).status_code == 422
    assert client.post("/me/second-factor", data={**fields, "secret": "1", "code": "000000"}).status_code == 422
    code = pyotp.TOTP(secret[1]).at(reception.now)
    assert "使っています" in words(client.post("/me/second-factor", data={**fields, "code": code}))
    other = browse()
    assert "確認コードも" in words(other.post("/sign-in", data={"name": "hanako", "password": PASSWORD}))
    signed_in = other.post("/sign-in", data={"name": "hanako", "password": PASSWORD, "code": code})
    assert signed_in.url.path == "/arrivals"
    assert submit(client, "/me/second-factor/stop", old="wrong password").status_code == 422
    assert "使っていません" in words(submit(client, "/me/second-factor/stop", old=PASSWORD))


def test_one_changes_ones_own_password_with_the_old_one(browse: Browse) -> None:
    client = browse("hanako")
    assert submit(client, "/me/password", old="wrong", password="a new and longer one").status_code == 422
    assert submit(client, "/me/password", old=PASSWORD, password="short").status_code == 422
    assert submit(client, "/me/password", old=PASSWORD, password="a new and longer one").url.path == "/sign-in"
    assert client.post("/sign-in", data={"name": "hanako", "password": "a new and longer one"}).url.path == "/arrivals"


def test_an_altered_log_is_shown_as_such(reception: Reception, browse: Browse) -> None:
    admin = browse("admin", Role.ADMIN)
    assert "すべて書かれたままです" in words(admin.get("/log"))
    with reception.database.change() as rows:
        rows.execute("UPDATE access SET who = 'taro' WHERE number = 1")
    assert "書き換えられています: entry 1" in words(admin.get("/log"))
    assert admin.get("/log?before=nonsense").status_code == 200


def test_more_than_a_form_holds_is_not_read(browse: Browse) -> None:
    client = browse("hanako")
    assert client.post("/search", data={"words": "x" * 20_000}).status_code == 413
    many = {f"field-{number}": "x" for number in range(50)}
    assert client.post("/search", data=many).status_code == 400


def test_a_visit_that_is_gone_is_said_so(browse: Browse) -> None:
    client = browse("hanako")
    for deed in ("attend", "put-back", "accept", "name"):
        answer = submit(client, f"/arrivals/{'0' * 32}/{deed}")
        assert answer.status_code == 404
        assert "この受付はもうありません" in words(answer)


def test_what_came_over_the_line_is_text_on_the_page(reception: Reception, browse: Browse) -> None:
    reception.arrive(NameKana="<script>alert(1)</script>", Name='"><img src=x>')
    client = browse("hanako")
    submit(client, "/privacy")
    page = client.get("/arrivals").text
    assert "<script>alert" not in page
    assert "<img" not in page
