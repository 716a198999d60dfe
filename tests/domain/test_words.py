"""Codes are promises: clinics store them, and other programs compare them."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardFacts, CardKind, CertificateState, ConsentItem, Method, PinUse


@pytest.mark.parametrize("words", [Reason, Cue, Phrase, Assurance, CardKind, CertificateState, Method, PinUse])
def test_a_code_reads_like_its_name(words: type[StrEnum]) -> None:
    for word in words:
        assert word == word.name.lower()
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", word)


def test_consent_items_carry_the_official_codes() -> None:
    assert {item.name: item.value for item in ConsentItem} == {
        "MEDICATION": "YZK",
        "DIAGNOSIS": "SRJ",
        "OPERATION": "SHJ",
        "CHECKUP": "TKK",
        "SPECIFIC_DISEASES": "TSR",
    }


def test_assurance_is_one_of_those_that_the_service_knows() -> None:
    assert set(Assurance) == {"pin_signature", "phone_signature", "face_institution", "face_only", "attendant"}


def test_what_the_visit_knows_of_a_card_does_not_tell_whose_it_is() -> None:
    assert CardFacts.__slots__ == ("kind", "has_surface", "pin", "notice")
