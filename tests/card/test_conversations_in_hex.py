"""Whole conversations, written out by hand, so that our card and our reader cannot share a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.card import MyNumberCard, PortraitCheck, ReferenceNumberRefused
from device.card.trust import Chain, Origin
from device.domain.errors import CardLost, CardUnknown, CardUnreadable, PinBlocked, PinRejected
from device.domain.reasons import Reason
from device.domain.secrets import Pin, ReferenceNumberB
from device.domain.values import CardFacts, CardKind, PinUse

SELECT_JPKI = ("00A4040C 0A D392F000260100000001", "9000")
SELECT_SURFACE = ("00A4040C 0A D3921000310001010402", "9000")
NO_SURFACE = (SELECT_SURFACE[0], "6A82")
SELECT_TOKEN = ("00A4020C 02 0006", "9000")
SELECT_PIN = ("00A4020C 02 0018", "9000")
SELECT_KEY = ("00A4020C 02 0017", "9000")


def read_label(label: str) -> tuple[str, str]:
    return "00B00000 20", label.ljust(32).encode().hex() + "9000"


COUNTED = ("00200080", "63C3")
LABELLED = [SELECT_JPKI, SELECT_TOKEN, read_label("JPKIAPICCTOKEN2")]
PLASTIC = [*LABELLED, SELECT_PIN, COUNTED, SELECT_SURFACE]
NEXT = [SELECT_JPKI, SELECT_TOKEN, read_label("JPKIAPICCTOKEN3"), SELECT_SURFACE]
IPHONE = [SELECT_JPKI, SELECT_TOKEN, read_label("JPKIAPIOSTOKEN"), NO_SURFACE]
ANDROID = [SELECT_JPKI, SELECT_TOKEN, read_label("JPKIAPGPSETOKEN"), NO_SURFACE]

Play = Callable[[list[tuple[str, str]]], Any]
Issuers = Any
"""The class of the fixture, which lives in a conftest."""


@pytest.mark.parametrize(
    ("script", "facts"),
    [
        (PLASTIC, CardFacts(CardKind.PLASTIC, has_surface=True)),
        (NEXT, CardFacts(CardKind.NEXT, has_surface=True)),
        (IPHONE, CardFacts(CardKind.IPHONE, has_surface=False, pin=PinUse.PHONE)),
        (ANDROID, CardFacts(CardKind.ANDROID, has_surface=False)),
    ],
)
def test_the_kind_of_card_is_told_by_its_label(play: Play, script: list[tuple[str, str]], facts: CardFacts) -> None:
    assert MyNumberCard.identify(play(script)).facts == facts


@pytest.mark.parametrize("answer", ["63C0", "6984", "6983", "9000", "63C1"])
def test_a_counter_even_of_a_blocked_pin_is_that_of_a_card_with_a_pin(play: Play, answer: str) -> None:
    script = [*LABELLED, SELECT_PIN, ("00200080", answer), SELECT_SURFACE]
    assert MyNumberCard.identify(play(script)).facts == CardFacts(CardKind.PLASTIC, has_surface=True)


@pytest.mark.parametrize(
    "refusal",
    [
        *([(SELECT_PIN[0], sw)] for sw in ("6A82", "6283", "6985", "6A81")),
        *([SELECT_PIN, ("00200080", sw)] for sw in ("6985", "6981", "6A88", "6283", "6A82")),
    ],
)
def test_a_card_that_refuses_the_question_for_its_pin_takes_none(play: Play, refusal: list[tuple[str, str]]) -> None:
    card = MyNumberCard.identify(play([*LABELLED, *refusal, SELECT_SURFACE]))
    assert card.facts == CardFacts(CardKind.PINLESS, has_surface=True, pin=PinUse.NOWHERE)
    pin = Pin(b"1234")
    with pytest.raises(CardUnreadable, match="no PIN"):
        card.verify_pin(pin)
    with pytest.raises(ValueError, match="wiped"):
        pin.reveal()


@pytest.mark.parametrize("refusal", [[(SELECT_PIN[0], "6F00")], [SELECT_PIN, ("00200080", "6581")]])
def test_a_disorderly_answer_to_it_makes_the_card_unreadable(play: Play, refusal: list[tuple[str, str]]) -> None:
    with pytest.raises(CardUnreadable, match=refusal[-1][1]):
        MyNumberCard.identify(play([*LABELLED, *refusal]))


def test_the_next_card_signs_a_bare_digest_and_answers_in_der(play: Play) -> None:
    digest = (  # SHA-384 of "hello"
        "59E1748777448C69DE6B800D7A33BBFB9FF1B463E44354C3553BCDB9C666FA90125A3C79F90397BDF5F6A13DE828684F"
    )
    signature = "3066023100" + "B1" * 48 + "023100" + "C2" * 48
    script = [*NEXT, SELECT_JPKI, SELECT_KEY, (f"802A0080 30 {digest} 00", signature + "9000")]
    assert MyNumberCard.identify(play(script)).sign(b"hello").hex().upper() == signature


def test_the_first_command_after_power_up_may_fail_once(play: Play) -> None:
    card = MyNumberCard.identify(play([(SELECT_JPKI[0], "6F00"), *PLASTIC]))
    assert card.facts.kind is CardKind.PLASTIC


def test_a_card_that_only_says_6f00_is_unreadable(play: Play) -> None:
    with pytest.raises(CardUnreadable, match="6F00"):
        MyNumberCard.identify(play([(SELECT_JPKI[0], "6F00"), (SELECT_JPKI[0], "6F00")]))


@pytest.mark.parametrize("answer", ["6A82", "6A81", "6A86", "6D00", "6E00"])
def test_a_card_without_the_application_is_another_kind_of_card(play: Play, answer: str) -> None:
    with pytest.raises(CardUnknown):
        MyNumberCard.identify(play([(SELECT_JPKI[0], answer)]))


def test_the_card_of_the_resident_register_is_another_kind_of_card(play: Play) -> None:
    with pytest.raises(CardUnknown, match="not in the table"):
        MyNumberCard.identify(play([SELECT_JPKI, SELECT_TOKEN, read_label("JPKIAPICCTOKEN")]))


@pytest.mark.parametrize("answer", ["9000", "FF" * 32 + "9000", "20" * 32 + "9000", "4A504B49 6B00"])
def test_a_card_without_a_label_is_unreadable(play: Play, answer: str) -> None:
    script = [SELECT_JPKI, SELECT_TOKEN, ("00B00000 20", answer)]
    if answer == "4A504B49 6B00":
        script[-1] = ("00B00000 20", "4A504B49 6282")
        script.append(("00B00004 1C", "6B00"))
    with pytest.raises(CardUnreadable):
        MyNumberCard.identify(play(script))


def test_the_certificate_is_read_by_its_header_and_no_further(play: Play) -> None:
    certificate = bytes.fromhex("3082062B") + bytes(index % 251 for index in range(1579))
    file = certificate + b"\xff" * 465

    def read(offset: int, size: int) -> tuple[str, str]:
        return f"00B0{offset:04X}{size % 256:02X}", file[offset : offset + size].hex() + "9000"

    blocks = [read(7 + 256 * number, 256) for number in range(6)]
    script = [
        *PLASTIC,
        SELECT_JPKI,
        ("00A4020C 02 000A", "9000"),
        read(0, 7),
        *blocks,
        read(1543, 40),  # 1583 in all
    ]
    assert MyNumberCard.identify(play(script)).read_certificate() == certificate


def test_a_pin_is_counted_verified_and_followed_by_a_signature_without_another_selection(play: Play) -> None:
    signature = bytes(range(256))
    script = [
        *PLASTIC,
        SELECT_JPKI,
        SELECT_PIN,
        ("00200080", "63C3"),
        SELECT_PIN,
        ("00200080 04 31323334", "9000"),
        SELECT_KEY,
        (
            (
                "802A0080 33 3031300D060960864801650304020105000420"
                "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824 00"
            ),  # SHA-256 of "hello"
            signature.hex() + "9000",
        ),
    ]
    card = MyNumberCard.identify(play(script))
    assert card.pin_tries_left() == 3
    card.verify_pin(Pin(b"1234"))
    assert card.sign(b"hello") == signature


@pytest.mark.parametrize(("answer", "tries"), [("63C3", 3), ("63C1", 1), ("63C0", 0), ("6984", 0), ("6983", 0)])
def test_the_counter_is_the_cards_own_word(play: Play, answer: str, tries: int) -> None:
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080", answer)]))
    assert card.pin_tries_left() == tries


def test_a_card_that_says_verified_instead_of_a_number_has_all_its_tries(play: Play) -> None:
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080", "9000")]))
    assert card.pin_tries_left() == 3


def test_a_wrong_pin_without_a_number_is_followed_by_the_question(play: Play) -> None:
    script = [*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080 04 39393939", "6300"), ("00200080", "63C2")]
    with pytest.raises(PinRejected) as rejected:
        MyNumberCard.identify(play(script)).verify_pin(Pin(b"9999"))
    assert rejected.value.tries_left == 2


@pytest.mark.parametrize("answer", ["63C0", "6984", "6983"])
def test_a_wrong_pin_without_a_number_may_have_been_the_last(play: Play, answer: str) -> None:
    script = [*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080 04 39393939", "6300"), ("00200080", answer)]
    with pytest.raises(PinBlocked):
        MyNumberCard.identify(play(script)).verify_pin(Pin(b"9999"))


def test_a_card_that_says_wrong_and_then_verified_is_unreadable(play: Play) -> None:
    script = [*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080 04 39393939", "6300"), ("00200080", "9000")]
    with pytest.raises(CardUnreadable, match="6300"):
        MyNumberCard.identify(play(script)).verify_pin(Pin(b"9999"))


def test_a_card_that_leaves_during_verify_is_lost_and_the_pin_is_gone(play: Play) -> None:
    pin = Pin(b"1234")
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_JPKI, SELECT_PIN, ("00200080 04 31323334", "gone")]))
    with pytest.raises(CardLost):
        card.verify_pin(pin)
    with pytest.raises(ValueError, match="wiped"):
        pin.reveal()


def test_a_phone_that_unlocks_itself_is_sent_no_pin(play: Play) -> None:
    card = MyNumberCard.identify(play(IPHONE))
    pin = Pin(b"1234")
    with pytest.raises(CardUnreadable, match="no PIN"):
        card.verify_pin(pin)
    with pytest.raises(CardUnreadable, match="no PIN"):
        card.pin_tries_left()
    with pytest.raises(ValueError, match="wiped"):
        pin.reveal()


def test_a_signature_without_a_verified_pin_tells_the_status_word(play: Play) -> None:
    digest = "5FECEB66FFC86F38D952786C6D696C79C2DBC239DD4E91B46729D73A27FB57E9"  # SHA-256 of "0"
    command = f"802A0080 33 3031300D060960864801650304020105000420 {digest} 00"
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_JPKI, SELECT_KEY, (command, "6982")]))
    with pytest.raises(CardUnreadable) as refused:
        card.sign(b"0")
    assert refused.value.sw == 0x6982


def test_a_signature_of_another_size_is_refused(play: Play) -> None:
    digest = "5FECEB66FFC86F38D952786C6D696C79C2DBC239DD4E91B46729D73A27FB57E9"
    command = f"802A0080 33 3031300D060960864801650304020105000420 {digest} 00"
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_JPKI, SELECT_KEY, (command, "AA" * 255 + "9000")]))
    with pytest.raises(CardUnreadable, match="255 bytes instead of 256"):
        card.sign(b"0")


PORTRAIT = bytes.fromhex("0000000C6A5020200D0A870A") + b"picture"
SELECT_B = ("00A4020C 02 0012", "9000")
VERIFY_B = "00200080 0E 3535303231373230333532323835"


CHALLENGE = bytes(range(32))
PROVE_CHIP = (  # SHA-256 of the challenge
    "802A0000 33 3031300D060960864801650304020105000420"
    "630DCD2966C4336691125448BBB25B4FF412A49C732DB2C8ABC1B8581BD710DD 00"
)
STRICT = PortraitCheck(CHALLENGE)
LENIENT = PortraitCheck(CHALLENGE, unknown_anchor_goes_on=True)


def read_file(identifier: str, content: bytes) -> list[tuple[str, str]]:
    """Its header, then the rest in pieces of 256 bytes."""
    sizes = [7, *[256] * ((len(content) - 7) // 256), (len(content) - 7) % 256]
    script = [(f"00A4020C 02 {identifier}", "9000")]
    offset = 0
    for size in sizes:
        script.append((f"00B0{offset:04X}{size % 256:02X}", content[offset : offset + size].hex() + "9000"))
        offset += size
    return script


def portrait_script(record: bytes, *rest: list[tuple[str, str]]) -> list[tuple[str, str]]:
    opened = [*PLASTIC, SELECT_B, ("00200080", "63CA"), (VERIFY_B, "9000"), *read_file("0002", record)]
    return [line for part in (opened, *rest) for line in part]


def proof(issuers: Issuers) -> list[tuple[str, str]]:
    return [(PROVE_CHIP, issuers.prove_chip(CHALLENGE).hex() + "9000")]


def test_the_portrait_is_opened_with_the_number_on_the_cards_front_and_used_after_three_proofs(
    play: Play, issuers: Issuers
) -> None:
    script = portrait_script(issuers.record(PORTRAIT), read_file("0004", issuers.certificate()), proof(issuers))
    card = MyNumberCard.identify(play(script))
    number = ReferenceNumberB(b"55021720352285")
    portrait = card.read_portrait(number, PortraitCheck(CHALLENGE, (issuers.anchor,)))
    assert portrait.jp2 == PORTRAIT
    assert portrait.origin == Origin(Chain.VALID, "portraits")
    assert number.reveal() == b"55021720352285"  # the caller wipes it


def test_a_portrait_of_unknown_origin_is_used_only_where_the_policy_lets_it(play: Play, issuers: Issuers) -> None:
    files = [issuers.record(PORTRAIT), read_file("0004", issuers.certificate())]
    portrait = MyNumberCard.identify(play(portrait_script(*files, proof(issuers)))).read_portrait(
        ReferenceNumberB(b"55021720352285"), LENIENT
    )
    assert portrait.origin == Origin(Chain.ANCHOR_UNKNOWN)
    with pytest.raises(CardUnreadable) as unknown:
        MyNumberCard.identify(play(portrait_script(*files))).read_portrait(ReferenceNumberB(b"55021720352285"), STRICT)
    assert unknown.value.reason is Reason.PORTRAIT_ORIGIN_UNKNOWN


def test_a_record_that_its_signer_did_not_sign_is_refused_before_the_chip_is_asked(
    play: Play, issuers: Issuers
) -> None:
    altered = issuers.record(PORTRAIT).replace(b"picture", b"Picture")
    script = portrait_script(altered, read_file("0004", issuers.certificate()))
    with pytest.raises(CardUnreadable) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), LENIENT)
    assert refused.value.reason is Reason.PORTRAIT_NOT_GENUINE


@pytest.mark.parametrize("answer", ["AA" * 256 + "9000", "9000", "6985", "6982", "AA" * 255 + "9000"])
def test_a_chip_that_does_not_answer_our_challenge_is_not_believed(play: Play, issuers: Issuers, answer: str) -> None:
    script = portrait_script(issuers.record(PORTRAIT), read_file("0004", issuers.certificate()), [(PROVE_CHIP, answer)])
    with pytest.raises(CardUnreadable) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), LENIENT)
    assert refused.value.reason is Reason.CHIP_NOT_PROVEN


def test_an_old_answer_of_the_right_chip_is_not_believed(play: Play, issuers: Issuers) -> None:
    replayed = [(PROVE_CHIP, issuers.prove_chip(bytes(32)).hex() + "9000")]
    script = portrait_script(issuers.record(PORTRAIT), read_file("0004", issuers.certificate()), replayed)
    with pytest.raises(CardUnreadable) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), LENIENT)
    assert refused.value.reason is Reason.CHIP_NOT_PROVEN


def test_a_card_of_a_small_child_has_no_portrait(play: Play, issuers: Issuers) -> None:
    with pytest.raises(CardUnreadable) as missing:
        MyNumberCard.identify(play(portrait_script(issuers.record(b"")))).read_portrait(
            ReferenceNumberB(b"55021720352285"), STRICT
        )
    assert missing.value.reason is Reason.PORTRAIT_MISSING


def test_a_portrait_that_is_no_jpeg_2000_is_unreadable(play: Play, issuers: Issuers) -> None:
    record = issuers.record(bytes.fromhex("FFD8FFE0"))
    script = portrait_script(record, read_file("0004", issuers.certificate()), proof(issuers))
    with pytest.raises(CardUnreadable) as unreadable:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), LENIENT)
    assert unreadable.value.reason is Reason.PORTRAIT_UNREADABLE


@pytest.mark.parametrize(("answer", "tries"), [("63C9", 9), ("63C0", 0), ("6984", 0), ("6983", 0)])
def test_a_refused_number_tells_what_is_left(play: Play, answer: str, tries: int) -> None:
    script = [*PLASTIC, SELECT_B, ("00200080", "63CA"), (VERIFY_B, answer)]
    with pytest.raises(ReferenceNumberRefused) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), STRICT)
    assert refused.value.tries_left == tries
    assert refused.value.sent
    assert refused.value.reason is Reason.REFERENCE_NUMBER_REFUSED


def test_a_refused_number_without_a_counter_is_followed_by_the_question(play: Play) -> None:
    script = [*PLASTIC, SELECT_B, ("00200080", "63CA"), (VERIFY_B, "6300"), ("00200080", "63C9")]
    with pytest.raises(ReferenceNumberRefused) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), STRICT)
    assert refused.value.tries_left == 9


def test_an_answer_to_the_number_that_is_no_answer_makes_the_card_unreadable(play: Play) -> None:
    script = [*PLASTIC, SELECT_B, ("00200080", "63CA"), (VERIFY_B, "6985")]
    with pytest.raises(CardUnreadable, match="6985"):
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), STRICT)


@pytest.mark.parametrize(
    ("answer", "floor"), [("63C4", 5), ("63C0", 5), ("6984", 5), ("63C8", 9), ("63C0", 0), ("6984", 0)]
)
def test_below_the_floor_the_number_is_not_sent(play: Play, answer: str, floor: int) -> None:
    script = [*PLASTIC, SELECT_B, ("00200080", answer)]
    with pytest.raises(ReferenceNumberRefused) as refused:
        MyNumberCard.identify(play(script)).read_portrait(ReferenceNumberB(b"55021720352285"), STRICT, floor=floor)
    assert not refused.value.sent


def test_the_counter_of_the_number_is_the_cards_own_word(play: Play) -> None:
    card = MyNumberCard.identify(play([*PLASTIC, SELECT_B, ("00200080", "63C7"), SELECT_B, ("00200080", "9000")]))
    assert card.reference_number_tries_left() == 7
    assert card.reference_number_tries_left() == 10  # verified already: a right number fills the counter up
