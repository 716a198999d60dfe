"""What needs a second person is done by nobody alone, on whatever way it is asked, with either base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.domain.errors import BadConfig
from device.domain.updates import Kind
from provisioning.fleet.deeds import AddPerson, ChangeRollout, Quarantine, Release, RemovePerson, SetLayer, SetRole
from provisioning.fleet.deeds import StartRollout as Start
from provisioning.fleet.roles import NotAllowedError, Role
from provisioning.fleet.store.states import UnitState
from provisioning.rollouts.plan import RolloutPlan

Office = Any
"""Made in conftest."""

GUARDED = ["quarantine", "twin", "rollout", "account"]
SHUT = Quarantine(unit="sim-u0001", why="odd results")


@pytest.fixture
def guarded(open_office: Callable[..., Office], url: str) -> Office:
    office = open_office(url, two_people=GUARDED)
    office.add_units(3)
    return office


def state(office: Office, name: str = "sim-u0001") -> UnitState:
    with office.fleet.store.look(office.now) as work:
        found: UnitState = work.units.find(name).state
        return found


def test_a_deed_waits_until_another_person_agrees_and_both_are_in_the_audit(guarded: Office) -> None:
    asked = guarded.counter("taro").ask(SHUT)
    assert asked.request.waits
    assert state(guarded) is UnitState.ACTIVE

    request, _ = guarded.counter("hanako", way="web").approve(asked.request.name)

    assert request.deed == SHUT
    assert state(guarded) is UnitState.QUARANTINED
    assert ("cli:taro", "approval.asked") in guarded.audit("sim-u0001")
    assert ("web:hanako", "approval.given") in guarded.audit("sim-u0001")
    assert ("cli:taro+web:hanako", "unit.quarantined") in guarded.audit("sim-u0001")
    [kept] = guarded.counter().requests(everything=True)
    assert (kept.state, kept.decided_by) == ("done", "web:hanako")


def test_nobody_agrees_to_their_own_request_by_whatever_way(guarded: Office) -> None:
    request = guarded.counter("taro", way="cli").ask(SHUT).request
    with pytest.raises(BadConfig, match="second person"):
        guarded.counter("taro", way="web").approve(request.name)
    assert state(guarded) is UnitState.ACTIVE


def test_only_who_could_do_it_may_agree_or_refuse(guarded: Office) -> None:
    request = guarded.counter("taro").ask(SHUT).request
    viewer = guarded.counter("hanako", Role.VIEWER)
    with pytest.raises(NotAllowedError):
        viewer.approve(request.name)
    with pytest.raises(NotAllowedError):
        viewer.refuse(request.name, why="no")
    assert state(guarded) is UnitState.ACTIVE


def test_a_refused_request_stays_refused(guarded: Office) -> None:
    request = guarded.counter("taro").ask(SHUT).request
    guarded.counter("hanako").refuse(request.name, why="it is only slow")
    with pytest.raises(BadConfig, match="denied"):
        guarded.counter("jiro").approve(request.name)
    assert ("cli:hanako", "approval.refused") in guarded.audit("sim-u0001")
    [kept] = guarded.counter().requests(everything=True)
    assert kept.words == "it is only slow"


def test_a_request_that_nobody_decided_runs_out(guarded: Office) -> None:
    request = guarded.counter("taro").ask(SHUT).request
    guarded.pass_time(days=2)
    assert guarded.counter().requests() == []
    with pytest.raises(BadConfig, match="lapsed"):
        guarded.counter("hanako").approve(request.name)


def test_a_request_is_stale_when_the_fleet_has_changed_meanwhile(guarded: Office) -> None:
    layer = SetLayer(scope="profile/desk", settings={"voice": {"volume": 60}}, expected=0, why="open plan")
    request = guarded.counter("taro").ask(layer).request
    guarded.add_units(1)
    [seen] = guarded.counter().requests()
    assert (seen.state, seen.changed) == ("stale", ("the units below it",))
    with pytest.raises(BadConfig, match="has changed since"):
        guarded.counter("hanako").approve(request.name)
    with guarded.fleet.store.look(guarded.now) as work:
        assert work.profiles.get("profile/desk").version == 0


def test_what_cannot_be_done_after_all_is_told_and_kept(guarded: Office) -> None:
    layer = SetLayer(scope="profile/desk", settings={"voice": {"volum": 60}}, expected=0, why="a slip")
    request = guarded.counter("taro").ask(layer).request
    with pytest.raises(BadConfig, match="Did you mean 'volume'"):
        guarded.counter("hanako").approve(request.name)
    [kept] = guarded.counter().requests(everything=True)
    assert (kept.state, "volume" in kept.words) == ("failed", True)


def test_to_hold_a_rollout_never_waits_but_to_let_it_go_on_does(guarded: Office) -> None:
    plan = RolloutPlan(part=Kind.VOICE, version="1.0", waves=("100%",))
    request = guarded.counter("taro").ask(Start(plan=plan, why="better")).request
    _, found = guarded.counter("hanako").approve(request.name)
    held = guarded.counter("taro").ask(ChangeRollout(rollout=found.name, change="pause", why="wait"))
    assert held.result.state == "paused"
    assert guarded.counter("taro").ask(ChangeRollout(rollout=found.name, change="resume", why="go")).request.waits


def test_nobody_makes_themself_a_second_person(guarded: Office) -> None:
    outcome = guarded.counter("taro").ask(AddPerson(person="puppet", role=Role.ADMIN))
    assert outcome.request.waits
    assert not guarded.accounts.known("puppet")


def test_what_is_not_named_in_the_configuration_needs_nobody_else(guarded: Office) -> None:
    request = guarded.counter("taro").ask(SHUT).request
    guarded.counter("hanako").approve(request.name)
    assert guarded.counter("taro").ask(Release(unit="sim-u0001", why="well again")).request is None
    assert state(guarded) is UnitState.ACTIVE


def test_the_last_administrator_stays(open_office: Callable[..., Office]) -> None:
    office = open_office()
    office.add_person("hanako", Role.ADMIN)
    for deed in (RemovePerson(person="hanako"), SetRole(person="hanako", role=Role.VIEWER)):
        with pytest.raises(BadConfig, match="last administrator"):
            office.counter("hanako").ask(deed)
