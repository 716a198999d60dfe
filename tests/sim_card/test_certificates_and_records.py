"""What is inside the simulated card's files, checked with other people's tools: cryptography, hashlib, Pillow."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from PIL import Image

from device.domain.values import CardKind
from device.sim.card import Algorithm, CardAuthority, CardCredentials, CardFrontPrint, PlaceableCard, SimulatedCard

MakeCard = Callable[..., SimulatedCard]
Speak = Callable[[PlaceableCard], Callable[[str], str]]
PORTRAIT = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(3000)


def read_file(say: Callable[[str], str], identifier: str) -> bytes:
    assert say(f"00A4020C02{identifier}") == "9000"
    content = b""
    while (answer := bytes.fromhex(say(f"00B0{len(content):04X}00")))[-2:] == b"\x90\x00":
        content += answer[:-2]
    assert answer == b"\x6b\x00"
    return content


@pytest.fixture
def jpki(make_card: MakeCard, speak: Speak) -> Callable[[str], str]:
    say = speak(make_card())
    assert say("00A4040C0AD392F000260100000001") == "9000"
    return say


@pytest.fixture
def surface(make_card: MakeCard, speak: Speak) -> Callable[[str], str]:
    say = speak(make_card(portrait=PORTRAIT))
    assert say("00A4040C0AD3921000310001010402") == "9000"
    assert say("00A4020C020012") == "9000"
    assert say("002000800E3535303231373230333532323835") == "9000"
    return say


def certificate_in(content: bytes) -> x509.Certificate:
    assert content[:2] == b"\x30\x82"
    size = int.from_bytes(content[2:4], "big") + 4
    assert set(content[size:]) == {0xFF}
    return x509.load_der_x509_certificate(content[:size])


def public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def names(name: x509.Name) -> list[tuple[str, str]]:
    return [(attribute.rfc4514_attribute_name, str(attribute.value)) for attribute in name]


def test_the_certificate_has_the_profile_of_jpki_under_a_name_that_says_test(
    jpki: Callable[[str], str], card_credentials: CardCredentials
) -> None:
    certificate = certificate_in(read_file(jpki, "000A"))
    assert certificate.version is x509.Version.v3
    assert certificate.serial_number == card_credentials.serial
    assert names(certificate.issuer) == [
        ("C", "JP"),
        ("O", "JPKI-TEST"),
        ("OU", "JPKI for user authentication"),
        ("OU", "Japan Agency for Local Authority Information Systems"),
    ]
    assert [name for name, _ in names(certificate.subject)] == ["C", "CN"]
    assert len(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) == 23
    assert certificate.not_valid_before_utc == datetime(2025, 4, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2030, 4, 1, tzinfo=UTC)
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    assert public_key(certificate).key_size == 2048
    assert public_key(certificate).public_numbers().e == 65537

    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.content_commitment) == (True, False)
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    assert policies.critical
    assert policies.value[0].policy_identifier.dotted_string == "1.2.392.200149.8.5.1.3.30"
    assert policies.value[0].policy_qualifiers == ["http://www.jpki.go.jp/cps.html"]
    alternative = certificate.extensions.get_extension_for_class(x509.IssuerAlternativeName).value
    [directory_name] = alternative.get_values_for_type(x509.DirectoryName)
    assert names(directory_name) == [("C", "JP"), ("O", "公的個人認証サービス")]


def test_the_chain_ends_in_the_authority_that_the_card_carries_too(
    jpki: Callable[[str], str], card_credentials: CardCredentials
) -> None:
    authority = certificate_in(read_file(jpki, "000B"))
    certificate_in(read_file(jpki, "000A")).verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    assert x509.load_pem_x509_certificate(card_credentials.authority.certificate_pem) == authority


def test_the_authority_for_signatures_has_another_name(jpki: Callable[[str], str]) -> None:
    for_signatures, for_users = certificate_in(read_file(jpki, "0002")), certificate_in(read_file(jpki, "000B"))
    assert ("OU", "JPKI for digital signature") in names(for_signatures.subject)
    assert for_signatures.subject != for_users.subject


def test_the_signing_certificate_names_a_municipality_and_nobody(card_credentials: CardCredentials) -> None:
    certificate = card_credentials.signing_certificate
    certificate.verify_directly_issued_by(card_credentials.authority.signature_certificate)
    assert [name for name, _ in names(certificate.subject)] == ["C", "L", "CN"]
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment


def test_two_authorities_do_not_know_each_others_cards(card_credentials: CardCredentials) -> None:
    other = CardAuthority()
    issued = other.issue(
        serial=1,
        not_before=datetime(2025, 4, 1, tzinfo=UTC),
        not_after=datetime(2030, 4, 1, tzinfo=UTC),
        key=card_credentials.auth_key,
    )
    assert issued.auth_key is card_credentials.auth_key
    issued.auth_certificate.verify_directly_issued_by(other.certificate)
    assert issued.auth_certificate.issuer == card_credentials.auth_certificate.issuer
    with pytest.raises(InvalidSignature):
        issued.auth_certificate.verify_directly_issued_by(card_credentials.authority.certificate)


def fields_of(record: bytes) -> dict[str, bytes]:
    """Cut the record at the offsets of its own table (DF21); keep each field with its header."""
    assert record[:3] == bytes.fromhex("FF2082")
    end = int.from_bytes(record[3:5], "big") + 5
    assert set(record[end:]) == {0xFF}
    assert record[5:8] == bytes.fromhex("DF2112")
    table = record[8:26]
    starts = [int.from_bytes(table[at : at + 2], "big") for at in range(0, 18, 2)]
    assert starts[0] == 26
    return {
        record[start : start + 2].hex().upper(): record[start:stop]
        for start, stop in zip(starts, [*starts[1:], end], strict=True)
    }


def test_the_record_of_the_face_has_its_fields_where_its_table_says(surface: Callable[[str], str]) -> None:
    fields = fields_of(read_file(surface, "0002"))
    assert list(fields) == ["DF22", "DF23", "DF24", "DF25", "DF26", "DF27", "DF28", "DF29", "DF2A"]
    assert fields["DF22"] == bytes.fromhex("DF2208") + b"19800217"
    assert fields["DF29"] == bytes.fromhex("DF2908") + b"20350217"
    assert fields["DF27"] == bytes.fromhex("DF27820BC4") + PORTRAIT
    assert fields["DF24"][:12] == bytes.fromhex("DF24820109 9003010001 9182")
    for tag, size in (("DF25", (480, 48)), ("DF26", (480, 96)), ("DF2A", (24, 12))):
        png = fields[tag][fields[tag].index(b"\x89PNG") :]
        with Image.open(io.BytesIO(png)) as image:
            assert (image.mode, image.size) == ("1", size)


def test_the_record_is_signed_by_the_key_that_the_cards_own_certificate_names(
    surface: Callable[[str], str], card_credentials: CardCredentials
) -> None:
    certificate = read_file(surface, "0004")
    assert certificate[:10] == bytes.fromhex("7F218202335F4E820129")
    body, signature = certificate[10 : 10 + 297], certificate[10 + 297 + 5 : 10 + 297 + 5 + 256]
    card_credentials.authority.surface_ca_key.public_key().verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
    assert body[32:41] == bytes.fromhex("9003010001 91820100")
    modulus = int.from_bytes(body[41:], "big")
    key = rsa.RSAPublicNumbers(65537, modulus).public_key()

    fields = fields_of(read_file(surface, "0002"))
    groups = (("DF22", "DF23", "DF24"), ("DF25", "DF26"), ("DF27",))
    digests = b"".join(hashlib.sha256(b"".join(fields[tag] for tag in group)).digest() for group in groups)
    digest_info = bytes.fromhex("3071 300D06096086480165030402010500 0460") + digests
    assert key.recover_data_from_signature(fields["DF28"][5:], padding.PKCS1v15(), None) == digest_info


def test_the_chip_proves_to_hold_the_key_in_its_record(surface: Callable[[str], str]) -> None:
    modulus = int.from_bytes(fields_of(read_file(surface, "0002"))["DF24"][-256:], "big")
    challenge = hashlib.sha256(b"challenge").hexdigest()
    answer = bytes.fromhex(surface(f"802A0000333031300D060960864801650304020105000420{challenge}00"))
    rsa.RSAPublicNumbers(65537, modulus).public_key().verify(
        answer[:-2], b"challenge", padding.PKCS1v15(), hashes.SHA256()
    )


def test_the_card_of_a_small_child_has_an_empty_field_for_the_portrait(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(portrait=None))
    say("00A4040C0AD3921000310001010402")
    say("00A4020C020012")
    say("002000800E3535303231373230333532323835")
    assert fields_of(read_file(say, "0002"))["DF27"] == bytes.fromhex("DF2700")


def test_a_portrait_that_no_reader_could_reach_is_refused(make_card: MakeCard) -> None:
    with pytest.raises(ValueError, match="READ BINARY reaches no record"):
        make_card(portrait=bytes(40_000))


@pytest.mark.parametrize(
    ("birth", "expiry", "code", "number"),
    [
        # Both from the facts of the card, 2.5: 昭和55, and 令和2 as a nfcpy script has it.
        (date(1980, 2, 17), date(2035, 2, 17), "2285", b"55021720352285"),
        (date(2020, 2, 24), date(2025, 2, 24), "0001", b"02022420250001"),
        (date(2019, 4, 30), date(2029, 4, 30), "9999", b"31043020299999"),
        (date(2019, 5, 1), date(2029, 5, 1), "9999", b"01050120299999"),
        (date(1989, 1, 7), date(2030, 1, 7), "1234", b"64010720301234"),
        (date(1989, 1, 8), date(2030, 1, 8), "1234", b"01010820301234"),
        (date(1926, 12, 24), date(2030, 12, 24), "1234", b"15122420301234"),
        (date(1926, 12, 25), date(2030, 12, 25), "1234", b"01122520301234"),
        (date(1912, 7, 29), date(2030, 7, 29), "1234", b"45072920301234"),
    ],
)
def test_the_number_on_the_front_counts_years_by_era(
    make_card: MakeCard, birth: date, expiry: date, code: str, number: bytes
) -> None:
    front = CardFrontPrint(birth, expiry, code)
    assert front.reference_number().reveal() == number
    assert make_card(front=front).reference_number().reveal() == number


@pytest.mark.parametrize("code", ["123", "12345", "12a4", "", "１２３４"])
def test_a_security_code_is_four_digits(code: str) -> None:
    with pytest.raises(ValueError, match="4 digits"):
        CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), code)


def test_nobody_was_born_before_meiji() -> None:
    with pytest.raises(ValueError, match="明治"):
        CardFrontPrint(date(1868, 1, 24), date(2035, 2, 17), "1234")


def test_the_next_cards_key_takes_a_digest_of_its_size_and_nothing_else(speak: Speak) -> None:
    issued = CardAuthority(algorithm=Algorithm.ECDSA_P384).issue(
        serial=2, not_before=datetime(2028, 4, 1, tzinfo=UTC), not_after=datetime(2038, 4, 1, tzinfo=UTC)
    )
    front = CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285")
    say = speak(SimulatedCard(issued, front=front, kind=CardKind.NEXT))
    assert say("00A4040C 0A D392F000260100000001") == "9000"
    assert say("00B086000F").startswith(b"JPKIAPICCTOKEN3".hex().upper())
    assert say("00200098 04 31323334") == "9000"
    assert say(f"802A0097 20 {'AB' * 32} 00") == "6700"
    digest = hashlib.sha384(b"challenge").hexdigest()
    signature = bytes.fromhex(say(f"802A0097 30 {digest} 00"))
    key = issued.auth_certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature[:-2], b"challenge", ec.ECDSA(hashes.SHA384()))


def test_a_card_without_pin_has_no_file_for_one(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(kind=CardKind.PINLESS))
    assert say("00A4040C 0A D392F000260100000001") == "9000"
    assert say("00A4020C 02 0018") == "6A82"
    assert say("00200098") == "6A82"
