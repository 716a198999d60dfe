from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from clinic.health import Trouble
from clinic.intake import ANSWER_LIFETIME
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire.codec import encode
from device.wire.freshness import expiry
from device.wire.messages import Receipt

if TYPE_CHECKING:
    from tests.clinic.intake.conftest import Desk

UNIT = UnitId("unit-0001")


def test_a_result_is_one_record_with_the_opened_qualification(desk: Desk) -> None:
    result = desk.result(notices=[Reason.CERTIFICATE_EXPIRES_SOON])

    assert desk.report(result) == Receipt(
        unit=UNIT,
        message_id="message-0001",
        sequence=1,
        expires_at=result.expires_at,
        digest=hashlib.sha256(encode(result)).digest(),
        disposition="stored",
        reason=None,
        signed_at=desk.now,
    )
    assert desk.records() == [
        {
            "received_at": "2026-11-22T03:00:00Z",
            "unit": "unit-0001",
            "sequence": 1,
            "message_id": "message-0001",
            "reception": f"{1:032x}",
            "reason": "qualified",
            "notices": ["certificate_expires_soon"],
            "card": "plastic",
            "assurance": "pin_signature",
            "consents": {"YZK": True},
            "started_at": "2026-11-22T02:59:40Z",
            "ended_at": "2026-11-22T03:00:00Z",
            "happened_at": "2026-11-22T03:00:00Z",
            "simulated": False,
            "attendant": None,
            "attendant_reason": None,
            "prescription": None,
            "public_expense": None,
            "accepted": "pin_signature",
            "certificate_ends": "2030-04-02",
            "mode": "normal",
            "qualification": desk.qualification,
            "unopened": None,
        }
    ]


def test_a_visit_that_brought_no_qualification_is_stored_as_it_is(desk: Desk) -> None:
    result = desk.result(reason=Reason.CARD_REMOVED, sealed=None, card=None, assurance=None, consents={})

    assert desk.report(result).disposition == "stored"
    assert (desk.records()[0]["reason"], desk.records()[0]["qualification"]) == ("card_removed", None)


def test_a_result_that_comes_again_is_known_and_not_stored_twice(desk: Desk) -> None:
    desk.report(desk.result())

    assert desk.report(desk.result()).disposition == "duplicate"
    assert len(desk.records()) == 1


def test_what_was_stored_is_known_after_a_restart(open_desk: Callable[..., Desk]) -> None:
    before = open_desk()
    before.report(before.result())

    after = open_desk()

    assert after.report(after.result()).disposition == "duplicate"
    assert len(after.records()) == 1


def test_a_known_result_stays_known_when_it_has_expired(desk: Desk) -> None:
    result = desk.result()
    desk.report(result)
    desk.now = result.expires_at + timedelta(days=1)

    assert desk.report(result).disposition == "duplicate"


@pytest.mark.parametrize("days", [-3650, -1, 2, 3650])
def test_a_copy_of_another_day_without_an_answer_is_not_stored_and_the_unit_keeps_the_result(
    desk: Desk, days: int
) -> None:
    receipt = desk.report(desk.result(expires_at=expiry(desk.now + timedelta(days=days)), sealed=None))

    assert (receipt.disposition, receipt.reason) == ("stale", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    assert desk.store.results_set_aside() == []
    assert [(row.source, row.trouble) for row in desk.health.rows()] == [(UNIT, Trouble.CLOCK)]
    assert desk.report(desk.result(sealed=None)).disposition == "stored"


@pytest.mark.parametrize("years", [-7, 7])
def test_a_unit_whose_clock_is_years_off_loses_no_visit_because_the_gateway_dated_the_answer(
    desk: Desk, years: int
) -> None:
    ended = desk.now + timedelta(days=365 * years)

    receipt = desk.report(desk.result(ended_at=ended, expires_at=ended + timedelta(days=30)))

    assert receipt.disposition == "stored"
    assert desk.records()[0]["happened_at"] == "2026-11-22T02:59:55Z"
    assert [(row.source, row.trouble) for row in desk.health.rows()] == [(UNIT, Trouble.CLOCK)]


def test_a_replay_of_last_season_is_refused_even_when_the_store_has_forgotten_it(desk: Desk) -> None:
    old = desk.seal(at=desk.now - ANSWER_LIFETIME)

    assert desk.report(desk.result(sealed=old)).disposition == "refused"
    assert desk.records() == []
    assert [row.trouble for row in desk.health.rows()] == [Trouble.CLOCK]


def test_a_visit_without_an_answer_from_a_clock_that_is_ahead_counts_from_when_it_came(desk: Desk) -> None:
    ended = desk.now + timedelta(days=900)

    desk.report(desk.result(ended_at=ended, sealed=None, reason=Reason.CARD_REMOVED))

    assert desk.records()[0]["happened_at"] == "2026-11-22T03:00:00Z"


def test_a_unit_that_was_reset_counts_again_and_loses_nothing(desk: Desk) -> None:
    desk.report(desk.result(1))
    desk.report(desk.result(1, message_id="message-other"))

    assert len(desk.records()) == 2
    assert [row.trouble for row in desk.health.rows()] == [Trouble.COUNTED_AGAIN]


def test_a_full_disk_gives_no_receipt_and_the_result_is_taken_when_there_is_room_again(
    desk: Desk, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    desk.report(desk.result(1))
    log = desk.path.with_name(desk.path.name + "-wal").stat().st_size

    with full_disk(log + 100), pytest.raises(Fault, match="cannot keep a visit"):
        desk.report(desk.result(2))
    assert len(desk.records()) == 1

    assert desk.report(desk.result(2)).disposition == "stored"
