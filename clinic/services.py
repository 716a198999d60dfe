"""The two services of a clinic, each from bytes to bytes: what the line hears, what is said back."""

from __future__ import annotations

from datetime import datetime

from clinic.gateway import Gateway
from clinic.intake import Consumer
from clinic.line import Hear, Say
from clinic.units import Units
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Ask, Begin, Challenge, SignedResult, Status
from device.wire.said import answer_to, sign_answer, sign_receipt
from device.wire.sealing import Signer

ANSWER_EXPIRY_S = 30
"""The unit has asked again or given up by then."""

RECEIPT_EXPIRY_S = 3600
"""A unit that was away longer sends its result again and gets a new receipt."""


def hear_asks(gateway: Gateway, units: Units, signer: Signer) -> Hear:
    """Return what answers asks, and notes that a visit has begun. `signer` is the gateway's own."""

    def hear(unit: UnitId, payload: bytes, now: datetime) -> Say:
        ask: Ask = decode(payload, Ask)
        answer = gateway.answer(unit, ask, now)
        if isinstance(ask, Begin) and isinstance(answer, Challenge):
            units.begun(unit, now)
        said = sign_answer(answer_to(payload, unit, answer, at=now), signer)
        return Say(topics.down(unit, topics.Down.ANSWER), encode(said), ANSWER_EXPIRY_S)

    return hear


def hear_results(consumer: Consumer, signer: Signer) -> Hear:
    """Return what takes in results; `signer` is the consumer's own, and no unit deletes a result without its word."""

    def hear(unit: UnitId, payload: bytes, now: datetime) -> Say:
        signed: SignedResult = decode(payload, SignedResult)
        receipt = consumer.take(unit, signed, now)
        return Say(topics.down(unit, topics.Down.RECEIPT), encode(sign_receipt(receipt, signer)), RECEIPT_EXPIRY_S)

    return hear


def hear_status(units: Units) -> Hear:
    """Return what listens to how units are. Nobody is answered."""

    def hear(unit: UnitId, payload: bytes, now: datetime) -> None:
        status: Status = decode(payload, Status)
        if status.unit != unit:
            raise MessageError("the status names another unit", reason=Reason.SERVICE_REFUSED)
        units.hear(status, now)

    return hear
