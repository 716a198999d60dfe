"""What the service answers, and what happens when line or storage fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from device.app.world import World
from device.domain.reasons import Reason
from device.reception.questions import Topic
from device.sim.card import SimulatedCard
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
LastResult = Callable[[], dict[str, Any]]
AllResults = Callable[[], list[dict[str, Any]]]
VisitByFace = Callable[..., None]


@pytest.mark.parametrize(
    ("serial", "reason", "notices"),
    [
        (1001, Reason.QUALIFIED, []),
        (1002, Reason.QUALIFICATION_ENDED, []),
        (1003, Reason.QUALIFICATION_REPLACED, []),
        (1004, Reason.QUALIFICATION_NOT_FOUND, []),
        (1005, Reason.QUALIFICATION_AMBIGUOUS, []),
        (1006, Reason.CERTIFICATE_EXPIRED, []),
        (1007, Reason.QUALIFIED, ["certificate_in_grace"]),
        (1008, Reason.QUALIFIED, ["certificate_expires_soon"]),
        (1009, Reason.CERTIFICATE_REVOKED, []),
        (1010, Reason.QUALIFIED, ["name_has_unknown_characters"]),
        (1011, Reason.NOT_REGISTERED, []),
        (1012, Reason.QUALIFIED, []),
    ],
)
def test_every_answer_of_the_service_reaches_patient_and_clinic(
    world: World,
    last_result: LastResult,
    serial: int,
    reason: Reason,
    notices: list[str],
    visit_by_face: VisitByFace,
) -> None:
    visit_by_face(world, serial)
    assert world.has_ended_with(reason)
    assert all(world.has_said(Reason(notice)) for notice in notices)
    assert last_result()["reason"] == reason
    assert last_result()["notices"] == notices


def test_without_a_broker_the_visit_ends_in_time_and_the_results_arrive_when_it_is_back(
    world: World,
    broker: MemoryBroker,
    make_card: MakeCard,
    photo: PhotoOf,
    all_results: AllResults,
    visit_by_face: VisitByFace,
) -> None:
    broker.stop()
    world.place(make_card(portrait=photo("obama")))
    world.pass_time(20)
    assert world.has_ended_with(Reason.SERVICE_UNREACHABLE)
    assert Reason.BROKER_UNREACHABLE in world.unit.health.troubles
    world.lift()
    broker.start()
    world.pass_time(120)
    assert [result["reason"] for result in all_results()] == ["service_unreachable"]
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert [result["sequence"] for result in all_results()] == [1, 2]


def test_a_lost_answer_is_asked_for_again(
    world: World, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf
) -> None:
    broker.lose("answer")
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    world.pass_time(8)
    assert world.asks(Topic.CONSENT)


def test_a_lost_receipt_does_not_double_the_result(
    world: World,
    broker: MemoryBroker,
    all_results: AllResults,
    visit_by_face: VisitByFace,
) -> None:
    broker.lose("receipt")
    visit_by_face(world)
    assert len(world.outbox.waiting(10)) == 1
    world.pass_time(60)
    assert world.outbox.waiting(10) == []
    assert len(all_results()) == 1


def visit_without_broker(world: World, broker: MemoryBroker, card: SimulatedCard) -> None:
    broker.stop()
    world.place(card)
    world.pass_time(20)
    assert world.has_ended_with(Reason.SERVICE_UNREACHABLE)
    world.lift()


def test_a_result_that_waited_for_a_day_is_reported_until_the_clinic_has_it(
    world: World, broker: MemoryBroker, make_card: MakeCard, all_results: AllResults
) -> None:
    visit_without_broker(world, broker, make_card())
    world.clock.advance(86_400)
    broker.lose("receipt")
    broker.start()
    world.pass_time(10)
    assert Reason.RESULTS_LATE in world.unit.health.troubles
    world.pass_time(60)
    assert world.unit.health.troubles == ()
    assert len(all_results()) == 1


@pytest.mark.parametrize("clinic_ahead", [timedelta(days=2), timedelta(days=-2)])
def test_clocks_that_differ_by_days_are_reported_and_the_result_is_kept(
    world: World, broker: MemoryBroker, make_card: MakeCard, all_results: AllResults
) -> None:
    visit_without_broker(world, broker, make_card())
    broker.start()
    world.pass_time(60)
    assert Reason.CLOCK_DOUBTFUL in world.unit.health.troubles
    assert all_results() == []
    assert len(world.outbox.waiting(10)) == 1


def test_a_full_outbox_is_said_and_the_visitor_is_sent_to_the_desk(world: World, visit_by_face: VisitByFace) -> None:
    world.outbox.break_down()
    visit_by_face(world)
    assert world.has_said(Reason.OUTBOX_FAULT)
    world.lift()
    world.outbox.repair()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)


def test_a_certificate_that_ends_soon_is_said_once_also_where_the_service_does_not_answer(
    world: World, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    world.show(photo("obama2"))
    for answered in (True, False):
        world.place(make_card(1008, portrait=photo("obama")))
        assert world.asks(Topic.CONSENT)
        if not answered:
            broker.stop()
        world.type_keys("#")
        world.pass_time(30)
        assert world.has_said(Reason.CERTIFICATE_EXPIRES_SOON)
        world.voice.said.clear()
        world.lift()
    broker.start()
    world.pass_time(120)
    assert [result["notices"] for result in all_results()] == [["certificate_expires_soon"]] * 2
    assert all_results()[1]["reason"] == "service_unreachable"
