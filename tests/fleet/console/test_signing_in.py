"""Who gets in, how long, and what strangers learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from device.domain.errors import BadConfig
from provisioning.fleet.roles import Role

Office = Any
"""Made in conftest."""
Browse = Callable[..., TestClient]
Submit = Callable[..., Any]
PASSWORD = "correct horse battery"


def test_the_first_administrator_comes_by_a_link_that_is_good_once(office: Office, browse: Browse) -> None:
    token = office.accounts.first_link()
    client = browse(office)
    assert "利用者名" in client.get(f"/welcome/{token}").text
    weak = client.post("/welcome", data={"token": token, "name": "hanako", "password": "hanako"})
    assert weak.status_code == 422
    entered = client.post("/welcome", data={"token": token, "name": "hanako", "password": PASSWORD})
    assert entered.url.path == "/units"
    assert client.get(f"/welcome/{token}").status_code == 410
    assert office.accounts.first_link() is None
    assert ("web:hanako", "account.entered") in office.audit("hanako")


def test_a_link_ends_after_a_day_and_when_an_administrator_is_there(office: Office) -> None:
    token = office.accounts.first_link()
    office.pass_time(hours=25)
    assert office.accounts.invited(token) is None
    token = office.accounts.first_link()
    office.add_person("hanako", Role.ADMIN)
    assert office.accounts.invited(token) is None
    with pytest.raises(BadConfig, match="no longer good"):
        office.accounts.accept(token, "taro", PASSWORD)


def test_strangers_are_sent_to_the_sign_in_page(office: Office, browse: Browse) -> None:
    client = browse(office)
    for path in ("/", "/units"):
        assert client.get(path).url.path == "/sign-in"
    assert client.get("/events").status_code == 401
    assert client.get("/units/rows", headers={"x-part": "rows"}).status_code == 401


def test_wrong_passwords_cost_a_pause_and_stand_in_the_audit(office: Office, browse: Browse) -> None:
    office.add_person("hanako", Role.VIEWER)
    client = browse(office)
    for _ in range(5):
        assert client.post("/sign-in", data={"name": "hanako", "password": "nonsense nonsense"}).status_code == 401
    right = {"name": "hanako", "password": PASSWORD}
    assert "しばらく" in client.post("/sign-in", data=right).text
    office.pass_time(seconds=31)
    assert client.post("/sign-in", data=right).url.path == "/units"
    assert office.audit("hanako").count(("web:hanako", "console.sign_in_refused")) == 6


def test_sessions_end_after_idle_hours_and_with_another_role(office: Office, browse: Browse) -> None:
    client = browse(office, Role.VIEWER)
    office.pass_time(hours=1)
    assert client.get("/units").url.path == "/units"
    office.pass_time(hours=3)
    assert client.get("/units").url.path == "/sign-in"


def test_a_form_of_another_page_does_nothing(office: Office, browse: Browse) -> None:
    client = browse(office, Role.ADMIN)
    assert client.post("/sign-out", data={"csrf": "0" * 64}).status_code == 403
    assert client.post("/sign-out", headers={"origin": "https://elsewhere.example"}).status_code == 403
    assert client.get("/units").url.path == "/units"
