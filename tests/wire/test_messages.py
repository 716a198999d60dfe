from __future__ import annotations

from datetime import UTC
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.reasons import Reason
from device.domain.values import (
    Assurance,
    AttendantReason,
    CardKind,
    CertificateState,
    ConsentItem,
    ConsentMode,
    Prescription,
)
from device.wire.codec import decode, encode
from device.wire.messages import (
    Begin,
    Challenge,
    Confirm,
    Evidence,
    GivenAnswer,
    Holder,
    HolderKnown,
    Message,
    Qualification,
    Receipt,
    Refused,
    Register,
    Registrable,
    Result,
    SignedAnswer,
    SignedReceipt,
    SignedResult,
    Status,
)

ids = st.from_regex(r"[0-9A-Za-z_-]{8,64}", fullmatch=True)
names = st.from_regex(r"[0-9A-Za-z_-]{1,64}", fullmatch=True)
sealed = st.text("abcABC019-_.", max_size=100)
times = st.datetimes(timezones=st.just(UTC))
reasons = st.sampled_from(Reason)
notices = st.lists(reasons, max_size=3)
consents = st.dictionaries(st.sampled_from(ConsentItem), st.booleans())
prescriptions = st.none() | st.sampled_from(Prescription)
sequences = st.integers(1, 2**53)

MESSAGES: dict[type[msgspec.Struct], st.SearchStrategy[msgspec.Struct]] = {
    Begin: st.builds(Begin, ask_id=ids, reception=ids),
    Holder: st.builds(Holder, ask_id=ids, reception=ids, evidence=sealed),
    Register: st.builds(Register, ask_id=ids, reception=ids),
    Confirm: st.builds(
        Confirm,
        ask_id=ids,
        reception=ids,
        consents=consents,
        prescription=prescriptions,
        public_expense=st.none() | st.booleans(),
        emergency=st.booleans(),
    ),
    Evidence: st.builds(
        Evidence,
        assurance=st.sampled_from(Assurance),
        certificate=st.binary(max_size=100),
        signature=st.none() | st.binary(max_size=256),
    ),
    Challenge: st.builds(Challenge, ask_id=ids, challenge=st.binary(max_size=64), expires_at=times),
    Registrable: st.builds(Registrable, ask_id=ids, certificate=st.sampled_from(CertificateState)),
    HolderKnown: st.builds(
        HolderKnown,
        ask_id=ids,
        certificate=st.sampled_from(CertificateState),
        ask_consent=st.lists(st.sampled_from(ConsentItem)),
        consent_mode=st.sampled_from(ConsentMode),
        ask_public_expense=st.booleans(),
        ask_prescription=st.booleans(),
    ),
    Qualification: st.builds(Qualification, ask_id=ids, reason=reasons, notices=notices, sealed=st.none() | sealed),
    Refused: st.builds(Refused, ask_id=ids, reason=reasons),
    Result: st.builds(
        Result,
        message_id=ids,
        sequence=sequences,
        unit=names,
        reception=ids,
        reason=reasons,
        notices=notices,
        card=st.none() | st.sampled_from(CardKind),
        assurance=st.none() | st.sampled_from(Assurance),
        consents=consents,
        started_at=times,
        ended_at=times,
        expires_at=times,
        sealed=st.none() | sealed,
        simulated=st.booleans(),
        consented_at=st.none() | times,
        prescription=prescriptions,
        public_expense=st.none() | st.booleans(),
        attendant=st.none() | names,
        attendant_reason=st.none() | st.sampled_from(AttendantReason),
    ),
    SignedResult: st.builds(SignedResult, jws=sealed),
    SignedAnswer: st.builds(SignedAnswer, jws=sealed),
    GivenAnswer: st.builds(
        GivenAnswer,
        unit=names,
        digest=st.binary(min_size=32, max_size=32),
        expires_at=times,
        answer=st.builds(Refused, ask_id=ids, reason=reasons)
        | st.builds(Challenge, ask_id=ids, challenge=st.binary(max_size=64), expires_at=times),
    ),
    SignedReceipt: st.builds(SignedReceipt, jws=st.text("abc.-_", max_size=2_000)),
    Receipt: st.builds(
        Receipt,
        unit=names,
        message_id=ids,
        sequence=sequences,
        expires_at=times,
        digest=st.binary(min_size=32, max_size=32),
        disposition=st.sampled_from(["stored", "duplicate", "refused", "stale"]),
        reason=st.none() | reasons,
        signed_at=times,
    ),
    Status: st.builds(
        Status,
        unit=names,
        state=st.sampled_from(["ready", "impaired", "offline"]),
        birth_id=ids,
        version=st.text(max_size=20),
        troubles=notices,
        simulated=st.booleans(),
    ),
}


@given(st.sampled_from(list(MESSAGES)).flatmap(lambda kind: MESSAGES[kind]))
def test_every_message_comes_back_as_it_was_sent(message: msgspec.Struct) -> None:
    assert decode(encode(message), type(message)) == message


@given(st.sampled_from(get_args(Message)).flatmap(lambda kind: MESSAGES[kind]))
def test_a_message_is_known_by_its_kind_alone(message: msgspec.Struct) -> None:
    assert type(decode(encode(message), Message)) is type(message)


def test_no_two_messages_share_a_kind() -> None:
    tags = [kind.__struct_config__.tag for kind in MESSAGES]

    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_sent_message_cannot_be_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_evidence_does_not_show_whose_it_is() -> None:
    evidence = Evidence(assurance=Assurance.PIN_SIGNATURE, certificate=b"Taro", signature=b"Shinryo")

    assert f"{evidence} {evidence!r} {[evidence]}" == " ".join(
        ["Evidence(assurance=pin_signature)"] * 2 + ["[Evidence(assurance=pin_signature)]"]
    )
