"""What comes over the line: whole visits, rushes, a backlog, and what is no message at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from clinic.changes import Changes
from clinic.config import load_config
from clinic.health import Health
from clinic.line import Hear, Say, ServiceLine
from clinic.parts import read_parts
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import (
    Begin,
    Challenge,
    Confirm,
    HolderKnown,
    Qualification,
    SignedResult,
)
from device.wire.sealing import Signer

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.over_broker.conftest import Site

pytestmark = pytest.mark.broker

UNIT = UnitId("sim-0001")
TARO = 1001
PATIENCE_S = 10.0
"""A test that waits this long has failed; none waits for time to pass."""


def test_a_visit_from_the_first_ask_to_the_receipt(site_with_broker: Site, issuer: CardIssuer) -> None:
    site = site_with_broker
    site.open_clinic()
    unit = site.unit()
    reception = "a" * 32

    challenge = unit.ask(Begin(ask_id=unit.ask_id(), reception=reception))
    assert isinstance(challenge, Challenge)
    # The card is made for the gateway's clock, which here is the real one.
    card = issuer.issue(TARO, not_before=datetime.now(UTC), not_after=datetime.now(UTC) + timedelta(days=900))
    known = unit.ask(site.prove(unit, card, challenge.challenge, reception))
    assert isinstance(known, HolderKnown)
    consents = dict.fromkeys(known.ask_consent, True)
    answer = unit.ask(Confirm(ask_id=unit.ask_id(), reception=reception, consents=consents))
    assert isinstance(answer, Qualification)

    receipt = unit.report(
        unit.result(reception=reception, reason=answer.reason, sealed=answer.sealed, consents=consents)
    )

    assert (receipt.message_id, receipt.sequence, receipt.disposition) == ("message-0001", 1, "stored")
    [stored] = site.results
    [qualification] = stored["qualification"]["ResultOfQualificationConfirmation"]
    assert (stored["unit"], stored["simulated"], stored["reason"]) == (UNIT, True, "qualified")
    assert (qualification["Name"], qualification["PharmacistsInfoConsFlg"]) == ("診療 太郎", "1")


@pytest.mark.parametrize("payload", [b"", b"\xff", b"null", b'{"v":2,"kind":"begin"}', b"[" * 5000])
def test_a_malformed_message_is_dropped_and_the_next_one_is_answered(
    site_with_broker: Site, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, consumer = site_with_broker.open_clinic().lines
    unit = site_with_broker.unit()

    for leaf in (topics.Up.ASK, topics.Up.RESULT):
        unit.say(topics.up(UNIT, leaf), payload)

    assert isinstance(unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32)), Challenge)
    assert unit.report(unit.result()).disposition == "stored"
    assert gateway.dropped == consumer.dropped == {"refused": 1}
    assert f"clinic-consumer: message of {UNIT} dropped (no. 1, refused): " in caplog.text


def test_a_retained_result_is_not_taken(site_with_broker: Site) -> None:
    unit = site_with_broker.unit()
    signer = Signer.load(unit.identity.key_pem, unit.identity.certificate_pem)
    signed = SignedResult(jws=signer.sign(encode(unit.result())))
    assert unit.say(topics.up(UNIT, topics.Up.RESULT), encode(signed), retain=True) == "Success"

    _, consumer = site_with_broker.open_clinic().lines

    assert unit.report(unit.result(2)).sequence == 2
    assert [stored["sequence"] for stored in site_with_broker.results] == [2]
    assert consumer.dropped == {"retained": 1}


def test_results_wait_for_a_clinic_that_is_closed(site_with_broker: Site) -> None:
    site = site_with_broker
    with ExitStack() as first_day:
        site.stack, stack = first_day, site.stack
        site.open_clinic()
        site.stack = stack
    unit = site.unit()
    signer = Signer.load(unit.identity.key_pem, unit.identity.certificate_pem)
    for sequence in range(1, 121):
        signed = SignedResult(jws=signer.sign(encode(unit.result(sequence))))
        assert unit.say(topics.up(UNIT, topics.Up.RESULT), encode(signed)) == "Success"

    site.open_clinic()

    assert [unit.hear_receipt().sequence for _ in range(120)] == list(range(1, 121))
    assert [stored["sequence"] for stored in site.results] == list(range(1, 121))


def test_a_rush_of_asks_is_answered_one_by_one(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    unit = site_with_broker.unit()
    ids = [unit.ask_id() for _ in range(60)]

    for number, ask_id in enumerate(ids):
        unit.client.publish(
            topics.up(UNIT, topics.Up.ASK), encode(Begin(ask_id=ask_id, reception=f"{number % 5:032x}")), qos=1
        )

    assert [unit.hear_answer().answer.ask_id for _ in ids] == ids


def test_a_slow_answer_to_one_unit_holds_up_no_other(site_with_broker: Site) -> None:
    site = site_with_broker
    parts = read_parts(load_config(site.clinic.config), site.clinic.folder)
    assert parts.gateway is not None
    released = threading.Event()
    units = [site.unit(f"sim-{number:04d}") for number in range(1, 7)]
    slow = units[0]

    def hear(unit: UnitId, _payload: bytes, _now: datetime) -> Say:
        if unit == slow.name:
            released.wait(PATIENCE_S)
        return Say(topics.down(unit, topics.Down.ANSWER), b"heard", 30)

    hears: Mapping[topics.Up, Hear] = {topics.Up.ASK: hear}
    line = ServiceLine(parts.gateway.line, branch=parts.branch, hears=hears, health=Health(Changes()), workers=8)
    site.stack.callback(line.close)
    site.stack.callback(released.set)
    line.start()
    assert line.ready.wait(PATIENCE_S)

    for unit in units:
        assert unit.say(topics.up(unit.name, topics.Up.ASK), b"{}") == "Success"

    for unit in units[1:]:
        assert unit.hear(topics.down(unit.name, topics.Down.ANSWER)) == b"heard"
    assert slow.heard.empty()
    released.set()
    assert slow.hear(topics.down(slow.name, topics.Down.ANSWER)) == b"heard"
