from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import SignedResult
from device.wire.sealing import Signer
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.intake.conftest import Desk

UNIT = UnitId("unit-0001")


@pytest.mark.parametrize("forger", [UNIT, "clinic-consumer"])
def test_an_answer_that_the_gateway_did_not_sign_proves_nothing(desk: Desk, forger: str) -> None:
    receipt = desk.report(desk.result(sealed=desk.seal(by=forger)))

    assert (receipt.disposition, receipt.reason) == ("refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    [aside] = desk.store.results_set_aside()
    assert (aside.unit, aside.why, aside.at) == (UNIT, "signed by another than clinic-gateway", desk.now)


@pytest.mark.parametrize(
    ("by", "on"),
    [
        ("unit-0002", "unit-0001"),  # signed by another unit than the one that the topic names
        ("unit-0001", "unit-0002"),  # an honest result on another unit's topic
    ],
)
def test_nobody_speaks_for_another_unit_nor_gets_a_receipt_with_which_to_delete_its_result(
    desk: Desk, by: str, on: str
) -> None:
    with pytest.raises(MessageError, match=f"signed by another than {on}"):
        desk.report(desk.result(), by=by, on=on)
    assert desk.records() == []


def test_another_unit_s_name_inside_is_refused(desk: Desk) -> None:
    receipt = desk.report(desk.result(), by="unit-0002", on="unit-0002")

    assert (receipt.unit, receipt.disposition, receipt.reason) == ("unit-0002", "refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []


def test_a_unit_of_another_authority_is_not_answered(desk: Desk, signer: Callable[..., Signer], now: datetime) -> None:
    stranger = signer(UNIT, authority=SiteAuthority.create("site-1", now=now))

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=stranger.sign(encode(desk.result()))), desk.now)
    assert desk.records() == []


def test_a_changed_result_is_not_answered(desk: Desk) -> None:
    head, _, signature = desk.sign(desk.result()).jws.split(".")
    _, other, _ = desk.sign(desk.result(reason=Reason.NOT_REGISTERED)).jws.split(".")

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=f"{head}.{other}.{signature}"), desk.now)
    assert desk.records() == []


def test_a_result_with_a_broken_signature_is_not_answered_although_its_content_is_right(desk: Desk) -> None:
    # A broker could have it refused in our name otherwise, and the unit would delete it.
    head, content, _ = desk.sign(desk.result()).jws.split(".")
    *_, signature = desk.sign(desk.result(2)).jws.split(".")

    with pytest.raises(MessageError, match="the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=f"{head}.{content}.{signature}"), desk.now)


def test_a_unit_whose_certificate_ran_out_keeps_its_results(desk: Desk) -> None:
    result = desk.result()
    signed = desk.sign(result)
    desk.now += timedelta(days=400)

    receipt = desk.consumer.take(UNIT, signed, desk.now)

    assert (receipt.disposition, receipt.digest) == ("stale", hashlib.sha256(encode(result)).digest())
    assert desk.records() == []


def test_a_result_of_an_unknown_form_is_refused_where_it_can_be_answered(desk: Desk) -> None:
    payload = msgspec.json.decode(encode(desk.result()))
    least = {"message_id": "message-9", "sequence": 9, "expires_at": "2026-11-23T03:00:00Z"}
    for odd in ({**payload, "v": 2}, {**payload, "reason": "unheard_of"}, least):
        token = desk.signer(UNIT).sign(json.dumps(odd).encode())
        assert desk.consumer.take(UNIT, SignedResult(jws=token), desk.now).disposition == "refused"


@pytest.mark.parametrize("jws", ["", "no token", "a.b.c", "..", "a.é.c", "." * 100_000])
def test_what_cannot_even_be_answered_is_a_message_error(desk: Desk, jws: str) -> None:
    with pytest.raises(MessageError, match=r"no signed result|the signature does not hold"):
        desk.consumer.take(UNIT, SignedResult(jws=jws), desk.now)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 5_000, b'{"message_id":"message-9","sequence":9}', "受付".encode()]
)
def test_what_a_unit_signed_without_so_much_as_a_number_is_a_message_error(desk: Desk, content: bytes) -> None:
    with pytest.raises(MessageError, match="without so much as a number"):
        desk.consumer.take(UNIT, SignedResult(jws=desk.signer(UNIT).sign(content)), desk.now)


def test_simulated_and_real_do_not_mix(open_desk: Callable[..., Desk]) -> None:
    production = open_desk()
    assert production.report(production.result(simulated=True)).disposition == "refused"
    simulated = production.result(simulated=True, unit="sim-1")
    assert production.report(simulated, by="sim-1", on="sim-1").disposition == "refused"

    simulation = open_desk(branch=topics.SIMULATION_ROOT)
    assert simulation.report(simulated, by="sim-1", on="sim-1").disposition == "stored"
    pretending = simulation.result(2, simulated=False, unit="sim-1")
    assert simulation.report(pretending, by="sim-1", on="sim-1").disposition == "refused"
    assert simulation.report(simulation.result(3)).disposition == "refused"
