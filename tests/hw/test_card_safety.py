"""No plan can spend a try on a card that is not marked expendable, and no stranger's card is spoken to further."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as some

from device.domain.errors import CardLost
from device.domain.values import CardKind
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from hw.card_guard import GuardedConnection
from hw.card_list import load_cards
from hw.cards import CardBox, GoldenCard, key_digest
from hw.errors import BadLimits, CardInDanger
from hw.phases.cards import CARDS
from hw.phases.contract import CONTRACT
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
        self.sw = 0x9000
        self.gone = False

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        if self.gone:
            raise CardLost
        self.heard.append(bytes(apdu))
        return b"", self.sw

    def power_off(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def counters(card: SimulatedCard) -> tuple[int, int]:
    return card.pin_tries_left, card.reference_number_tries_left


def unspendable() -> CardBox:
    return CardBox(tuple(replace(card, expendable=False) for card in wardrobe.card_box().cards))


LONG = {"camera", "face", "keypad_life", "nfc_life"}
"""They send nothing that counts; nfc_life is nfc again and again."""
TRIED = {p.name: p for plan in PLANS.values() for p in plan.phases if p.name not in LONG and p not in CONTRACT}
"""Of the contract's phases tests/hw/test_contract_plan.py says the same."""


@pytest.mark.parametrize("phase", TRIED.values(), ids=list(TRIED))
def test_no_phase_of_any_plan_spends_a_try(table: Table, phase: Phase) -> None:
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
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT, **options)  # type: ignore[arg-type]  # any option of a card
    record = table.try_phase(CARDS)
    assert record.verdict is Verdict.STOPPED
    assert said in record.why[0]


def test_a_card_that_is_not_on_the_list_stops_the_plan(table: Table) -> None:
    cards = table.unit.cards
    cards[wardrobe.GOLDEN], cards[wardrobe.EXPENDABLE] = cards[wardrobe.EXPENDABLE], cards[wardrobe.GOLDEN]
    record = table.try_phase(CARDS)
    assert record.verdict is Verdict.STOPPED
    assert "not 'golden-1' of the bench's list" in record.why[0]


class OtherAuthority(CardAuthority):
    """Certifies under another name than the test authority's."""

    def __init__(self, organisation: str) -> None:
        super().__init__()
        self._organisation = organisation

    def certify(self, *asked: Any, **options: Any) -> x509.Certificate:  # noqa: ANN401  as its parent
        made = super().certify(*asked, **options)
        names = [
            x509.NameAttribute(each.oid, self._organisation if each.oid == NameOID.ORGANIZATION_NAME else each.value)
            for each in made.issuer
        ]
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name(names),
            subject_name=made.subject,
            public_key=made.public_key(),
            serial_number=made.serial_number,
            not_valid_before=made.not_valid_before_utc,
            not_valid_after=made.not_valid_after_utc,
        )
        for each in made.extensions:
            builder = builder.add_extension(each.value, critical=each.critical)
        return builder.sign(self.key, SHA256())


@pytest.mark.parametrize(
    ("organisation", "said"),
    [("JPKI", "a production card lies there"), ("Somebody", "a card of an authority that nobody knows lies there")],
)
def test_a_card_that_is_not_of_the_test_authority_stops_the_plan_even_if_it_is_on_the_list(
    table: Table, organisation: str, said: str
) -> None:
    until = datetime(2033, 3, 31, tzinfo=UTC)
    keys = OtherAuthority(organisation).issue(serial=5, not_before=datetime(2024, 4, 1, tzinfo=UTC), not_after=until)
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT)
    digest = key_digest(keys.auth_certificate.public_bytes(Encoding.DER))
    listed = CardBox((GoldenCard(name=wardrobe.GOLDEN, key_sha256=digest, expendable=True),))
    record = table.try_phase(CARDS, cards=listed)
    assert record.verdict is Verdict.STOPPED
    assert said in record.why[0]
    assert counters(table.unit.cards[wardrobe.GOLDEN]) == (3, 10)


def test_without_a_card_of_its_own_the_bench_has_not_looked_and_that_is_no_fault_of_the_unit(table: Table) -> None:
    record = table.try_phase(CARDS, cards=CardBox(()))
    assert (record.verdict, record.lets_pass) == (Verdict.NOT_MEASURED, False)
    assert record.why == ["the bench has no card of its own: list one in cards.toml"]


def test_which_list_it_was_made_with_stands_in_the_record(table: Table) -> None:
    first = table.try_phases(CARDS).digests["cards"]
    spoilt = CardBox(tuple(replace(card, expendable=True) for card in table.cards.cards))
    assert table.try_phases(CARDS).digests["cards"] == first
    assert table.try_phases(CARDS, cards=spoilt).digests["cards"] != first


