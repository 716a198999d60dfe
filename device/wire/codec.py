"""Bytes to messages and back, with limits that are checked before anything is parsed."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.wire.messages import VERSION

MAX_BYTES = 262_144
"""A result with its sealed data is about 10 kB; four times the largest sealed field is more than anything we send."""

T = TypeVar("T")


class _Head(msgspec.Struct):
    v: int


def encode(message: msgspec.Struct) -> bytes:
    """Return the message as compact UTF-8 JSON."""
    return msgspec.json.encode(message)


def decode(payload: bytes, kind: type[T] | Any) -> T:  # noqa: ANN401  a union of structs is no `type`
    """Return the message if it is one of `kind` (a struct or a union of structs).

    Raise MessageError naming field and place; the payload itself is never quoted, it may be personal.
    """
    if len(payload) > MAX_BYTES:
        words = f"message of {len(payload)} bytes, the limit is {MAX_BYTES}"
        raise MessageError(words, reason=Reason.SERVICE_REFUSED, drop=Drop.OVERSIZED)
    try:
        head = msgspec.json.decode(payload, type=_Head)
        if head.v != VERSION:
            words = f"message version {head.v}, this side speaks {VERSION}"
            raise MessageError(words, reason=Reason.SERVICE_REFUSED, drop=Drop.FOREIGN_VERSION)
        message: T = msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"malformed message: {_without_values(str(error))}", reason=Reason.SERVICE_REFUSED) from None
    return message


def _without_values(text: str) -> str:
    # msgspec says what it expected and where (- at `$.reason`), and quotes an unknown enum value or tag as `repr` does.
    # The quote may be personal, and may hold quotation marks of its own: it ends at the last one.
    return re.sub(r"""value ['"].*['"]""", "value", text, flags=re.DOTALL)
