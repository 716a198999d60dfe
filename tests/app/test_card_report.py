"""What is found out of a card and said of it, and what that costs the card: nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from device.app.card_cli import facts_of
from device.app.card_readers import READERS, TIER_WORDS, Tier, recognise
from device.app.card_report import NOTICES, CardReport, Finding, Judge, examine
from device.app.card_words import FINDINGS, KINDS, explain
from device.card.certificate import Validity
from device.card.trust import CardTrust, CertificateAnchor, Realm
from device.domain.errors import CardLost
from device.domain.values import CardKind
from device.sim.card import (
    Algorithm,
    CardAuthority,
    CardCredentials,
    Misbehaviour,
    OtherCard,
    PlaceableCard,
    SimulatedCard,
)
from device.sim.reader import SimulatedReader
from device.wire.texts import LANGUAGES

NOW = datetime(2026, 4, 1, tzinfo=UTC)
"""The shared card's certificate runs from 2025-04-01 to 2030-04-01."""
ANYBODY = CardTrust(realm=Realm.TEST)
MakeCard = Callable[..., SimulatedCard]


class ListeningCard:
    """A card that remembers what it was asked."""

    def __init__(self, card: PlaceableCard) -> None:
        self._card = card
        self.atr = card.atr
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self.heard: list[bytes] = []

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.heard.append(bytes(apdu))
        return self._card.transmit(apdu)

    @property
    def secrets_sent(self) -> list[bytes]:
        """Every command that may cost a try: any VERIFY with a body, and whatever else takes a secret."""
        return [apdu for apdu in self.heard if (apdu[1] == 0x20 and len(apdu) > 4) or apdu[1] in {0x21, 0x24, 0x2C}]


def look(card: PlaceableCard, now: datetime = NOW, trust: CardTrust = ANYBODY) -> CardReport:
    reader = SimulatedReader()
    heard = ListeningCard(card)
    reader.place(heard)
    with reader.connect() as connection:
        report = examine(connection, Judge(now, trust=trust))
    assert heard.secrets_sent == []
    assert {apdu[1] for apdu in heard.heard} <= {0xA4, 0xB0, 0xC0, 0x20}
    return report


def test_a_good_card_works_by_pin_and_portrait(make_card: MakeCard) -> None:
    report = look(make_card())
    assert (report.kind, report.has_surface) == (CardKind.TEST, True)
    assert (report.pin_tries_left, report.portrait_tries_left) == (3, 10)
    assert (report.pin_works, report.portrait_works, report.phone_unlocks, report.well) == (True, True, False, True)
    assert report.certificate is not None
    assert report.certificate.found.validity is Validity.GOOD
    assert report.certificate.key == "RSA 2048"


def test_a_simulated_card_is_called_a_test_card(make_card: MakeCard) -> None:
    report = look(make_card())
    assert report.kind is CardKind.TEST
    assert Finding.TEST_CARD in report.findings


def test_a_card_without_pin_is_asked_for_none(make_card: MakeCard) -> None:
    report = look(make_card(kind=CardKind.PINLESS))
    assert report.kind is CardKind.PINLESS
    assert report.pin_tries_left is None
    assert Finding.NO_PIN in report.findings
    assert report.well


def test_a_phone_has_no_months_of_grace(make_card: MakeCard) -> None:
    after_the_end = datetime(2030, 4, 20, tzinfo=UTC)
    assert Finding.CERTIFICATE_EXPIRED in look(make_card(kind=CardKind.IPHONE), after_the_end).findings
    assert Finding.CERTIFICATE_IN_GRACE in look(make_card(), after_the_end).findings


def test_an_android_phone_keeps_its_certificate_behind_the_pin(make_card: MakeCard) -> None:
    report = look(make_card(kind=CardKind.ANDROID))
    assert report.kind is CardKind.ANDROID
    assert report.findings == (Finding.NO_PORTRAIT, Finding.CERTIFICATE_BEHIND_PIN)
    assert (report.pin_works, report.portrait_works) == (True, False)
    assert report.well


def test_an_iphone_is_asked_for_no_counter(make_card: MakeCard) -> None:
    report = look(make_card(kind=CardKind.IPHONE))
    assert report.pin_tries_left is None
    assert report.phone_unlocks
    assert {Finding.PIN_ON_THE_PHONE, Finding.NO_PORTRAIT} <= set(report.findings)


