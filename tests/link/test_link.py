"""The link at work, told as what happens at a clinic. Nothing here waits; time jumps to whatever is next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.domain.errors import Drop, Fault
from device.domain.reasons import Reason
from device.sim.outbox import MemoryOutbox
from device.wire import topics
from device.wire.codec import decode
from device.wire.messages import Challenge, Status

if TYPE_CHECKING:
    from tests.link.conftest import World

UNREACHABLE = Reason.SERVICE_UNREACHABLE


def answered(world: World) -> list[str]:
    return [answer.ask_id for answer in world.answers]


# --- asks ---


def test_an_ask_is_answered_before_the_call_returns(world: World) -> None:
    world.link.start()
    world.ask("ask-00001")
    assert answered(world) == ["ask-00001"]
    assert isinstance(world.answers[0], Challenge)


def test_the_line_is_gone_before_the_ask_and_comes_back_in_time(world: World) -> None:
    world.link.start()
    world.broker.stop()
    world.ask("ask-00001")
    world.pass_time(1)
    world.broker.start()
    world.pass_time(8)
    assert answered(world) == ["ask-00001"]
    assert world.lost == []


def test_the_line_is_gone_before_the_ask_and_stays_away(world: World) -> None:
    world.link.start()
    world.broker.stop()
    world.ask("ask-00001")
    world.pass_time(8.9)
    assert world.lost == []
    world.pass_time(0.1)
    assert world.lost == [("ask-00001", UNREACHABLE)]


def test_the_line_breaks_while_the_ask_is_under_way(world: World) -> None:
    world.link.start()
    world.broker.hold(topics.Down.ANSWER)
    world.ask("ask-00001", timeout_s=60)
    world.broker.cut("sim-front-desk")
    world.pass_time(5)
    assert world.clinic.asked == ["ask-00001", "ask-00001"]
    assert answered(world) == ["ask-00001"]


def test_the_line_breaks_after_the_answer_and_nothing_is_asked_again(world: World) -> None:
    world.link.start()
    world.ask("ask-00001")
    world.broker.cut("sim-front-desk")
    world.pass_time(60)
    assert world.clinic.asked == ["ask-00001"]
    assert world.line == ["", "the line broke", ""]


def test_a_lost_ask_is_said_once_more(world: World) -> None:
    world.link.start()
    world.broker.lose(topics.Up.ASK)
    world.ask("ask-00001")
    world.pass_time(3)
    assert answered(world) == ["ask-00001"]


def test_a_lost_answer_is_asked_for_once_more(world: World) -> None:
    world.link.start()
    world.broker.lose(topics.Down.ANSWER)
    world.ask("ask-00001")
    world.pass_time(3)
    assert world.clinic.asked == ["ask-00001", "ask-00001"]
    assert answered(world) == ["ask-00001"]


def test_a_clinic_that_is_closed_answers_nobody(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    world.ask("ask-00001")
    world.pass_time(9)
    assert world.lost == [("ask-00001", UNREACHABLE)]
    assert world.clinic.asked == ["ask-00001", "ask-00001"]


def test_an_answer_to_an_earlier_visit_is_no_answer_to_this_one(world: World) -> None:
    world.link.start()
    world.broker.hold(topics.Down.ANSWER)
    world.ask("ask-00001", timeout_s=2)
    world.broker.lose(topics.Up.ASK)
    world.pass_time(2)
    world.clinic.is_open = False
    world.ask("ask-00002", timeout_s=9)
    world.broker.release()
    assert answered(world) == []
    assert world.link.dropped[Drop.UNSOLICITED] == 1
    world.clinic.answer("ask-00002")
    assert answered(world) == ["ask-00002"]


def test_two_answers_to_one_ask_reach_the_owner_once(world: World) -> None:
    world.link.start()
    world.broker.double(topics.Down.ANSWER)
    world.ask("ask-00001")
    assert answered(world) == ["ask-00001"]
    assert world.link.dropped[Drop.UNSOLICITED] == 1


def test_an_answer_that_somebody_left_on_the_broker_is_not_believed(world: World) -> None:
    world.clinic.answer("ask-00001", retain=True)
    world.clinic.is_open = False
    world.ask("ask-00001")
    world.link.start()
    assert answered(world) == []
    assert world.link.dropped == {Drop.RETAINED: 1}


def test_an_answer_that_waited_at_the_broker_for_the_line_counts(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    world.ask("ask-00001", timeout_s=60)
    world.broker.cut("sim-front-desk")
    world.clinic.answer("ask-00001")
    world.pass_time(5)
    assert answered(world) == ["ask-00001"]


def test_an_ask_before_the_start_waits_for_it(world: World) -> None:
    world.ask("ask-00001")
    world.link.start()
    assert answered(world) == ["ask-00001"]


def test_closing_gives_up_every_ask(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    world.ask("ask-00001")
    world.link.close()
    assert world.lost == [("ask-00001", UNREACHABLE)]


# --- results ---


def test_a_result_is_stored_and_its_receipt_empties_the_outbox(world: World) -> None:
    world.link.start()
    message_id = world.report()
    assert world.clinic.stored == {message_id: 1}
    assert [receipt.message_id for receipt in world.receipts] == [message_id]
    assert world.waiting == []


def test_a_lost_receipt_makes_the_same_result_come_again(world: World) -> None:
    world.link.start()
    world.broker.lose(topics.Down.RECEIPT)
    message_id = world.report()
    assert world.waiting == [message_id]
    world.pass_time(world.policy.result_repeat_first_s)
    assert world.clinic.heard == [message_id, message_id]
    assert [receipt.disposition for receipt in world.receipts] == ["duplicate"]
    assert world.waiting == []


def test_a_lost_result_comes_again(world: World) -> None:
    world.link.start()
    world.broker.lose(topics.Up.RESULT)
    message_id = world.report()
    world.pass_time(world.policy.result_repeat_first_s)
    assert world.clinic.heard == [message_id]


def test_a_result_that_was_lost_with_the_line_comes_again_on_the_next_one(world: World) -> None:
    world.link.start()
    world.broker.lose(topics.Up.RESULT)
    message_id = world.report()
    world.broker.cut("sim-front-desk")
    world.pass_time(5)
    assert world.clinic.heard == [message_id]


def test_two_receipts_for_one_result_reach_the_owner_once(world: World) -> None:
    world.link.start()
    world.broker.double(topics.Down.RECEIPT)
    world.report()
    assert len(world.receipts) == 1


def test_a_receipt_is_told_although_the_line_broke_before_it_came(world: World) -> None:
    world.link.start()
    world.broker.hold(topics.Down.RECEIPT)
    message_id = world.report()
    world.broker.cut("sim-front-desk")
    world.broker.release()
    world.pass_time(5)
    assert {receipt.message_id for receipt in world.receipts} == {message_id}
    assert world.waiting == []


def test_a_refused_result_leaves_the_outbox_and_the_owner_learns_why(world: World) -> None:
    world.link.start()
    world.clinic.refuses = Reason.SERVICE_REFUSED
    world.report()
    assert [(receipt.disposition, receipt.reason) for receipt in world.receipts] == [
        ("refused", Reason.SERVICE_REFUSED)
    ]
    assert world.waiting == []


def test_a_thousand_results_of_a_day_without_a_line_drain_in_order(world: World) -> None:
    reported = [world.report() for _ in range(1000)]
    world.link.start()
    assert list(world.clinic.stored) == reported
    assert list(world.clinic.stored.values()) == list(range(1, 1001))
    assert world.waiting == []
    assert world.clinic.heard == reported


def test_a_unit_that_is_switched_off_and_on_sends_what_it_still_holds(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    reported = [world.report() for _ in range(40)]
    world.link.close()
    world.clinic.is_open = True
    world.next_life().start()
    assert list(world.clinic.stored) == reported
    assert world.waiting == []


def test_a_clinic_that_was_closed_for_a_weekend_hears_each_result_about_once(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    reported = [world.report() for _ in range(10)]
    world.pass_time(2 * 86_400)
    world.clinic.is_open = True
    world.pass_time(world.policy.result_repeat_longest_s)
    assert world.clinic.heard == reported
    assert world.waiting == []


def test_a_broker_that_forgot_everything_loses_nothing(world: World) -> None:
    world.link.start()
    world.broker.hold(topics.Down.RECEIPT, times=3)
    reported = [world.report() for _ in range(3)]
    world.broker.stop(forget=True)
    world.pass_time(60)
    world.broker.start()
    world.pass_time(60)
    assert list(world.clinic.stored) == reported
    assert world.waiting == []
    world.ask("ask-00001")
    assert answered(world) == ["ask-00001"]


def test_a_line_on_which_nothing_passes_is_given_up_and_tried_again(world: World) -> None:
    world.broker.partition()
    world.link.start()
    world.ask("ask-00001", timeout_s=60)
    world.pass_time(world.policy.connect_timeout_s)
    assert world.line == ["no answer from the broker within 30 s"]
    world.broker.heal()
    world.pass_time(5)
    assert world.line[-1] == ""
    assert answered(world) == ["ask-00001"]


def test_what_was_lost_in_a_partition_is_said_again(world: World) -> None:
    world.link.start()
    world.broker.partition()
    message_id = world.report()
    world.ask("ask-00001", timeout_s=60)
    world.pass_time(10)
    world.broker.heal()
    world.pass_time(20)
    assert answered(world) == ["ask-00001"]
    assert world.clinic.heard == [message_id]


# --- trouble with the outbox ---


def test_a_result_that_cannot_be_kept_is_told_to_the_caller(world: World) -> None:
    world.link.start()
    assert isinstance(world.outbox, MemoryOutbox)
    world.outbox.break_down("the disk is full")
    with pytest.raises(Fault, match="the disk is full") as refusal:
        world.report()
    assert refusal.value.reason is Reason.OUTBOX_FAULT
    world.outbox.repair()
    world.report()
    assert list(world.clinic.stored.values()) == [1]


def test_an_outbox_that_cannot_be_read_is_told_and_read_again_later(world: World) -> None:
    assert isinstance(world.outbox, MemoryOutbox)
    message_id = world.report()
    world.outbox.break_down()
    world.link.start()
    assert [str(fault) for fault in world.faults] == ["the disk refuses"]
    world.outbox.repair()
    world.pass_time(world.policy.outbox_retry_s)
    assert list(world.clinic.stored) == [message_id]
    assert len(world.faults) == 1


def test_a_receipt_that_cannot_be_written_down_is_asked_for_again(world: World) -> None:
    assert isinstance(world.outbox, MemoryOutbox)
    world.link.start()
    world.broker.hold(topics.Down.RECEIPT)
    message_id = world.report()
    world.outbox.break_down()
    world.broker.release()
    assert len(world.faults) >= 1
    assert world.receipts == []
    world.outbox.repair()
    world.pass_time(world.policy.outbox_retry_s)
    assert world.waiting == []
    assert [receipt.message_id for receipt in world.receipts] == [message_id]


# --- status and line ---


def test_the_status_at_the_broker_says_ready_while_there_is_a_line_and_offline_after(world: World) -> None:
    world.link.start()
    world.link.set_status("impaired", [Reason.CAMERA_FAULT])
    world.link.set_status("impaired", [Reason.CAMERA_FAULT])
    world.link.close()
    assert [(status.state, status.troubles) for status in world.clinic.statuses] == [
        ("ready", []),
        ("impaired", [Reason.CAMERA_FAULT]),
        ("offline", []),
    ]
    retained = world.broker.retained(topics.up(world.clinic.statuses[0].unit, topics.Up.STATUS))  # type: ignore[arg-type]  # a UnitId before it travelled
    assert retained is not None
    assert decode(retained, Status).state == "offline"


def test_a_broken_line_leaves_the_last_will_and_the_next_connection_overrules_it(world: World) -> None:
    world.link.start()
    world.broker.cut("sim-front-desk")
    world.pass_time(5)
    assert [(status.state, status.birth_id) for status in world.clinic.statuses] == [
        ("ready", "birth-0001"),
        ("offline", "birth-0001"),
        ("ready", "birth-0001"),
    ]


def test_another_life_has_another_birth_id(world: World) -> None:
    world.link.start()
    world.link.close()
    with world.next_life():
        pass
    assert [status.birth_id for status in world.clinic.statuses] == ["birth-0001"] * 2 + ["birth-0002"] * 2


def test_a_broker_that_is_absent_at_the_start_is_found_when_it_comes(world: World) -> None:
    world.broker.stop("no broker listens")
    world.link.start()
    world.pass_time(3600)
    assert world.line == ["no broker listens"]
    world.broker.start()
    world.pass_time(world.policy.backoff_longest_s)
    assert world.line == ["no broker listens", ""]


def test_two_units_with_one_name_throw_each_other_off_ever_more_rarely(world: World) -> None:
    twins = (world.link, world.next_life())
    for twin in twins:
        twin.start()
    for _ in range(1200):
        world.clock.advance(1)
        for twin in twins:
            twin.run_due()
    # A back-off that began anew with every connection would make it about 600.
    assert world.line.count("") < 60
