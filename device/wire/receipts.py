"""The clinic's "I have it": made for one copy of one result, checked against the result that waits.

A receipt says which copy it answers: whose, which number, and the SHA-256 of the very bytes that the unit had signed.
The unit makes those bytes again from what waits in its outbox. Who signs it: `device.wire.said`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.wire.codec import decode, encode
from device.wire.messages import Address, Receipt, Result
from device.wire.said import check_reply

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


def check_receipt(receipt: Receipt, kept: bytes) -> None:
    """Raise MessageError unless it answers a copy of this result that waits."""
    check_reply(receipt, copy_of(kept, receipt.expires_at))
