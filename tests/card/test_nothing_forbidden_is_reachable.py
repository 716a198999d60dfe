"""The My Number, its image, 照合番号A and whatever belongs to the signing key are out of reach of every builder."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import device.card
from device.card import MyNumberCard, PortraitCheck, apdu
from device.card.files import Application, CardFile
from device.domain.secrets import Pin
from device.sim.card import SimulatedCard
from device.sim.institution import SimulatedInstitutionCredential

INPUT_SUPPORT_AID = "D3921000310001010408"
RESIDENT_AID = "D3921000310001010401"
COMMON_AID = "D3921000310001010100"
FORBIDDEN_SELECTIONS = {
    Application.SURFACE: {
        0x0005: "image of the My Number",
        0x0013: "照合番号A",
        0x0001: "age record",
        0x0011: "birth date",
    },
    Application.JPKI: {0x0001: "署名用 certificate", 0x001A: "署名用 key", 0x001B: "署名用 PIN"},
}


def test_only_two_applications_can_be_selected() -> None:
    selectable = {apdu.select_application(application).encode()[5:].hex().upper() for application in Application}
    assert selectable == {"D392F000260100000001", "D3921000310001010402"}


@pytest.mark.parametrize("aid", [INPUT_SUPPORT_AID, RESIDENT_AID, COMMON_AID])
def test_another_application_cannot_be_selected_by_its_identifier(aid: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Application"):
        apdu.select_application(bytes.fromhex(aid))  # type: ignore[arg-type]  # the wrong type is the point


@pytest.mark.parametrize("application", Application)
def test_a_forbidden_file_is_in_no_table(application: Application) -> None:
    known = {file.identifier for file in CardFile if file.application is application}
    assert known.isdisjoint(FORBIDDEN_SELECTIONS[application])
    for identifier in FORBIDDEN_SELECTIONS[application]:
        with pytest.raises(ValueError, match="is not a valid CardFile"):
            apdu.select_file((application, identifier))  # type: ignore[arg-type]  # the wrong type is the point


def test_no_builder_takes_a_file_number_or_an_identifier() -> None:
    builders = {
        name: function
        for name, function in inspect.getmembers(apdu, inspect.isfunction)
        if function.__module__ == apdu.__name__ and not name.startswith("_")
    }
    parameters = {
        name: [parameter.annotation for parameter in inspect.signature(function).parameters.values()]
        for name, function in builders.items()
    }
    assert parameters == {
        "select_application": ["Application"],
        "select_file": ["CardFile"],
        "read_binary": ["int", "int"],  # offset and length in the current file; no short file identifier
        "tries_left": [],
        "verify": ["bytearray"],
        "compute_signature": ["bytes"],
        "prove_chip": ["bytes"],
        "get_response": ["int"],
    }


def test_reading_never_names_a_file() -> None:
    # Bit 8 of P1 would make the rest of it a short file identifier.
    assert all(apdu.read_binary(offset, 1).p1 < 0x80 for offset in (0, 0x00FF, 0x7FFF))


@pytest.mark.parametrize("aid", [INPUT_SUPPORT_AID, RESIDENT_AID, COMMON_AID])
def test_no_source_of_the_package_names_another_application(aid: str) -> None:
    for source in Path(inspect.getfile(device.card)).parent.glob("*.py"):
        assert aid not in source.read_text(encoding="utf-8").upper().replace(" ", "")


def test_a_whole_visit_selects_nothing_else(
    make_card: Callable[..., SimulatedCard], listen: Callable[[SimulatedCard], Any]
) -> None:
    card = make_card()
    heard = listen(card)
    visit = MyNumberCard.identify(heard)
    visit.read_certificate()
    visit.reference_number_tries_left()
    visit.read_portrait(card.reference_number(), PortraitCheck(bytes(32), unknown_anchor_goes_on=True))
    visit.unlock_by_institution(SimulatedInstitutionCredential())
    visit.sign(b"challenge")
    visit.pin_tries_left()
    visit.verify_pin(Pin(b"1234"))
    visit.sign(b"challenge")

    selected = [apdu[5:].hex().upper() for apdu in heard.heard if apdu[1] == 0xA4]
    assert set(selected) == {
        "D392F000260100000001",
        "D3921000310001010402",
        b"\xf0UKETSUKE-SIM".hex().upper(),
        "0006",
        "000A",
        "0017",
        "0018",
        "0002",
        "0004",
        "0012",
    }
    assert all(apdu[2] < 0x80 for apdu in heard.heard if apdu[1] == 0xB0)
    assert all(apdu[3] == 0x80 for apdu in heard.heard if apdu[1] == 0x20)
    # 00 stands for the key of the application itself, which proves the chip; every other key is the selected one.
    assert [apdu[3] for apdu in heard.heard if apdu[1] == 0x2A] == [0x00, 0x80, 0x80]