@pytest.mark.parametrize(("tries", "finding"), [(0, Finding.PIN_BLOCKED), (1, Finding.PIN_LAST_TRY)])
def test_a_counter_that_is_low_is_told(make_card: MakeCard, tries: int, finding: Finding) -> None:
    report = look(make_card(pin_tries=tries))
    assert report.pin_tries_left == tries
    assert finding in report.findings
    assert not report.well
    assert report.pin_works is (tries > 0)


def test_the_number_of_the_portrait_is_told_when_wrong_readings_have_spent_it(make_card: MakeCard) -> None:
    card = make_card()
    spend(card, 6)
    report = look(card)
    assert report.portrait_tries_left == 4
    assert Finding.PORTRAIT_FEW_TRIES in report.findings
    assert not report.portrait_works
    spend(card, 4)
    assert Finding.PORTRAIT_BLOCKED in look(card).findings


def spend(card: SimulatedCard, tries: int) -> None:
    card.power_on()
    card.transmit(bytes.fromhex("00A4040C0AD3921000310001010402"))
    card.transmit(bytes.fromhex("00A4020C020012"))
    for _ in range(tries):
        card.transmit(bytes.fromhex("002000800E") + b"00000000000000")
    card.power_off()


@pytest.mark.parametrize(
    ("now", "finding"),
    [
        (datetime(2025, 3, 1, tzinfo=UTC), Finding.CERTIFICATE_NOT_YET),
        (datetime(2030, 1, 2, tzinfo=UTC), Finding.CERTIFICATE_EXPIRES_SOON),
        (datetime(2030, 7, 30, tzinfo=UTC), Finding.CERTIFICATE_IN_GRACE),
        (datetime(2030, 8, 1, tzinfo=UTC), Finding.CERTIFICATE_EXPIRED),
    ],
)
def test_the_certificate_is_held_against_the_calendar(make_card: MakeCard, now: datetime, finding: Finding) -> None:
    report = look(make_card(), now)
    assert finding in report.findings
    assert report.well is (finding in NOTICES)


def test_who_issued_the_certificate_is_told_by_pinned_anchors(
    make_card: MakeCard, card_credentials: CardCredentials
) -> None:
    ours = CertificateAnchor("ours.pem", card_credentials.authority.certificate)
    known = look(make_card(), trust=CardTrust(Realm.TEST, certificates=(ours,)))
    assert known.certificate is not None
    assert known.certificate.found.origin.anchor == "ours.pem"
    assert "ours.pem" in "\n".join(explain(known, "reader", "en"))

    other = CertificateAnchor("other.pem", CardAuthority(algorithm=Algorithm.ECDSA_P384).certificate)
    unknown = look(make_card(), trust=CardTrust(Realm.TEST, certificates=(other,)))
    assert Finding.ANCHOR_UNKNOWN in unknown.findings
    assert Finding.ANCHOR_UNKNOWN not in look(make_card()).findings, "without anchors there is nothing to say"


def test_a_certificate_that_its_authority_did_not_sign_is_called_forged(
    make_card: MakeCard, card_credentials: CardCredentials
) -> None:
    ours = CertificateAnchor("ours.pem", card_credentials.authority.certificate)
    forged = make_card(misbehaviour=Misbehaviour(certificate_forged=True))
    report = look(forged, trust=CardTrust(Realm.TEST, certificates=(ours,)))
    assert Finding.CERTIFICATE_FORGED in report.findings
    assert not report.well
    assert Finding.CERTIFICATE_FORGED not in look(forged).findings, "without anchors nobody can tell"


def test_a_clock_that_nobody_vouches_for_is_told_of(make_card: MakeCard) -> None:
    reader = SimulatedReader()
    reader.place(make_card())
    with reader.connect() as connection:
        report = examine(connection, Judge(NOW, clock_certain=False))
    assert Finding.CLOCK_UNCERTAIN in report.findings
    assert report.well


def test_another_card_is_no_my_number_card() -> None:
    report = look(OtherCard())
    assert report.kind is None
    assert report.findings == (Finding.NOT_MY_NUMBER_CARD,)


