from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from clinic.gateway import CHALLENGE_LIFETIME
from clinic.inquiry import GatewayPolicy
from clinic.proof import trusted_certificate
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import Assurance, UnitId
from device.wire.codec import encode
from device.wire.messages import Answer, Confirm, Evidence, Holder, HolderKnown, Refused
from device.wire.sealing import seal

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

TARO = 1001


def why(answer: Answer) -> Reason:
    assert isinstance(answer, Refused)
    return answer.reason


def tell(visitor: GatewayVisitor, ask: Holder) -> Answer:
    return visitor.gateway.answer(visitor.unit, ask, visitor.now)


def test_a_signature_by_another_key_is_refused(
    issuer: CardIssuer, rsa_keys: tuple[rsa.RSAPrivateKey, ...], visitor: GatewayVisitor
) -> None:
    challenge = visitor.begin()
    forged = rsa_keys[2].sign(challenge, padding.PKCS1v15(), hashes.SHA256())

    assert why(tell(visitor, visitor.holder_ask(issuer.issue(TARO), challenge, signature=forged))) is (
        Reason.PROOF_REFUSED
    )


def test_a_signature_over_another_challenge_is_refused(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    card = issuer.issue(TARO)
    ask = visitor.holder_ask(card, visitor.begin(), signature=card.sign(bytes(32)))

    assert why(tell(visitor, ask)) is Reason.PROOF_REFUSED


def test_a_card_of_another_authority_under_the_same_name_is_not_trusted(
    foreign_issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    assert why(visitor.show(foreign_issuer.issue(TARO))) is Reason.CERTIFICATE_NOT_TRUSTED


def test_the_anchor_is_found_by_signature_where_all_generations_have_one_name(
    issuer: CardIssuer,
    foreign_issuer: CardIssuer,
    policy: GatewayPolicy,
    open_gateway: Callable[..., GatewayVisitor],
) -> None:
    anchors = (foreign_issuer.certificate, issuer.certificate)
    visitor = open_gateway(policy=replace(policy, anchors=anchors))

    assert isinstance(visitor.show(issuer.issue(TARO)), HolderKnown)
    assert isinstance(visitor.show(foreign_issuer.issue(TARO)), HolderKnown)


def test_a_challenge_is_good_once(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    challenge = visitor.begin()
    card = issuer.issue(TARO)

    assert isinstance(tell(visitor, visitor.holder_ask(card, challenge)), HolderKnown)
    assert why(tell(visitor, visitor.holder_ask(card, challenge))) is Reason.PROOF_REFUSED


def test_a_failed_attempt_spends_the_challenge_too(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    challenge = visitor.begin()
    card = issuer.issue(TARO)

    tell(visitor, visitor.holder_ask(card, challenge, signature=b"no signature"))

    assert why(tell(visitor, visitor.holder_ask(card, challenge))) is Reason.PROOF_REFUSED


@pytest.mark.parametrize(("late_by_s", "known"), [(-1, True), (0, False), (60, False)])
def test_a_challenge_expires(issuer: CardIssuer, visitor: GatewayVisitor, late_by_s: int, known: bool) -> None:  # noqa: FBT001  a table of cases
    ask = visitor.holder_ask(issuer.issue(TARO), visitor.begin())
    visitor.now += CHALLENGE_LIFETIME + timedelta(seconds=late_by_s)

    assert isinstance(tell(visitor, ask), HolderKnown) is known


def test_a_new_challenge_replaces_the_old_one(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    old = visitor.begin()
    visitor.begin()

    assert why(tell(visitor, visitor.holder_ask(issuer.issue(TARO), old))) is Reason.PROOF_REFUSED


def test_a_new_challenge_forgets_who_was_there_before(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    visitor.show(issuer.issue(TARO))
    visitor.begin()

    assert why(visitor.confirm()) is Reason.PROOF_REFUSED


def test_another_units_challenge_is_worth_nothing(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    ask = visitor.holder_ask(issuer.issue(TARO), visitor.begin())

    thief = replace(visitor, unit=UnitId("unit-0002"))
    assert why(tell(thief, ask)) is Reason.SERVICE_REFUSED

    thief.begin()
    assert why(tell(thief, msgspec.structs.replace(ask, ask_id="ask-stolen"))) is Reason.PROOF_REFUSED


def test_another_visits_challenge_is_worth_nothing(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    ask = visitor.holder_ask(issuer.issue(TARO), visitor.begin())
    visitor.reception = "b" * 32
    visitor.begin()

    moved = msgspec.structs.replace(ask, reception=visitor.reception, ask_id="ask-moved")
    assert why(tell(visitor, moved)) is Reason.PROOF_REFUSED


def test_nobody_confirms_without_having_proven_anything(visitor: GatewayVisitor) -> None:
    assert why(visitor.confirm()) is Reason.SERVICE_REFUSED
    visitor.begin()
    assert why(visitor.confirm()) is Reason.PROOF_REFUSED


def test_evidence_sealed_for_another_is_refused_without_blaming_the_visitor(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    elsewhere = replace(visitor, key=ECKey.generate_key("P-256"))

    assert why(elsewhere.show(issuer.issue(TARO))) is Reason.SERVICE_REFUSED


@pytest.mark.parametrize("plain", [b"", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"assurance":"certain"}'])
def test_sealed_garbage_is_refused(plain: bytes, visitor: GatewayVisitor) -> None:
    visitor.begin()
    sealed = seal(plain, visitor.key) if len(plain) < 10_000 else "[" * 60_000

    ask = Holder(ask_id="ask-garbage", reception=visitor.reception, evidence=sealed)
    assert why(tell(visitor, ask)) is Reason.SERVICE_REFUSED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(certificate=st.binary(max_size=64), signature=st.none() | st.binary(max_size=300), token=st.text(max_size=99))
def test_no_garbage_ever_makes_a_holder(
    visitor: GatewayVisitor, certificate: bytes, signature: bytes | None, token: str
) -> None:
    evidence = Evidence(assurance=Assurance.PIN_SIGNATURE, certificate=certificate, signature=signature)
    for sealed in (token, seal(encode(evidence), visitor.key)):
        visitor.reception = f"{abs(hash(sealed)):032x}"
        visitor.begin()
        ask = Holder(ask_id=visitor.ask_id(), reception=visitor.reception, evidence=sealed)
        assert isinstance(tell(visitor, ask), Refused)
        assert isinstance(visitor.confirm(), Refused)


def test_a_claim_of_a_signature_without_one_is_refused(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    for assurance in (Assurance.PIN_SIGNATURE, Assurance.PHONE_SIGNATURE, Assurance.FACE_INSTITUTION):
        ask = visitor.holder_ask(issuer.issue(TARO), visitor.begin(), assurance=assurance, unsigned=True)
        assert why(tell(visitor, ask)) is Reason.PROOF_REFUSED


@pytest.mark.parametrize("assurance", [Assurance.FACE_ONLY, Assurance.ATTENDANT])
def test_a_match_that_the_card_did_not_sign_is_accepted_only_where_the_clinic_says_so(
    assurance: Assurance, issuer: CardIssuer, policy: GatewayPolicy, open_gateway: Callable[..., GatewayVisitor]
) -> None:
    strict, open_minded = open_gateway(), open_gateway(policy=replace(policy, accept=frozenset(Assurance)))
    card = issuer.issue(TARO)

    assert why(tell(strict, strict.holder_ask(card, strict.begin(), assurance=assurance, unsigned=True))) is (
        Reason.ASSURANCE_REFUSED
    )
    unsigned = open_minded.holder_ask(card, open_minded.begin(), assurance=assurance, unsigned=True)
    assert isinstance(tell(open_minded, unsigned), HolderKnown)
    false = open_minded.holder_ask(card, open_minded.begin(), assurance=assurance, signature=b"false")
    assert why(tell(open_minded, false)) is Reason.PROOF_REFUSED


def test_after_an_assurance_was_refused_the_pin_still_works(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    card = issuer.issue(TARO)
    visitor.show(card, assurance=Assurance.FACE_ONLY)

    assert isinstance(visitor.show(card), HolderKnown)


def test_a_phones_elliptic_curve_certificate_is_as_good_as_a_cards(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    assert isinstance(visitor.show(issuer.issue(TARO, key=ec.generate_private_key(ec.SECP256R1()))), HolderKnown)


def test_keys_that_no_card_has_prove_nothing(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  which is the point
    for key in (short, ec.generate_private_key(ec.SECP521R1())):
        assert why(visitor.show(issuer.issue(TARO, key=key))) is Reason.PROOF_REFUSED


def test_the_cards_other_certificate_and_odd_ones_are_not_trusted(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    early = issuer.issue(TARO, not_before=visitor.now + timedelta(hours=1))
    large = replace(issuer.issue(TARO), certificate=bytes(9000))
    for card in (issuer.issue(TARO, for_signing_documents=True), issuer.issue(TARO, usage=False), early, large):
        assert why(visitor.show(card)) is Reason.CERTIFICATE_NOT_TRUSTED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(where=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_certificate_with_any_byte_changed_is_refused_and_nothing_else_happens(
    where: float, value: int, issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    der = bytearray(issuer.issue(TARO).certificate)
    place = int(where * len(der))
    assume(der[place] != value)
    der[place] = value
    with pytest.raises(MessageError) as refused:
        trusted_certificate(bytes(der), [issuer.certificate], visitor.now)
    assert refused.value.reason is Reason.CERTIFICATE_NOT_TRUSTED


def test_no_word_of_the_certificate_reaches_the_log(
    issuer: CardIssuer, foreign_issuer: CardIssuer, visitor: GatewayVisitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for card in (foreign_issuer.issue(TARO), issuer.issue(1009), issuer.issue(1011), issuer.issue(TARO)):
        visitor.show(card)
    visitor.gateway.answer(
        visitor.unit, Confirm(ask_id="ask-last", reception=visitor.reception, consents={}), visitor.now
    )

    assert caplog.messages
    for word in ("INVENTED", "100", "1011", "診療"):
        assert word not in caplog.text
