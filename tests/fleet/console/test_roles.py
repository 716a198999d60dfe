"""Who may do what is decided where things are done, whether by the command line or by a page."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from device.domain.updates import Kind
from provisioning.fleet import deeds
from provisioning.fleet.cli import app
from provisioning.fleet.deeds import Deed
from provisioning.fleet.roles import NotAllowedError, Role
from provisioning.rollouts.plan import RolloutPlan

Office = Any
"""Made in conftest."""

OPERATORS: list[Deed] = [
    deeds.Quarantine(unit="sim-u0001", why="w"),
    deeds.Release(unit="sim-u0001", why="w"),
    deeds.ClearAlarm(unit="sim-u0001", why="w"),
    deeds.AskLogs(unit="sim-u0001"),
    deeds.SetLayer(scope="fleet", settings={}, expected=0, why="w"),
    deeds.StartRollout(plan=RolloutPlan(part=Kind.VOICE, version="1.0"), why="w"),
    deeds.ChangeRollout(rollout="r", change="pause", why="w"),
]
ADMINS: list[Deed] = [
    deeds.Revoke(unit="sim-u0001", why="w"),
    deeds.Decommission(unit="sim-u0001", why="w"),
    deeds.ImportUnits(units=()),
    deeds.NewTicket(unit="sim-u0001"),
    deeds.AddPerson(person="jiro", role=Role.VIEWER),
    deeds.SetRole(person="jiro", role=Role.ADMIN),
    deeds.RemovePerson(person="jiro"),
    deeds.LinkFor(person="jiro"),
]


def word(deed: Deed) -> str:
    return type(deed).__name__


@pytest.mark.parametrize("deed", [*OPERATORS, *ADMINS], ids=word)
def test_a_viewer_changes_nothing(office: Office, deed: Deed) -> None:
    office.add_units(1)
    before = office.audit()
    with pytest.raises(NotAllowedError, match="hanako is viewer"):
        office.counter("hanako", Role.VIEWER).ask(deed)
    assert office.audit() == before


@pytest.mark.parametrize("deed", ADMINS, ids=word)
def test_an_operator_brings_nobody_in_and_puts_nobody_out(office: Office, deed: Deed) -> None:
    with pytest.raises(NotAllowedError, match="needs admin"):
        office.counter("hanako", Role.OPERATOR).ask(deed)


@pytest.mark.parametrize("deed", OPERATORS[:1], ids=word)
def test_an_operator_does_the_daily_work_under_their_name(office: Office, deed: Deed) -> None:
    office.add_units(1)
    office.counter("hanako", Role.OPERATOR, way="web").ask(deed)
    assert ("web:hanako", "unit.quarantined") in office.audit("sim-u0001")


@pytest.fixture
def command(office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give a command as an OS account."""
    monkeypatch.delenv("SUDO_USER", raising=False)

    def give(account: str, *words: str) -> Any:  # noqa: ANN401  click's own
        monkeypatch.setattr(getpass, "getuser", lambda: account)
        return CliRunner().invoke(app, [*words, "--fleet", str(office.fleet.places.folder), "--json"])

    return give


def test_the_command_line_knows_the_same_people_and_roles(office: Office, command: Callable[..., Any]) -> None:
    office.add_units(1)
    made = json.loads(command("root", "account", "add", "hanako", "--role", "viewer").output)
    assert "/welcome/" in made["link"]
    refused = command("hanako", "quarantine", "sim-u0001", "--why", "odd")
    assert isinstance(refused.exception, NotAllowedError)
    command("root", "account", "role", "hanako", "operator")
    assert command("hanako", "quarantine", "sim-u0001", "--why", "odd").exit_code == 0
    assert ("cli:hanako", "unit.quarantined") in office.audit("sim-u0001")
    people = json.loads(command("root", "account", "list").output)
    assert [(one["account"], one["role"], one["entered"]) for one in people] == [("hanako", "operator", False)]
    assert command("root", "account", "remove", "hanako").exit_code == 0
    assert json.loads(command("root", "account", "list").output) == []


def test_the_command_line_waits_for_a_second_person_as_well(
    open_office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = open_office(two_people=["quarantine"])
    office.add_units(1)

    def give(account: str, *words: str) -> Any:  # noqa: ANN401  click's own
        monkeypatch.setenv("SUDO_USER", account)
        return CliRunner().invoke(app, [*words, "--fleet", str(office.fleet.places.folder), "--json"])

    asked = give("taro", "quarantine", "sim-u0001", "--why", "odd")
    assert asked.exit_code == 1
    name = json.loads(asked.output)["waits"]
    [listed] = json.loads(give("hanako", "approvals", "list").output)
    assert (listed["name"], listed["asked_by"], listed["kind"]) == (name, "cli:taro", "quarantine")
    assert give("taro", "approvals", "approve", name).exit_code == 1
    assert json.loads(give("hanako", "approvals", "approve", name).output)["done"]
    assert ("cli:taro+cli:hanako", "unit.quarantined") in office.audit("sim-u0001")
    again = json.loads(give("taro", "release", "sim-u0001", "--why", "well").output)
    assert again["state"] == "active"
