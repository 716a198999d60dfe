from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from clinic.screen.disaster_pages import half_width
from device.domain.reasons import Reason

Reception = Any
"""Made in conftest."""

Browse = Callable[..., TestClient]
TYPED = {"insurer_number": "06130012", "symbol": "１２", "number": "3456", "branch": "", "birthdate": "1974-04-02"}


def submit(client: TestClient, path: str, **fields: str) -> httpx2.Response:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/me").text)
    assert found is not None
    return client.post(path, data={"csrf": found[1], **fields})


def words(page: httpx2.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("しんりょう たろう", "ｼﾝﾘｮｳ ﾀﾛｳ"),
        ("シンリョウ　タロウ", "ｼﾝﾘｮｳ ﾀﾛｳ"),
        ("ｼﾝﾘｮｳ ﾀﾛｳ", "ｼﾝﾘｮｳ ﾀﾛｳ"),
        ("がぎぱ ヴァー", "ｶﾞｷﾞﾊﾟ ｳﾞｧｰ"),
        ("ｓｍｉｔｈ John", "SMITH JOHN"),
    ],
)
def test_names_are_asked_for_in_the_official_width_however_they_are_typed(typed: str, official: str) -> None:
    assert half_width(typed) == official


def test_a_visit_without_an_answer_is_looked_up_by_a_documents_numbers(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None)
    client = browse("hanako")
    assert "書類の番号で照会する" in words(client.get("/arrivals"))
    assert submit(client, f"/arrivals/{visit}/look-up", **TYPED).url.path == "/arrivals"
    [asked] = reception.asked()
    assert json.loads(asked)["birthdate"] == "19740402"
    assert ("hanako", "looked up by document") in reception.log()
    assert "06130012" not in str(reception.log())


def test_a_slip_is_named_and_not_repeated(reception: Reception, browse: Browse) -> None:
    visit = reception.arrive(Reason.SERVICE_UNREACHABLE, validity=None)
    client = browse("hanako")
    answer = submit(client, f"/arrivals/{visit}/look-up", **{**TYPED, "insurer_number": "hunter2"})
    assert answer.status_code == 422
    assert "入力を確かめてください: 保険者番号" in answer.text
    assert "hunter2" not in answer.text
    assert submit(client, f"/arrivals/{'0' * 32}/look-up", **TYPED).status_code == 404
    assert reception.asked() == []


def test_the_disaster_mode_is_switched_on_with_a_reason_shown_to_all_and_ends_by_itself(
    reception: Reception, browse: Browse
) -> None:
    client = browse("hanako")
    too_long = submit(client, "/disaster/begin", reason="地震のため", hours="1000")
    assert (too_long.status_code, "入力を確かめてください: 続ける時間" in words(too_long)) == (422, True)
    without_reason = submit(client, "/disaster/begin", reason="", hours="6")
    assert (without_reason.status_code, "入力を確かめてください: 開始する理由" in words(without_reason)) == (422, True)
    submit(client, "/disaster/begin", reason="地震のため", hours="6")
    assert "災害時モードです" in words(client.get("/arrivals"))
    assert "hanakoが開始: 地震のため" in words(client.get("/arrivals/rows"))
    reception.pass_time(hours=6)
    later = browse("hanako")
    assert "災害時モードです" not in words(later.get("/arrivals"))
    assert "hanako: 地震のため" in words(later.get("/disaster"))
    assert [what for _, what in reception.log() if "disaster" in what] == ["disaster mode on: 6 h"]


def test_somebody_without_a_card_is_looked_up_by_kana_and_birth_date_in_a_disaster_only(
    reception: Reception, browse: Browse
) -> None:
    client = browse("hanako")
    person = {"kana": "ひなん のぞみ", "birthdate": "1955-11-03", "consent": "nobody"}
    assert submit(client, "/disaster/look-up", **person).status_code == 422
    submit(client, "/disaster/begin", reason="地震のため", hours="6")
    assert submit(client, "/disaster/look-up", **{**person, "consent": "maybe"}).status_code == 422
    assert submit(client, "/disaster/look-up", **{**person, "birthdate": "soon"}).status_code == 422
    arrivals = submit(client, "/disaster/look-up", **person)
    assert arrivals.url.path == "/arrivals"
    assert "目視: hanako (救急)" in words(arrivals)
    assert json.loads(reception.asked()[0])["kana"] == "ﾋﾅﾝ ﾉｿﾞﾐ"
    submit(client, "/disaster/look-up", **TYPED, consent="yes")
    assert sorted(json.loads(asked).get("insurer_number", "") for asked in reception.asked()) == ["", "06130012"]


def test_switching_it_off_is_noted(reception: Reception, browse: Browse) -> None:
    client = browse("hanako")
    submit(client, "/disaster/end")
    submit(client, "/disaster/begin", reason="地震のため", hours="6")
    submit(client, "/disaster/end")
    assert "災害時モードではありません" in words(client.get("/disaster"))
    assert [what for _, what in reception.log() if "disaster" in what] == [
        "disaster mode on: 6 h",
        "disaster mode off",
    ]
