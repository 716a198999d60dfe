from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from device.card import MyNumberCard, PortraitCheck, ReferenceNumberRefused
from device.domain.errors import CardLost, CardUnknown, CardUnreadable, PinBlocked, PinRejected
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardFacts, CardKind, PinUse
from device.sim.card import (
    Algorithm,
    CardAuthority,
    CardCredentials,
    CardFrontPrint,
    Misbehaviour,
    OtherCard,
    SimulatedCard,
)
from device.sim.card_trust import simulated_trust
from device.sim.institution import SimulatedInstitutionCredential

MakeCard = Callable[..., SimulatedCard]
Listen = Callable[[Any], Any]

CHECK = PortraitCheck(challenge=bytes(32), unknown_anchor_goes_on=True)
QUIRKS = [
    Misbehaviour(error_after_power_up=True),
    Misbehaviour(largest_read=100),
    Misbehaviour(largest_le=64),
    Misbehaviour(largest_part=128),
    Misbehaviour(counter_hidden=True),
    Misbehaviour(error_after_power_up=True, largest_read=33, largest_le=200, largest_part=20, counter_hidden=True),
]


def check_signature(certificate: bytes, signature: bytes, challenge: bytes) -> None:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, challenge, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, challenge, ec.ECDSA(hashes.SHA384()))


@pytest.mark.parametrize("misbehaviour", [Misbehaviour(), *QUIRKS])
def test_all_of_a_visit_works_whatever_the_cards_habits(
    make_card: MakeCard, listen: Listen, card_credentials: CardCredentials, misbehaviour: Misbehaviour
) -> None:
    portrait = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(5000)
    card = make_card(misbehaviour=misbehaviour, portrait=portrait)
    visit = MyNumberCard.identify(listen(card))
    certificate = visit.read_certificate()
    x509.load_der_x509_certificate(certificate).verify_directly_issued_by(card_credentials.authority.certificate)

    check = PortraitCheck(bytes(32), simulated_trust(card_credentials.authority).surfaces)
    assert visit.reference_number_tries_left() == 10
    assert visit.read_portrait(card.reference_number(), check).jp2 == portrait

    with pytest.raises(PinRejected) as rejected:
        visit.verify_pin(Pin(b"0000"))
    assert rejected.value.tries_left == visit.pin_tries_left() == 2
    visit.verify_pin(Pin(b"1234"))
    assert visit.pin_tries_left() == 3
    check_signature(certificate, visit.sign(b"challenge"), b"challenge")


def test_the_third_wrong_pin_blocks_the_card_and_the_right_one_comes_too_late(
    make_card: MakeCard, listen: Listen
) -> None:
    visit = MyNumberCard.identify(listen(make_card()))
    for left in (2, 1):
        with pytest.raises(PinRejected) as rejected:
            visit.verify_pin(Pin(b"0000"))
        assert rejected.value.tries_left == left
    with pytest.raises(PinBlocked):
        visit.verify_pin(Pin(b"0000"))
    with pytest.raises(PinBlocked):
        visit.verify_pin(Pin(b"1234"))
    assert visit.pin_tries_left() == 0


def test_a_wrong_number_of_the_front_costs_a_try_until_the_floor_stops_it(make_card: MakeCard, listen: Listen) -> None:
    visit = MyNumberCard.identify(listen(make_card()))
    for left in (9, 8, 7, 6, 5, 4):
        with pytest.raises(ReferenceNumberRefused) as refused:
            visit.read_portrait(ReferenceNumberB(b"55021720352286"), CHECK)
        assert (refused.value.tries_left, refused.value.sent) == (left, True)
    with pytest.raises(ReferenceNumberRefused) as refused:
        visit.read_portrait(ReferenceNumberB(b"55021720352286"), CHECK)
    assert (refused.value.tries_left, refused.value.sent) == (4, False)
    assert visit.reference_number_tries_left() == 4


def test_the_stand_in_of_an_institution_unlocks_the_simulated_card(make_card: MakeCard, listen: Listen) -> None:
    card = make_card()
    visit = MyNumberCard.identify(listen(card))
    visit.read_portrait(card.reference_number(), CHECK)
    assert visit.unlock_by_institution(SimulatedInstitutionCredential())
    check_signature(visit.read_certificate(), visit.sign(b"challenge"), b"challenge")


