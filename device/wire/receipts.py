"""The clinic's "I have it": made and signed by the consumer, believed by the unit.

A receipt answers one copy of one result, and says which: whose, which number, and the SHA-256 of the very bytes that
the unit had signed. The unit makes those bytes again from what waits in its outbox. So nobody on the way can make a
receipt, change one, or use one for another result; he can only keep it back.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

import msgspec
from cryptography import x509
from msgspec.structs import replace

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.wire.codec import decode, encode
from device.wire.messages import Address, Receipt, Result, SignedReceipt
from device.wire.sealing import Signer, verify
from device.wire.services import CONSUMER

Disposition = Literal["stored", "duplicate", "refused", "stale"]


def copy_of(kept: bytes, expires_at: datetime) -> bytes:
    """Return what a unit signs of a result that it keeps: the same bytes for the same expiry.

    Raise MessageError where `kept` is no result.
    """
    result: Result = decode(kept, Result)
    return encode(replace(result, expires_at=expires_at))


def acknowledge(copy: bytes, unit: str, disposition: Disposition, *, at: datetime, reason: Reason | None) -> Receipt:
    """Return the receipt for a copy that `unit` is proven to have signed.

    Nothing else may be answered: whoever could have a receipt for bytes that he made up could have any result deleted.
    Raise MessageError for a copy without so much as an address.
    """
    try:
        address = msgspec.json.decode(copy, type=Address)
    except (msgspec.DecodeError, RecursionError):
        words = "a result without so much as a number to answer to"
        raise MessageError(words, reason=Reason.SERVICE_REFUSED) from None
    return Receipt(
        unit=unit,
        message_id=address.message_id,
        sequence=address.sequence,
        expires_at=address.expires_at,
        digest=hashlib.sha256(copy).digest(),
        disposition=disposition,
        reason=reason,
        signed_at=at,
    )


def sign_receipt(receipt: Receipt, signer: Signer) -> SignedReceipt:
    """Return the receipt as it crosses the line; `signer` is the consumer's."""
    return SignedReceipt(jws=signer.sign(encode(receipt)))


def open_receipt(signed: SignedReceipt, *, unit: str, authority: x509.Certificate, at: datetime) -> Receipt:
    """Return a receipt that the consumer of the site of `authority` signed for `unit`.

    Raise MessageError where it did not, or with a certificate that is not valid `at` this time.
    """
    receipt: Receipt = decode(verify(signed.jws, speaker=CONSUMER, authority=authority, at=at), Receipt)
    if receipt.unit != unit:
        raise _forged("a receipt for another unit")
    return receipt


def check_receipt(receipt: Receipt, kept: bytes) -> None:
    """Raise MessageError unless it answers a copy of this result that waits."""
    if hashlib.sha256(copy_of(kept, receipt.expires_at)).digest() != receipt.digest:
        raise _forged("a receipt for another content")


def _forged(words: str) -> MessageError:
    return MessageError(words, reason=Reason.SERVICE_REFUSED, drop=Drop.FORGED)