@pytest.mark.parametrize(
    ("kind", "said"), [(CardKind.IPHONE, "a phone, or a card without PIN"), (CardKind.ANDROID, "a phone")]
)
def test_a_phone_stops_the_plan(table: Table, kind: CardKind, said: str) -> None:
    keys = wardrobe.credentials()[wardrobe.GOLDEN]
    table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(keys, front=FRONT, kind=kind)
    assert said in table.try_phase(CARDS).why[0]


HARMLESS = {(0x00, 0xA4), (0x00, 0xB0), (0x00, 0xC0), (0x80, 0x2A)}
"""SELECT, READ BINARY, GET RESPONSE, and a signature that the card refuses without its PIN and does not count."""


@given(command=some.binary(max_size=24) | some.binary(max_size=24).map(lambda rest: b"\x00\x20" + rest))
@example(command=bytes.fromhex("00210080 04 31323334".replace(" ", "")))  # VERIFY's odd-numbered twin
@example(command=bytes.fromhex("10200080 02 3132".replace(" ", "")))  # VERIFY in a chain
@example(command=bytes.fromhex("10200080"))  # the chain's beginning
@example(command=bytes.fromhex("0C200080 04 31323334".replace(" ", "")))  # VERIFY under secure messaging
@example(command=bytes.fromhex("00200080 000004 31323334".replace(" ", "")))  # VERIFY of extended length
@example(command=bytes.fromhex("0020008000"))  # VERIFY that asks for an answer
@example(command=bytes.fromhex("002C0080 04 31323334".replace(" ", "")))  # RESET RETRY COUNTER
@example(command=bytes.fromhex("00820000 08 0011223344556677".replace(" ", "")))  # EXTERNAL AUTHENTICATE
@example(command=bytes.fromhex("00E6000000"))  # TERMINATE DF
@example(command=b"")
@example(command=b"\x00")
def test_what_is_not_known_to_be_harmless_is_held_back(command: bytes) -> None:
    is_harmless = tuple(command[:2]) in HARMLESS or (command[:2] == b"\x00\x20" and len(command) == 4)
    card = CountingCard()
    guarded = GuardedConnection(card)
    if is_harmless:
        guarded.transmit(command)
        assert card.heard == [command]
    else:
        with pytest.raises(CardInDanger, match="held back"):
            guarded.transmit(command)
        assert card.heard == []


VERIFY_PIN = bytes.fromhex("002000800431323334")


def test_a_card_that_may_lose_a_try_loses_one_and_then_no_more() -> None:
    card = CountingCard()
    guarded = GuardedConnection(card)
    guarded.let_one_try_be_spent()
    guarded.transmit(VERIFY_PIN)
    guarded.transmit(VERIFY_PIN)
    card.sw = 0x63C2
    guarded.transmit(VERIFY_PIN)
    with pytest.raises(CardInDanger, match="has lost its one try"):
        guarded.transmit(VERIFY_PIN)
    assert card.heard == [VERIFY_PIN] * 3


def test_a_card_that_left_before_it_answered_may_have_counted() -> None:
    card = CountingCard()
    guarded = GuardedConnection(card)
    guarded.let_one_try_be_spent()
    card.gone = True
    with pytest.raises(CardLost):
        guarded.transmit(VERIFY_PIN)
    card.gone = False
    with pytest.raises(CardInDanger, match="has lost its one try"):
        guarded.transmit(VERIFY_PIN)


@pytest.mark.parametrize("command", ["0024000008313233343536373800", "002C000004313233340000", "00210080043132333400"])
def test_of_an_expendable_card_a_verify_is_all_that_may_be_spent(command: str) -> None:
    card = CountingCard()
    guarded = GuardedConnection(card)
    guarded.let_one_try_be_spent()
    with pytest.raises(CardInDanger, match="held back"):
        guarded.transmit(bytes.fromhex(command))
    assert card.heard == []


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


def test_a_list_that_everybody_may_write_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cards.toml"
    path.write_text(GOOD_LIST, encoding="utf-8")
    path.chmod(0o666)
    with pytest.raises(BadLimits, match=r"cards\.toml: everybody may write it"):
        load_cards(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD_LIST * 2, "card 2: name or key is on the list already"),
        (GOOD_LIST.replace("ab", "xy"), "card 1: key_sha256 is 64 characters"),
        (GOOD_LIST + 'expendable = "yes"\n', "card 1: a card has name, key_sha256 and perhaps"),
        (GOOD_LIST + 'colour = "red"\n', "card 1: a card has name, key_sha256 and perhaps"),
        (GOOD_LIST + 'pin = "1234"\n', "card 1: only a card that is marked expendable = true may have its PIN here"),
        (GOOD_LIST + 'expendable = true\npin = "123"\n', "card 1: pin is four digits"),
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
