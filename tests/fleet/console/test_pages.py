"""What the console's pages show and do, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx2
import msgspec
import pytest
from starlette.testclient import TestClient

from device.domain.reasons import Reason
from device.domain.updates import Kind
from device.wire.codec import encode
from device.wire.fleet import Health
from device.wire.texts import LANGUAGES
from provisioning.console.faces import LETTERS, Face
from provisioning.console.plots import bars, plot
from provisioning.console.views import PACKAGE
from provisioning.fleet.deeds import AddPerson, Quarantine, SetLayer, StartRollout
from provisioning.fleet.roles import Role
from provisioning.fleet.store.jobs import NewJob
from provisioning.fleet.store.states import JobState, UnitState
from provisioning.fleet.store.units import Heard
from provisioning.rollouts.desk import UPDATE_JOB, find, updates_of
from provisioning.rollouts.machine import Gate, Progress, RolloutState, Stop
from provisioning.rollouts.plan import RolloutPlan
from provisioning.web.words import Words

Office = Any
"""Made in conftest."""
Browse = Callable[..., TestClient]
Submit = Callable[..., Any]


def words(page: httpx2.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None
    return found[1]


def test_the_map_says_of_every_unit_where_it_is_and_how(office: Office, browse: Browse) -> None:
    office.add_units(2, site="clinic-10")
    office.add_units(1, site="clinic-2", online=False)
    office.counter().ask(Quarantine(unit="sim-u0001", why="odd"))
    client = browse(office, Role.VIEWER)
    page = client.get("/units")
    assert 'aria-label="SN-0001: 隔離中"' in page.text
    assert 'aria-label="SN-0002: 正常"' in page.text
    assert 'aria-label="SN-0003: つながらない"' in page.text
    assert page.text.index("clinic-2<") < page.text.index("clinic-10<")
    assert words(client.get("/units?face=offline")).count("SN-0003") == 1
    assert "SN-0002" not in client.get("/units?words=sn-0001").text


def test_every_face_has_a_letter_of_its_own_and_words_in_both_languages() -> None:
    said = Words(PACKAGE)
    assert len(set(LETTERS.values())) == len(Face)
    for language in LANGUAGES:
        assert len({said.say(f"face_{face}", language) for face in Face}) == len(Face)


@pytest.mark.parametrize("kind", ["state", "job", "rollout", "kind"])
def test_every_state_has_words(kind: str) -> None:
    said = Words(PACKAGE)
    names = {
        "state": [state.value for state in UnitState],
        "job": [state.value for state in JobState],
        "rollout": ["running", "paused", "rolling_back", "succeeded", "aborted", "rolled_back"],
        "kind": [
            "revoke", "decommission", "quarantine", "release", "twin", "rollout", "import", "claim", "account",
        ],
    }[kind]  # fmt: skip
    for name in names:
        assert said.say(f"{kind}_{name}", "en")


def test_the_page_of_a_unit_tells_its_life_its_health_and_its_settings(office: Office, browse: Browse) -> None:
    office.add_units(1)
    office.counter().ask(
        SetLayer(scope="unit/sim-u0001", settings={"voice": {"volume": 40}}, expected=0, why="small room")
    )
    health = Health(
        birth_id="birth-0001",
        hardware="0" * 64,
        version="0.1.0",
        uptime_s=7200,
        troubles=[Reason.CAMERA_FAULT],
        twin_version=0,
        certificate_until=office.now,
        temperature_c=51.5,
        parts={"board": "Raspberry Pi 5"},
    )
    with office.fleet.store.begin(office.now) as work:
        told = encode(health).decode()
        work.units.hear(
            [Heard(unit="sim-u0001", online=True, birth_id="b2", births="b1", firmware="0.1.0", health=told)]
        )
    office.counter().ask(Quarantine(unit="sim-u0001", why="odd results"))
    page = words(browse(office, Role.VIEWER).get("/units/sim-u0001"))
    for said in (
        "隔離中", "odd results", "cli:taro", "voice.volume", "40", "51.5 °C", "2時間", "Raspberry Pi 5", "camera_fault",
        "新しい設定", "第0版のまま、第2版のはず",
    ):  # fmt: skip
        assert said in page
    assert "失効・廃止" not in page


def test_a_unit_is_found_by_its_serial_number_and_a_stranger_is_not(office: Office, browse: Browse) -> None:
    office.add_units(1)
    client = browse(office, Role.VIEWER)
    assert client.get("/units/SN-0001").url.path == "/units/sim-u0001"
    assert client.get("/units/nobody").status_code == 404
    assert client.get("/rollouts/nobody").status_code == 404


def test_a_deed_needs_a_reason_a_role_and_stands_in_the_audit(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    viewer, admin = browse(office, Role.VIEWER, "jiro"), browse(office, Role.ADMIN)
    refused = submit(viewer, "/units/sim-u0001", deed="quarantine", why="odd")
    assert (refused.status_code, "あなたの役割では" in refused.text) == (403, True)
    assert submit(admin, "/units/sim-u0001", deed="quarantine", why=" ").status_code == 422
    assert submit(admin, "/units/sim-u0001", deed="quarantine", why="odd").status_code == 200
    assert ("web:hanako", "unit.quarantined") in office.audit("sim-u0001")
    said = submit(admin, "/units/sim-u0001", deed="release", why="well").text
    assert "設定が違う" in said, "it has not been heard yet with the settings of a unit that serves"
    again = submit(admin, "/units/sim-u0001", deed="release", why="again").text
    assert "その状態にできません" in again
    assert "cannot become" not in again


def test_settings_are_shown_as_differences_before_they_are_sent(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(3)
    client = browse(office, Role.OPERATOR)
    typed = {"scope": "profile/desk", "expected": "0", "why": "open plan", "key-0": "voice.volume", "value-0": "60"}
    shown = submit(client, "/settings/preview", **typed)
    assert "− (なし) + 60 3" in words(shown)
    with office.fleet.store.look(office.now) as work:
        assert work.profiles.get("profile/desk").version == 0
    settings = unescape(one(r'name="settings" value="([^"]*)"', shown.text))
    sent = {"scope": "profile/desk", "expected": "0", "why": "open plan", "settings": settings}
    assert submit(client, "/settings/send", **sent).url.path == "/settings"
    with office.fleet.store.look(office.now) as work:
        layer = work.profiles.get("profile/desk")
    assert (layer.settings, layer.made_by) == ({"voice": {"volume": 60}}, "web:hanako")
    again = submit(client, "/settings/send", **sent)
    assert (again.status_code, "その間にweb:hanakoが変更しました" in again.text) == (409, True)
    assert submit(client, "/settings/preview", **typed).status_code == 409


def test_whoever_thinks_again_finds_what_was_typed(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    client = browse(office, Role.OPERATOR)
    typed = {"scope": "profile/desk", "why": "open plan", "settings": '{"voice":{"volume":60}}'}
    editor = submit(client, "/settings/edit", **typed)
    assert one(r'name="key-0"[^>]* value="([^"]*)"', editor.text) == "voice.volume"
    assert one(r'name="value-0"[^>]* value="([^"]*)"', editor.text) == "60"
    assert one(r'name="why"[^>]* value="([^"]*)"', editor.text) == "open plan"
    assert submit(client, "/settings/edit", scope="profile/desk", settings="{").url.path == "/settings/edit"


def test_an_option_that_stands_twice_is_refused_at_both_places(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    fields = {"key-0": "voice.volume", "value-0": "60", "key-1": "voice.volume", "value-1": "70"}
    page = submit(browse(office, Role.OPERATOR), "/settings/preview", scope="fleet", expected="0", why="w", **fields)
    assert page.status_code == 422
    assert re.findall(r'id="problem-(\d)">voice.volume: 二度書かれています。<', page.text) == ["0", "1"]


def test_what_is_wrong_with_a_setting_stands_beside_its_field(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    fields = {"key-0": "voice.volum", "value-0": "6", "key-1": "voice.volume", "value-1": '"loud"', "key-2": "x"}
    page = submit(browse(office, Role.OPERATOR), "/settings/preview", scope="fleet", expected="0", why="w", **fields)
    assert page.status_code == 422
    beside = dict(re.findall(r'id="problem-(\d)">([^<]*)<', page.text))
    assert "Did you mean" in unescape(beside["0"])
    assert "&#34;voice.volum&#34;" not in beside["1"]
    assert "voice.volume" in beside["1"]


def test_a_list_is_looked_at_row_by_row_before_anything_comes_in(
    office: Office, browse: Browse, submit: Submit
) -> None:
    client = browse(office, Role.ADMIN)
    bad = submit(client, "/import", list="serial,site\nA-1,clinic 1\nA-1,clinic-1\n")
    assert bad.status_code == 422
    assert "2 site" in words(bad)
    good = "serial,site\r\nA-1,clinic-1\r\nA-2,clinic-1\r\n"
    assert "2台を取り込む" in submit(client, "/import", list=good).text
    with office.fleet.store.look(office.now) as work:
        assert work.units.listed() == []
    assert submit(client, "/import", list=good, really="yes").url.path == "/units"
    assert ("web:hanako", "import") in office.audit()
    sheet = submit(client, "/labels", units="")
    assert sheet.content.startswith(b"%PDF")
    assert ("web:hanako", "labels.drawn") in office.audit()
    operator = browse(office, Role.OPERATOR, "jiro")
    assert submit(operator, "/import", list="serial\nA-3\n", really="yes").status_code == 403
    assert submit(operator, "/labels", units="").status_code == 403


def test_a_list_comes_as_a_file_as_well_and_one_too_long_is_refused(office: Office, browse: Browse) -> None:
    client = browse(office, Role.ADMIN)
    token = one(r'name="csrf" value="([0-9a-f]+)"', client.get("/import").text)
    files = {"file": ("units.csv", b"\xef\xbb\xbfserial\nA-1\n", "text/csv")}
    assert "1台を取り込む" in client.post("/import", data={"csrf": token}, files=files).text
    assert client.post("/import", data={"csrf": token, "list": "x" * 1_100_000}).status_code == 413


def test_a_rollout_is_started_watched_and_held_at_the_page(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(4)
    client = browse(office, Role.OPERATOR)
    plan = {"part": "voice", "version": "1.1", "success": "90", "errors": "10", "soak_s": "60", "job_s": "3600"}
    plan |= {"window": "", "on_error": "pause", "why": "louder"}
    wrong = submit(client, "/rollouts", **plan, waves="5%")
    assert (wrong.status_code, "最後の段階は100%にしてください" in wrong.text) == (422, True)
    started = submit(client, "/rollouts", **plan, waves="1, 100%")
    assert "第2段 3台" in words(started)
    assert "<polyline" in started.text
    path = started.url.path
    assert "一時停止" in words(submit(client, path, change="pause", why="wait"))
    assert "一時停止できません" in submit(client, path, change="pause", why="again").text
    viewer = browse(office, Role.VIEWER, "jiro")
    assert submit(viewer, path, change="abort", why="no").status_code == 403
    assert viewer.get(f"{path}/rows").status_code == 200


def test_what_stopped_a_rollout_is_said_in_the_readers_language(office: Office, browse: Browse) -> None:
    office.add_units(4)
    plan = RolloutPlan(part=Kind.VOICE, version="1.1", waves=("100%",))
    name = office.counter().ask(StartRollout(plan=plan, why="louder")).result.name
    stop = Stop(gate=Gate.TOO_FEW_GOOD, wave=1, units=2, of=4)
    progress = Progress(state=RolloutState.ROLLED_BACK, wave=1, stop=stop, left=1)
    with office.fleet.store.begin(office.now) as work:
        work.jobs.change_rollout(name, progress=msgspec.to_builtins(progress), why=progress.told("en"))

    client = browse(office, Role.VIEWER)
    page = client.get(f"/rollouts/{name}/rows").text
    assert "第1段: 4台のうち2台しか良好ではありません。 1台は元に戻りませんでした。" in page
    assert "units are good" not in page
    assert "4台のうち2台しか" in client.get("/rollouts").text


def test_the_drawing_of_a_rollout_counts_what_came_of_it(office: Office) -> None:
    office.add_units(4)
    plan = RolloutPlan(part=Kind.VOICE, version="1.1", waves=("100%",))
    found = office.counter().ask(StartRollout(plan=plan, why="louder")).result
    order = {"action": "take", "part": "voice", "version": "1.1"}
    ends = [JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.ROLLED_BACK, JobState.RUNNING]
    with office.fleet.store.begin(office.now) as work:
        jobs = work.jobs.add(
            NewJob(kind=UPDATE_JOB, unit=f"sim-u000{number}", rollout=found.name, wave=1, order=order)
            for number in range(1, 5)
        )
    for job, end in zip(jobs, ends, strict=True):
        office.pass_time(seconds=10)
        with office.fleet.store.begin(office.now) as work:
            work.jobs.settle(job, end)
    with office.fleet.store.look(office.now) as work:
        seen, updates = find(work, found.name), updates_of(work, found.name)
        [bar] = bars(seen.waves, None)
        drawn = plot(updates, units=4, began=work.jobs.rollout(found.name).made_at, now=office.now)
    assert (bar.good, bar.unwell, bar.failed) == (50.0, 0.0, 25.0)
    assert {curve.name: curve.last for curve in drawn.curves} == {"took": 2, "failed": 1}
    took = drawn.curves[0].points.split()
    assert (took[0], took[-1]) == ("0.0,180.0", "640.0,90.0")
    assert drawn.waves == ((1, 0.0),)


def test_a_second_person_agrees_at_the_page(open_office: Callable[..., Office], browse: Browse, submit: Submit) -> None:
    office = open_office(two_people=["quarantine", "account"])
    office.add_units(1)
    hanako, taro = browse(office, Role.ADMIN, "hanako"), browse(office, Role.ADMIN, "taro")
    asked = submit(hanako, "/units/sim-u0001", deed="quarantine", why="odd")
    assert asked.url.path == "/approvals"
    [request] = office.counter().requests()
    assert f"/approvals/{request.name}/approve" not in asked.text
    assert "second person" in submit(hanako, f"/approvals/{request.name}/approve").text
    assert f"/approvals/{request.name}/approve" in taro.get("/approvals").text
    assert "実行済み" in submit(taro, f"/approvals/{request.name}/approve").text
    assert ("web:hanako+web:taro", "unit.quarantined") in office.audit("sim-u0001")
    office.counter("hanako", way="web").ask(AddPerson(person="jiro", role=Role.VIEWER))
    [request] = office.counter().requests()
    assert "/welcome/" in submit(taro, f"/approvals/{request.name}/approve").text


def test_administrators_make_and_end_accounts_and_nobody_else_sees_them(
    office: Office, browse: Browse, submit: Submit
) -> None:
    client = browse(office, Role.ADMIN)
    made = submit(client, "/accounts", name="jiro", role="operator")
    link = one(r"/welcome/([0-9a-f]{64})", made.text)
    other = browse(office)
    entered = other.post("/welcome", data={"token": link, "password": "correct horse battery"})
    assert entered.url.path == "/units"
    assert other.get("/accounts").status_code == 403
    assert submit(client, "/accounts/jiro", change="role", role="viewer").status_code == 200
    assert other.get("/units").url.path == "/sign-in"
    submit(client, "/accounts/jiro", change="remove")
    assert not office.accounts.known("jiro")
    assert "最後の管理者なので外せません" in submit(client, "/accounts/hanako", change="remove").text


def test_the_audit_says_whether_it_was_altered(office: Office, browse: Browse) -> None:
    office.add_units(1)
    office.counter().ask(Quarantine(unit="sim-u0001", why="odd"))
    client = browse(office, Role.VIEWER)
    assert "鎖はつながっています" in client.get("/audit").text
    assert "隔離" in words(client.get("/audit?subject=sim-u0001"))
    office.forge_audit()
    assert "was altered" in client.get("/audit").text


def test_a_log_bundle_is_given_to_those_who_may(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    with office.fleet.store.begin(office.now) as work:
        work.bundles.keep("b1", "sim-u0001", b"gzip", until=office.now.replace(year=office.now.year + 1))
    assert submit(browse(office, Role.VIEWER, "jiro"), "/bundles/b1").status_code == 403
    operator = browse(office, Role.OPERATOR)
    assert submit(operator, "/bundles/b1").content == b"gzip"
    assert submit(operator, "/bundles/b2").status_code == 404
    assert json.dumps(office.audit("b1")) == '[["web:hanako", "logs.saved"]]'


def test_the_page_is_there_in_english_as_well(office: Office, browse: Browse, submit: Submit) -> None:
    office.add_units(1)
    client = browse(office, Role.ADMIN)
    submit(client, "/language")
    for path, said in (
        ("/units", "Well"), ("/units/sim-u0001", "Timeline"), ("/settings", "Layers of settings"),
        ("/rollouts", "Start a rollout"), ("/import", "Bring units in"), ("/approvals", "Nothing waits"),
        ("/audit", "the chain holds"), ("/accounts", "Administrator"), ("/me", "Second factor"),
    ):  # fmt: skip
        page = client.get(path)
        assert '<html lang="en">' in page.text
        assert said in words(page), path
