"""The answer as it travels: signed by the gateway, then sealed for the clinic's consumer.

The seal alone proves nothing: whoever has the public key can seal, and every unit has it. So the answer carries the
gateway's signature inside, and a unit that was broken into still cannot make up an insurance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from cryptography import x509
from joserfc.jwk import ECKey
from msgspec import Meta, Struct

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import Assurance, CertificateState
from device.wire.codec import decode, encode
from device.wire.messages import VERSION, Aware, Id
from device.wire.sealing import Signer, seal, unseal, verify
from device.wire.services import GATEWAY


class SealedAnswer(Struct, frozen=True, kw_only=True, tag="sealed_answer", tag_field="kind"):
    """What the gateway says to the consumer about one visit."""

    v: Annotated[int, Meta(ge=1)] = VERSION
    reception: Id
    answered_at: Aware
    """By the gateway's clock, which is the clinic's."""
    reason: Reason
    accepted: Assurance | None
    """The way of proving the holder that was accepted; None where the desk asked with insurance data."""
    certificate: CertificateState | None
    certificate_ends: date | None
    """The certificate's last day in Japan."""
    mode: Literal["normal", "disaster"] = "normal"
    qualification: dict[str, object]
    """Official element names, see `clinic.qualification`."""


class NotOpenedError(MessageError):
    """None of our keys opens it: sealed for another key, or damaged. The right key may still come."""


def seal_answer(answer: SealedAnswer, signer: Signer, recipient: ECKey) -> str:
    """Sign and seal. Raise MessageError when it is larger than a message may carry."""
    return seal(signer.sign(encode(answer)).encode(), recipient)


def open_answer(
    token: str, *, keys: Sequence[ECKey], authority: x509.Certificate, reception: str, now: datetime
) -> SealedAnswer:
    """Open and check an answer. Raise NotOpenedError for a foreign key, MessageError where it proves nothing."""
    try:
        signed = unseal(token, *keys)
    except MessageError as error:
        raise NotOpenedError(str(error), reason=error.reason) from error
    try:
        plain = verify(signed.decode("ascii"), speaker=GATEWAY, authority=authority, at=now)
        answer: SealedAnswer = decode(plain, SealedAnswer)
    except (UnicodeDecodeError, msgspec.DecodeError):
        raise MessageError("what was sealed is not signed", reason=Reason.SERVICE_REFUSED) from None
    if answer.reception != reception:
        # Nobody on the way can change an answer, but a unit can mix two up.
        raise MessageError("its qualification was given for another visit", reason=Reason.SERVICE_REFUSED)
    return answer
