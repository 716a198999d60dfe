"""No plan can spend a try on a card that is not marked expendable, and no stranger's card is spoken to further."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as some

from device.domain.values import CardKind
from device.sim.card import CardCredentials, CardFrontPrint, SimulatedCard
from hw.cards import CardBox, GoldenCard, GuardedConnection, key_digest, load_cards
from hw.errors import BadLimits, CardInDanger
from hw.phases.cards import CARDS
from hw.phases.nfc import NFC
from hw.plan import Phase
from hw.plans import PLANS
from hw.record import Verdict
from hw.sim import wardrobe

Table = Any
"""Made in conftest."""

FRONT = CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285")


class CountingCard:
    """A card that remembers every command."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.heard.append(bytes(apdu))
        return b"", 0x9000

    def power_off(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def counters(card: SimulatedCard) -> tuple[int, int]:
    return card.pin_tries_left, card.reference_number_tries_left


def unspendable() -> CardBox:
    return CardBox(tuple(replace(card, expendable=False) for card in wardrobe.card_box().cards))


@pytest.mark.parametrize(
    "phase", {p.name: p for plan in PLANS.values() for p in plan.phases}.values(), ids=lambda phase: phase.name
)
def test_no_phase_of_any_plan_spends_a_try(table: Table, phase: Phase) -> None:
    if phase.name in {"camera", "face", "keypad_life", "nfc_life"}:
        pytest.skip("sends nothing that counts, and takes long; nfc_life is nfc again and again")
    table.try_phase(phase, cards=unspendable())
    assert {counters(card) for card in table.unit.cards.values()} == {(3, 10)}


def test_without_an_expendable_card_the_portrait_is_not_measured(table: Table) -> None:
    record = table.try_phase(NFC, cards=unspendable())
    portrait = record.measurements[-1]
    assert portrait.name == "nfc.portrait_ms"
    assert portrait.verdict is Verdict.NOT_MEASURED
    assert portrait.note == "no card of the bench is marked expendable"
    assert record.verdict is Verdict.PASS


def test_an_expendable_card_keeps_its_tries_as_long_as_the_front_is_read_right(table: Table) -> None:
    record = table.try_phase(NFC)
    assert record.measurements[-1].value
    assert counters(table.unit.cards[wardrobe.EXPENDABLE]) == (3, 10)


def test_a_misread_front_costs_the_expendable_card_one_try_and_ends_the_run(table: Table) -> None:
    table.unit.front.misread()
    record = table.try_phase(NFC)
    assert counters(table.unit.cards[wardrobe.EXPENDABLE]) == (3, 9)
    assert counters(table.unit.cards[wardrobe.GOLDEN]) == (3, 10)
    assert record.verdict is not Verdict.PASS
    after = table.try_phase(CARDS)
    assert after.verdict is Verdict.STOPPED
    assert "9 of 10 tries left" in after.why[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pin_tries": 2}, "golden-1: 2 of 3 tries left for the PIN"),
        ({"reference_number_tries": 9}, "golden-1: 9 of 10 tries left for the 照合番号B"),
        ({"pin_tries": 0}, "golden-1: 0 of 3 tries left for the PIN"),
    ],
)
def test_a_counter_below_full_stops_the_plan(table: Table, options: dict[str, int], said: str) -> None:
    keys = wardrobe.credentials()[wardrobe.GOLDEN]
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT, **options)  # type: ignore[arg-type]
    record = table.try_phase(CARDS)
    assert record.verdict is Verdict.STOPPED
    assert said in record.why[0]


def test_a_card_that_is_not_on_the_list_stops_the_plan(table: Table) -> None:
    cards = table.unit.cards
    cards[wardrobe.GOLDEN], cards[wardrobe.EXPENDABLE] = cards[wardrobe.EXPENDABLE], cards[wardrobe.GOLDEN]
    record = table.try_phase(CARDS)
    assert record.verdict is Verdict.STOPPED
    assert "not 'golden-1' of the bench's list" in record.why[0]


