"""Cards are swapped, lose tries and are listed wrongly, before a plan and in the middle of it: the run stops there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from device.domain.errors import CardLost, PinRejected
from device.domain.secrets import Pin
from device.sim.card import CardCredentials, CardFrontPrint, SimulatedCard
from device.sim.reader import SimulatedReader
from hw import phases
from hw.cards import CardBox, GoldenCard, key_digest
from hw.errors import CardInDanger
from hw.phases.cards import CARDS
from hw.phases.endurance import place_many
from hw.phases.nfc import NFC
from hw.phases.recovery import RECOVERY
from hw.plan import Phase
from hw.record import Verdict
from hw.rig.port import Beside
from hw.rig.simulated import SimulatedRig
from hw.sim import wardrobe

Table = Any
"""Made in conftest."""

FRONT = CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285")
VALIDITY = datetime(2024, 4, 1, tzinfo=UTC), datetime(2033, 3, 31, tzinfo=UTC)
NFC_LIFE = replace(NFC, name="nfc_life", measures=("nfc.life_found_percent",), run=lambda s: place_many(s, 30))


class Issued(CardCredentials):
    """The keys of the listed card under a certificate by another issuer."""

    organisations: tuple[str, ...] = ("JPKI",)

    @property
    def auth_certificate(self) -> x509.Certificate:
        real = wardrobe.credentials()[wardrobe.GOLDEN].auth_certificate
        names = [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")]
        names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in self.organisations]
        names += [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "JPKI for user authentication")]
        builder = x509.CertificateBuilder(
            x509.Name(names),
            real.subject,
            real.public_key(),
            self.serial,
            real.not_valid_before_utc,
            real.not_valid_after_utc,
        )
        for extension in real.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        return builder.sign(wardrobe.card_authority().key, hashes.SHA256())


def issued_by(*organisations: str) -> SimulatedCard:
    class ByThese(Issued):
        pass

    ByThese.organisations = organisations
    keys = ByThese(wardrobe.card_authority(), 7, VALIDITY, wardrobe.credentials()[wardrobe.GOLDEN].auth_key)
    return SimulatedCard(keys, front=FRONT)


def production_card() -> SimulatedCard:
    """A card as patients have it, with a key of its own."""
    keys = wardrobe.card_authority().issue(serial=5_550_123, not_before=VALIDITY[0], not_after=VALIDITY[1])
    made = Issued(wardrobe.card_authority(), 5_550_123, VALIDITY, keys.auth_key)
    return SimulatedCard(made, front=FRONT)


def strangers_test_card() -> SimulatedCard:
    keys = wardrobe.card_authority().issue(serial=990_077, not_before=VALIDITY[0], not_after=VALIDITY[1])
    return SimulatedCard(keys, front=FRONT)


def counters(card: SimulatedCard) -> tuple[int, int]:
    return card.pin_tries_left, card.reference_number_tries_left


class Meddling(SimulatedRig):
    """A rig at which somebody does something before the nth card is placed."""

    def __init__(self, unit: Any, nth: int, meddle: Callable[[], None]) -> None:  # noqa: ANN401  the simulated unit
        super().__init__(unit)
        self._left = nth
        self._meddle = meddle

    def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
        self._left -= 1
        if self._left == 0:
            self._meddle()
        super().place(card, spacer_mm=spacer_mm, beside=beside)


@pytest.mark.parametrize("phase", [CARDS, NFC, NFC_LIFE, RECOVERY], ids=lambda phase: phase.name)
@pytest.mark.parametrize("card", [production_card, strangers_test_card], ids=["production", "another test card"])
def test_a_card_that_was_swapped_before_a_phase_stops_the_run(
    table: Table, phase: Phase, card: Callable[[], SimulatedCard]
) -> None:
    swapped = table.unit.cards[wardrobe.GOLDEN] = card()
    record = table.try_phase(phase)
    assert record.verdict is Verdict.STOPPED
    assert "production card" in record.why[0] or "not 'golden-1' of the bench's list" in record.why[0]
    assert counters(swapped) == (3, 10)


@pytest.mark.parametrize("nth", [2, 20, 41, 43, 60])
def test_a_card_that_is_swapped_in_the_middle_of_a_phase_stops_it_there(table: Table, nth: int) -> None:
    patients = production_card()

    def swap() -> None:
        table.unit.cards[wardrobe.GOLDEN] = patients

    record = table.try_phases(NFC, rig=Meddling(table.unit, nth, swap))
    assert record.verdict is Verdict.STOPPED
    assert "a production card lies there" in record.why[0]
    assert counters(patients) == (3, 10)


@pytest.mark.parametrize("nth", [2, 41, 60])
def test_a_counter_that_sinks_in_the_middle_of_a_phase_stops_it_there(table: Table, nth: int) -> None:
    golden = wardrobe.credentials()[wardrobe.GOLDEN]

    def lose_a_try() -> None:
        table.unit.cards[wardrobe.GOLDEN] = SimulatedCard(golden, front=FRONT, pin_tries=2)

    record = table.try_phases(NFC, rig=Meddling(table.unit, nth, lose_a_try))
    assert record.verdict is Verdict.STOPPED
    assert "golden-1: 2 of 3 tries left for the PIN" in record.why[0]


def test_a_card_that_is_swapped_while_it_is_held_is_lost_and_hears_nothing() -> None:
    box, reader, patients = wardrobe.card_box(), SimulatedReader(), production_card()
    reader.place(wardrobe.new_cards()[wardrobe.EXPENDABLE])
    with box.hold(reader, box.expendable) as card:
        reader.lift()
        reader.place(patients)
        with pytest.raises(CardLost):
            card.verify_pin(Pin(bytearray(b"0000")))
    assert counters(patients) == (3, 10)


def test_a_wrong_pin_costs_an_expendable_card_one_try_and_the_second_is_held_back() -> None:
    box, reader = wardrobe.card_box(), SimulatedReader()
    lying = wardrobe.new_cards()[wardrobe.EXPENDABLE]
    reader.place(lying)
    with box.hold(reader, box.expendable) as card:
        with pytest.raises(PinRejected):
            card.verify_pin(Pin(bytearray(b"0000")))
        with pytest.raises(CardInDanger, match="lost its one try"):
            card.verify_pin(Pin(bytearray(b"0000")))
    assert counters(lying) == (2, 10)


def listed(certificate: x509.Certificate, *, expendable: bool) -> GoldenCard:
    digest = key_digest(certificate.public_bytes(Encoding.DER))
    return GoldenCard(name="forged", key_sha256=digest, expendable=expendable)


@pytest.mark.parametrize("organisations", [("JPKI",), ("JPKI", "JPKI-TEST"), ("JPKI-TEST ",), ("jpki-test",), ()])
def test_no_list_makes_a_card_of_another_issuer_one_of_the_bench_s(organisations: tuple[str, ...]) -> None:
    reader, patients = SimulatedReader(), issued_by(*organisations)
    certificate = Issued(
        wardrobe.card_authority(), 7, VALIDITY, wardrobe.credentials()[wardrobe.GOLDEN].auth_key
    ).auth_certificate
    box = CardBox((listed(certificate, expendable=True),))
    reader.place(patients)
    with pytest.raises(CardInDanger, match="the test authority alone"), box.hold(reader, box.first):
        pass
    with pytest.raises(CardInDanger, match="the test authority alone"), box.touch(reader, box.first):
        pass
    assert counters(patients) == (3, 10)


def test_a_plan_cannot_call_a_card_expendable_that_the_list_does_not() -> None:
    box, reader = wardrobe.card_box(), SimulatedReader()
    reader.place(wardrobe.new_cards()[wardrobe.GOLDEN])
    made_up = replace(box.first, expendable=True)
    with pytest.raises(CardInDanger, match="not 'golden-1' of the bench's list"), box.hold(reader, made_up):
        pass
    with box.hold(reader, box.first) as card, pytest.raises(CardInDanger, match="held back"):
        card.verify_pin(Pin(bytearray(b"1234")))


def test_no_phase_connects_to_a_card_past_the_guard() -> None:
    files = sorted(Path(phases.__file__).parent.glob("*.py"))
    assert len(files) > 10
    for file in files:
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
        assert "connect" not in names, f"{file.name}: use session.cards.touch or session.cards.hold"


def test_the_digest_is_of_the_key_and_not_of_the_certificate() -> None:
    keys = wardrobe.credentials()[wardrobe.GOLDEN]
    one = keys.auth_certificate.public_bytes(Encoding.DER)
    other = Issued(keys.authority, 1, VALIDITY, keys.auth_key).auth_certificate
    assert key_digest(one) == key_digest(other.public_bytes(Encoding.DER))
