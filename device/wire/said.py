"""What the clinic says to a unit: signed by the service that says it, for one unit, in reply to certain bytes of its.

A receipt is the consumer's, an answer the gateway's. Both name the unit and the SHA-256 of the bytes that they reply
to, which the unit knows best. So nobody on the way can make one, change one, or use one for something else; he can only
keep it back.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import assert_never, overload

from cryptography import x509

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.wire.codec import decode, encode
from device.wire.freshness import expiry, is_fresh
from device.wire.messages import Answer, GivenAnswer, Receipt, SignedAnswer, SignedReceipt
from device.wire.sealing import Signer, verify
from device.wire.services import CONSUMER, GATEWAY

Signed = SignedAnswer | SignedReceipt
"""As it crosses the line."""

Said = GivenAnswer | Receipt
"""What was signed."""


def answer_to(ask: bytes, unit: str, answer: Answer, *, at: datetime) -> GivenAnswer:
    """Return the answer for these bytes of an ask of `unit`."""
    return GivenAnswer(unit=unit, digest=hashlib.sha256(ask).digest(), expires_at=expiry(at), answer=answer)


def sign_answer(answer: GivenAnswer, signer: Signer) -> SignedAnswer:
    """Return the answer as it crosses the line; `signer` is the gateway's."""
    return SignedAnswer(jws=signer.sign(encode(answer)))


def sign_receipt(receipt: Receipt, signer: Signer) -> SignedReceipt:
    """Return the receipt as it crosses the line; `signer` is the consumer's."""
    return SignedReceipt(jws=signer.sign(encode(receipt)))


@overload
def open_said(signed: SignedAnswer, *, unit: str, authority: x509.Certificate, at: datetime) -> GivenAnswer: ...
@overload
def open_said(signed: SignedReceipt, *, unit: str, authority: x509.Certificate, at: datetime) -> Receipt: ...
def open_said(signed: Signed, *, unit: str, authority: x509.Certificate, at: datetime) -> Said:
    """Return what the service whose word it is, at the site of `authority`, said to `unit`.

    Raise MessageError where it did not, or where the certificate or an answer does not count `at` this time.
    """
    said: Said
    match signed:
        case SignedAnswer(jws=jws):
            said = decode(verify(jws, speaker=GATEWAY, authority=authority, at=at), GivenAnswer)
            dates_hold = is_fresh(said.expires_at, at)
        case SignedReceipt(jws=jws):
            said = decode(verify(jws, speaker=CONSUMER, authority=authority, at=at), Receipt)
            # "I have it" stays true.
            dates_hold = True
        case _:  # pragma: no cover  mypy proves that nobody comes here
            assert_never(signed)
    if said.unit != unit:
        raise _dropped("said to another unit", Drop.FORGED)
    if not dates_hold:
        raise _dropped("an answer that does not count now", Drop.STALE)
    return said


def check_reply(said: Said, to: bytes) -> None:
    """Raise MessageError unless it replies to these very bytes of the unit's."""
    if hashlib.sha256(to).digest() != said.digest:
        raise _dropped("a reply to another content", Drop.FORGED)


def _dropped(words: str, drop: Drop) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED, drop=drop)