@pytest.mark.parametrize(
    ("kind", "said"), [(CardKind.IPHONE, "a phone, or a card without PIN"), (CardKind.ANDROID, "a phone")]
)
def test_a_phone_stops_the_plan(table: Table, kind: CardKind, said: str) -> None:
    keys = wardrobe.credentials()[wardrobe.GOLDEN]
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT, kind=kind)
    assert said in table.try_phase(CARDS).why[0]


class ProductionLike(CardCredentials):
    """The keys of a listed card under a certificate that names the production authority."""

    @property
    def auth_certificate(self) -> x509.Certificate:
        real = wardrobe.credentials()[wardrobe.GOLDEN].auth_certificate
        issuer = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "JPKI for user authentication"),
            ]
        )
        builder = x509.CertificateBuilder(
            issuer, real.subject, real.public_key(), 7, real.not_valid_before_utc, real.not_valid_after_utc
        )
        for extension in real.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        return builder.sign(wardrobe.card_authority().key, hashes.SHA256())


def test_a_production_card_is_refused_although_its_key_is_on_the_list(table: Table) -> None:
    authority = wardrobe.card_authority()
    validity = datetime(2024, 4, 1, tzinfo=UTC), datetime(2033, 3, 31, tzinfo=UTC)
    keys = ProductionLike(authority, 7, validity, wardrobe.credentials()[wardrobe.GOLDEN].auth_key)
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT)
    record = table.try_phase(CARDS)
    assert record.verdict is Verdict.STOPPED
    assert "a production card lies there" in record.why[0]
    assert counters(table.unit.cards[wardrobe.GOLDEN]) == (3, 10)


@given(ins=some.sampled_from([0x20, 0x24, 0x2C]), body=some.binary(min_size=1, max_size=20), cla=some.integers(0, 255))
def test_whatever_a_card_counts_is_held_back(ins: int, body: bytes, cla: int) -> None:
    card = CountingCard()
    guarded = GuardedConnection(card)
    command = bytes((cla, ins, 0, 0x80, len(body))) + body
    with pytest.raises(CardInDanger, match="held back"):
        guarded.transmit(command)
    assert card.heard == []
    guarded.may_spend = True
    guarded.transmit(command)
    assert card.heard == [command]


def test_asking_for_a_counter_costs_nothing_and_passes() -> None:
    card = CountingCard()
    GuardedConnection(card).transmit(bytes.fromhex("00200080"))
    assert card.heard == [bytes.fromhex("00200080")]


GOOD_LIST = f'[[card]]\nname = "golden-1"\nkey_sha256 = "{"ab" * 32}"\n'


def test_a_list_of_cards_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cards.toml"
    path.write_text(GOOD_LIST + "expendable = true\n", encoding="utf-8")
    assert load_cards(path).cards == (GoldenCard(name="golden-1", key_sha256="ab" * 32, expendable=True),)
    assert load_cards(tmp_path / "none.toml").cards == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD_LIST * 2, "card 2: name or key is on the list already"),
        (GOOD_LIST.replace("ab", "xy"), "card 1: key_sha256 is 64 characters"),
        (GOOD_LIST + 'expendable = "yes"\n', "card 1: a card has name, key_sha256 and perhaps"),
        (GOOD_LIST + 'pin = "1234"\n', "card 1: a card has name, key_sha256 and perhaps"),
        ('[card]\nname = "x"\n', "tables"),
        ("[[card]\n", "cards.toml"),
    ],
)
def test_a_mistake_in_the_list_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cards.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadLimits, match=r"cards\.toml") as refused:
        load_cards(path)
    assert said in str(refused.value)


def test_the_digest_is_of_the_key_and_not_of_the_certificate() -> None:
    keys = wardrobe.credentials()[wardrobe.GOLDEN]
    one = keys.auth_certificate.public_bytes(Encoding.DER)
    other = ProductionLike(keys.authority, 1, (datetime.now(UTC),) * 2, keys.auth_key).auth_certificate
    assert key_digest(one) == key_digest(other.public_bytes(Encoding.DER))