@pytest.mark.parametrize(
    ("wrong", "finding"),
    [
        (Misbehaviour(garbage_from=1), Finding.UNREADABLE),
        (Misbehaviour(claimed_length=0x7FFFFFFF), Finding.CERTIFICATE_UNREADABLE),
        (Misbehaviour(claimed_length=12), Finding.CERTIFICATE_UNREADABLE),
    ],
)
def test_a_card_that_lies_is_found_unreadable(make_card: MakeCard, wrong: Misbehaviour, finding: Finding) -> None:
    report = look(make_card(misbehaviour=wrong))
    assert finding in report.findings
    assert report.detail
    assert not report.well


@pytest.mark.parametrize("answers", range(1, 12))
def test_a_card_that_leaves_while_it_is_examined_is_lost(make_card: MakeCard, answers: int) -> None:
    with pytest.raises(CardLost):
        look(make_card(misbehaviour=Misbehaviour(leaves_after=answers)))


@pytest.mark.parametrize(
    "wrong",
    [
        Misbehaviour(largest_read=17),
        Misbehaviour(largest_le=100),
        Misbehaviour(largest_part=50),
        Misbehaviour(error_after_power_up=True),
    ],
)
def test_what_real_cards_and_readers_do_is_no_trouble(make_card: MakeCard, wrong: Misbehaviour) -> None:
    assert look(make_card(misbehaviour=wrong)) == look(make_card())


# --- its words ------------------------------------------------------------------------------------------------------


def test_everything_that_can_be_found_has_words() -> None:
    assert set(FINDINGS) == set(Finding)
    assert set(KINDS) == set(CardKind)
    assert set(TIER_WORDS) == set(Tier)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("finding", Finding)
def test_every_finding_says_what_to_do(make_card: MakeCard, finding: Finding, language: str) -> None:
    good = look(make_card())
    report = CardReport(
        kind=good.kind,
        has_surface=True,
        pin_tries_left=3,
        portrait_tries_left=10,
        certificate=good.certificate,
        findings=(finding,),
    )
    text = "\n".join(explain(report, "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00", language))
    assert f"[{finding}]" in text
    assert FINDINGS[finding].do.say(language) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_facts_name_nobody(make_card: MakeCard, language: str) -> None:
    report = look(make_card())
    assert report.certificate is not None
    said = "\n".join(explain(report, "reader", language)) + json.dumps(facts_of("reader", report, personal=False))
    for personal in (report.certificate.subject, report.certificate.serial, "2030-04-01", "2025-04-01"):
        assert personal not in said
        assert personal not in repr(report)


def test_who_asks_for_personal_facts_gets_them(make_card: MakeCard) -> None:
    facts = facts_of("reader", look(make_card()), personal=True)
    assert facts["certificate"]["serial"] == "1234567"
    assert facts["certificate"]["until"] == "2030-04-01"


# --- readers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00", Tier.FIRST),
        ("ACS ACR1251 Dual Reader 00 00", Tier.FIRST),
        ("SONY FeliCa RC-S300/P (1234567) 00 00", Tier.FIRST_AFTER_BENCH),
        ("SONY FeliCa RC-S660/U 00 00", Tier.SECOND),
        ("Identiv uTrust 3700 F CL Reader 00 00", Tier.SECOND),
        ("Identiv Identiv uTrust 4701 F Dual Interface Reader 01 00", Tier.SECOND),
        ("HID Global OMNIKEY 5022 Smart Card Reader 00 00", Tier.SECOND),
        ("Circle CIR315 CL 00 00", Tier.SECOND),
        ("ACS ACR122U PICC Interface 00 00", Tier.UNSUPPORTED),
        ("SONY RC-S380/P", Tier.UNSUPPORTED),
        ("PN532 on /dev/ttyAMA0", Tier.EXPERIMENTAL),
        ("Virtual PCD 00 00", Tier.VIRTUAL),
        ("Somebody's Reader 00 00", Tier.UNKNOWN),
    ],
)
def test_a_reader_is_on_one_of_our_lists_or_unknown(name: str, tier: Tier) -> None:
    assert recognise(name).tier is tier


def test_every_row_says_what_it_rests_on() -> None:
    assert all(row.source and row.limits.ja and row.limits.en for row in READERS)
