"""The record of the face and its signatures, written field by field in the conftest."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.card.surface_record import SurfaceRecord, chip_answered, public_key
from device.card.trust import Chain, Origin, SurfaceAnchor
from device.domain.errors import CardUnreadable
from device.domain.reasons import Reason

Issuers = Any
"""The class of the fixture, which lives in a conftest."""
PORTRAIT = bytes.fromhex("0000000C6A5020200D0A870A") + b"picture"


def test_the_three_answers_are_kept_apart(issuers: Issuers) -> None:
    record = SurfaceRecord.parse(issuers.record(PORTRAIT))
    certificate = issuers.certificate()
    stranger = replace(issuers.anchor, key=issuers.chip.public_key())
    elsewhere = replace(stranger, key_id=bytes(16))
    assert record.origin(certificate, (elsewhere, issuers.anchor)) == Origin(Chain.VALID, "portraits")
    assert record.origin(certificate, (elsewhere,)) == Origin(Chain.ANCHOR_UNKNOWN)
    assert record.origin(certificate, ()) == Origin(Chain.ANCHOR_UNKNOWN)
    # The right name and another key: a forged certificate, or a forged anchor. Never "unknown".
    assert record.origin(certificate, (stranger,)) == Origin(Chain.INVALID)


def test_two_anchors_of_one_identifier_are_told_by_the_signature(issuers: Issuers) -> None:
    record = SurfaceRecord.parse(issuers.record(PORTRAIT))
    before = SurfaceAnchor("before", issuers.key_id, issuers.chip.public_key())
    assert record.origin(issuers.certificate(), (before, issuers.anchor)) == Origin(Chain.VALID, "portraits")


@pytest.mark.parametrize("tag", ["DF22", "DF23", "DF25", "DF26", "DF27"])
def test_every_signed_field_is_held_by_the_signature(issuers: Issuers, tag: str) -> None:
    record = issuers.record(PORTRAIT)
    last = record.index(issuers.fields(PORTRAIT)[tag]) + len(issuers.fields(PORTRAIT)[tag]) - 1
    altered = record[:last] + bytes([record[last] ^ 1]) + record[last + 1 :]
    origin = SurfaceRecord.parse(altered).origin(issuers.certificate(), (issuers.anchor,))
    assert origin == Origin(Chain.INVALID)


def test_a_chip_key_that_was_exchanged_is_noticed(issuers: Issuers) -> None:
    modulus = issuers.signer.public_key().public_numbers().n.to_bytes(256, "big")
    own = issuers.chip.public_key().public_numbers().n.to_bytes(256, "big")
    altered = issuers.record(PORTRAIT).replace(own, modulus)
    assert SurfaceRecord.parse(altered).origin(issuers.certificate(), (issuers.anchor,)).chain is Chain.INVALID


def test_an_exchanged_header_of_a_signed_field_is_noticed_too(issuers: Issuers) -> None:
    altered = issuers.record(PORTRAIT).replace(bytes.fromhex("DF23820001"), bytes.fromhex("DF2383000001"))
    grown = bytes.fromhex("FF2082") + (int.from_bytes(altered[3:5], "big") + 1).to_bytes(2, "big") + altered[5:]
    assert SurfaceRecord.parse(grown).origin(issuers.certificate(), ()).chain is Chain.INVALID


def test_a_signer_whose_certificate_was_altered_is_invalid(issuers: Issuers) -> None:
    record = SurfaceRecord.parse(issuers.record(PORTRAIT))
    certificate = issuers.certificate()
    for at in (len(certificate) - 1, certificate.index(issuers.key_id) + 20):
        altered = certificate[:at] + bytes([certificate[at] ^ 1]) + certificate[at + 1 :]
        assert record.origin(altered, (issuers.anchor,)) == Origin(Chain.INVALID)


def test_a_signature_of_another_size_is_invalid_and_no_crash(issuers: Issuers) -> None:
    record = SurfaceRecord.parse(issuers.record(PORTRAIT))
    for signature in (b"", bytes(255), b"\xff" * 256, bytes(300)):
        assert replace(record, signature=signature).origin(issuers.certificate(), ()).chain is Chain.INVALID


@pytest.mark.parametrize("tag", ["DF22", "DF23", "DF24", "DF25", "DF26", "DF28"])
def test_a_record_that_lacks_a_field_is_not_genuine(issuers: Issuers, tag: str) -> None:
    record = issuers.record(PORTRAIT)
    start = record.index(bytes.fromhex(tag + "82"))
    size = int.from_bytes(record[start + 3 : start + 5], "big") + 5
    shorter = record[:start] + record[start + size :]
    whole = shorter[:3] + (len(shorter) - 5).to_bytes(2, "big") + shorter[5:]
    with pytest.raises(CardUnreadable, match=f"lacks the field {tag}") as refused:
        SurfaceRecord.parse(whole)
    assert refused.value.reason is Reason.PORTRAIT_NOT_GENUINE


@pytest.mark.parametrize(
    "value",
    [
        b"",
        bytes.fromhex("9003010001"),
        bytes.fromhex("900103 91820100") + b"\xff" * 256,  # e = 3
        bytes.fromhex("9003010001 91820100") + b"\x7f" + b"\xff" * 255,  # 2047 bits
        bytes.fromhex("9003010001 91820100") + b"\xff" * 255 + b"\xfe",  # even
        bytes.fromhex("9003010001 91820200") + b"\xff" * 512,  # 4096 bits
    ],
)
def test_a_key_of_any_other_kind_is_refused(issuers: Issuers, value: bytes) -> None:
    with pytest.raises(CardUnreadable) as refused:
        public_key(value)
    assert refused.value.reason is Reason.PORTRAIT_NOT_GENUINE
    with pytest.raises(CardUnreadable):
        SurfaceRecord.parse(issuers.record(PORTRAIT)).origin(issuers.certificate(signer=value), ())


def test_a_chip_answers_our_challenge_and_no_other(issuers: Issuers) -> None:
    answer = issuers.prove_chip(b"ours")
    assert chip_answered(issuers.chip.public_key(), answer, b"ours")
    assert not chip_answered(issuers.chip.public_key(), answer, b"another")
    assert not chip_answered(issuers.chip.public_key(), b"", b"ours")


def test_the_record_shows_nothing_of_itself(issuers: Issuers) -> None:
    assert repr(SurfaceRecord.parse(issuers.record(PORTRAIT))) == "SurfaceRecord()"


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_card_writes_comes_out_as_one_of_our_errors_or_as_an_answer_that_is_not_valid(
    issuers: Issuers, data: st.DataObject
) -> None:
    record, certificate = bytearray(issuers.record(PORTRAIT)), bytearray(issuers.certificate())
    for content in (record, certificate):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(min_size=1, max_size=3))
    with contextlib.suppress(CardUnreadable):
        found = SurfaceRecord.parse(bytes(record))
        if found.origin(bytes(certificate), (issuers.anchor,)).chain is Chain.VALID:
            assert found == SurfaceRecord.parse(issuers.record(PORTRAIT)), "only what is not signed was touched"
