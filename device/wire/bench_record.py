"""A bench's word on a unit: a record in JSON, signed by the station that tested it, and how anybody checks it.

The document is `{"signature": …, "record": {…}}`. The signature is a JWS with detached payload (RFC 7515, appendix F;
ES256) over the record's bytes exactly as they stand in the document, and its `kid` is the station's name. Here is only
what a fleet needs of a record; the whole of it is described in `hw/record.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Final, TypeVar

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from msgspec import Meta

from device.domain.errors import Drop, MessageError
from device.domain.reasons import Reason
from device.wire.messages import Aware

BENCH_FORMAT: Final = "uketsuke-bench-record/1"
PASSED: Final = "pass"
MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
_ALGORITHM: Final = "ES256"

T = TypeVar("T", bound=msgspec.Struct)


Word = Annotated[str, Meta(min_length=1, max_length=64)]


class UnitTried(msgspec.Struct, frozen=True, kw_only=True):
    """What was on the table."""

    serial: Word
    simulated: bool
    board: Annotated[str, Meta(max_length=128)] = ""
    """What the board calls itself, where it does: a serial number alone is a sticker."""


class BenchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a fleet needs of a record."""

    format: str
    id: Word
    plan: Word
    unit: UnitTried
    station: Word
    ended: Aware
    verdict: Word
    digests: dict[str, str] = {}
    """SHA-256 of `plan` and `limits`: what "passed" meant that day."""

    def passed(self, plan: str, serial: str) -> bool:
        """Tell whether this unit passed this plan."""
        return self.verdict == PASSED and self.plan == plan and self.unit.serial == serial


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    signature: str
    record: msgspec.Raw


def sign_bench_record(record: bytes, key: ECKey, *, station: str) -> bytes:
    """Return the signed document for a record in JSON."""
    token = jws.serialize_compact({"alg": _ALGORITHM, "kid": station}, record, key, algorithms=[_ALGORITHM])
    head, _, signature = token.split(".")
    return msgspec.json.encode(_Document(signature=f"{head}..{signature}", record=msgspec.Raw(record)))


def verify_bench_record(document: bytes, stations: Mapping[str, ECKey]) -> BenchResult:
    """Return what a signed record says, if one of these stations signed it. Raise MessageError otherwise."""
    return bench_result(read_signed(document, stations))


def bench_result(record: bytes) -> BenchResult:
    """Return what a record says that `read_signed` gave. Raise MessageError where it is none."""
    return _decoded(record, BenchResult)


def read_signed(document: bytes, stations: Mapping[str, ECKey]) -> bytes:
    """Return the record's bytes once the signature held and the record names the station that signed it."""
    if len(document) > MAX_RECORD_BYTES:
        raise _refused(f"a record of {len(document)} bytes", Drop.OVERSIZED)
    parts = _decoded(document, _Document)
    record = bytes(parts.record)
    head, dots, signature = parts.signature.partition("..")
    payload = base64.urlsafe_b64encode(record).rstrip(b"=").decode()
    if not dots:
        raise _refused("a signature that is no detached JWS")
    try:
        signed = jws.extract_compact(f"{head}.{payload}.{signature}".encode())
        station = signed.headers().get("kid")
        key = stations.get(station) if isinstance(station, str) else None
        if key is None:
            raise _refused(f"signed by a station that nobody here knows: {station!r:.40}")
        if not jws.validate_compact(signed, key, algorithms=[_ALGORITHM]):
            raise _refused("the signature does not hold: the record was changed")
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused("the signature does not hold") from error
    result = bench_result(record)
    if result.format != BENCH_FORMAT:
        raise _refused(f"the record's format is {result.format!r:.40}", Drop.FOREIGN_VERSION)
    if result.station != station:
        raise _refused("the record names another station than the one that signed it")
    return record


def _decoded(document: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(f"no record of a bench: {error}") from error


def _refused(what: str, drop: Drop = Drop.MALFORMED) -> MessageError:
    return MessageError(f"bench record: {what}", reason=Reason.SERVICE_REFUSED, drop=drop)