def test_a_card_that_does_not_know_the_stand_in_stays_locked_and_goes_on_by_pin(
    make_card: MakeCard, listen: Listen
) -> None:
    visit = MyNumberCard.identify(listen(make_card(knows_stand_in=False)))
    assert not visit.unlock_by_institution(SimulatedInstitutionCredential())
    with pytest.raises(CardUnreadable, match="6982"):
        visit.sign(b"challenge")
    visit.verify_pin(Pin(b"1234"))
    assert len(visit.sign(b"challenge")) == 256


def test_an_android_phone_shows_its_certificate_after_the_pin(make_card: MakeCard, listen: Listen) -> None:
    visit = MyNumberCard.identify(listen(make_card(kind=CardKind.ANDROID)))
    assert visit.facts == CardFacts(CardKind.ANDROID, has_surface=False)
    assert visit.profile.certificate_needs_pin
    with pytest.raises(CardUnreadable, match="6982"):
        visit.read_certificate()
    visit.verify_pin(Pin(b"1234"))
    check_signature(visit.read_certificate(), visit.sign(b"challenge"), b"challenge")


def test_an_iphone_signs_without_a_pin(make_card: MakeCard, listen: Listen) -> None:
    visit = MyNumberCard.identify(listen(make_card(kind=CardKind.IPHONE)))
    assert visit.facts == CardFacts(CardKind.IPHONE, has_surface=False, pin=PinUse.PHONE)
    check_signature(visit.read_certificate(), visit.sign(b"challenge"), b"challenge")


def test_a_card_without_pin_is_sent_none_and_signs_for_an_institution(make_card: MakeCard, listen: Listen) -> None:
    card = make_card(kind=CardKind.PINLESS)
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    assert visit.facts == CardFacts(CardKind.PINLESS, has_surface=True, pin=PinUse.NOWHERE)
    with pytest.raises(CardUnreadable, match="6982"):
        visit.sign(b"challenge")
    assert visit.unlock_by_institution(SimulatedInstitutionCredential())
    check_signature(visit.read_certificate(), visit.sign(b"challenge"), b"challenge")
    assert heard.verifies == []


def test_the_next_card_signs_with_ecdsa_p384(listen: Listen) -> None:
    authority = CardAuthority(algorithm=Algorithm.ECDSA_P384)
    issued = authority.issue(
        serial=7, not_before=datetime(2028, 4, 1, tzinfo=UTC), not_after=datetime(2038, 4, 1, tzinfo=UTC)
    )
    front = CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285")
    visit = MyNumberCard.identify(listen(SimulatedCard(issued, front=front, kind=CardKind.NEXT)))
    assert visit.facts == CardFacts(CardKind.NEXT, has_surface=True)
    certificate = visit.read_certificate()
    x509.load_der_x509_certificate(certificate).verify_directly_issued_by(authority.certificate)
    with pytest.raises(CardUnreadable, match="6982"):
        visit.sign(b"challenge")
    visit.verify_pin(Pin(b"1234"))
    check_signature(certificate, visit.sign(b"challenge"), b"challenge")


def test_another_card_is_told_as_another_card(listen: Listen) -> None:
    with pytest.raises(CardUnknown):
        MyNumberCard.identify(listen(OtherCard()))


@pytest.mark.parametrize("first", [1, 2, 3, 4, 5])
def test_a_card_that_answers_noise_is_unreadable(make_card: MakeCard, listen: Listen, first: int) -> None:
    with pytest.raises((CardUnreadable, CardUnknown)):
        MyNumberCard.identify(listen(make_card(misbehaviour=Misbehaviour(garbage_from=first)))).read_certificate()


def test_a_card_whose_files_lie_about_their_length_is_unreadable(make_card: MakeCard, listen: Listen) -> None:
    card = make_card(misbehaviour=Misbehaviour(claimed_length=0x7FFF_FFFF))
    visit = MyNumberCard.identify(listen(card))
    with pytest.raises(CardUnreadable, match="claims"):
        visit.read_certificate()
    with pytest.raises(CardUnreadable, match="claims"):
        visit.read_portrait(card.reference_number(), CHECK)


def test_a_card_may_leave_after_any_command(make_card: MakeCard, listen: Listen) -> None:
    commands = 0
    while True:
        card = make_card(misbehaviour=Misbehaviour(leaves_after=commands))
        try:
            visit = MyNumberCard.identify(listen(card))
            visit.read_certificate()
            visit.read_portrait(card.reference_number(), CHECK)
            visit.verify_pin(Pin(b"1234"))
            visit.sign(b"challenge")
        except CardLost:
            commands += 1
        else:
            break
    assert commands > 20
