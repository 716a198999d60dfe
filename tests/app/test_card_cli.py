"""`uketsuke card info` and `explain`: what a person learns of a card, and what that costs the card: nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from device.app.config import EXAMPLE
from device.domain.values import CardKind
from device.sim.card import (
    CardCredentials,
    Misbehaviour,
    OtherCard,
    PlaceableCard,
    SimulatedCard,
)
from device.sim.pcscd import run_pcscd
from device.sim.pn532 import SimulatedPn532
from device.sim.vpcd import VpcdSlot

PROGRAM = Path(sys.executable).with_name("uketsuke")
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


def uketsuke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAM), "card", *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def pcscd() -> Iterator[None]:
    with run_pcscd():
        yield


@pytest.fixture
def slot(pcscd: None) -> Iterator[VpcdSlot]:  # noqa: ARG001  the service has to run
    slot = VpcdSlot()
    yield slot
    slot.close()


@pytest.mark.parametrize("words", [(), ("info",), ("explain",), ("sim",), ("bridge",), ("front-evaluate",)])
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    helped = uketsuke(*words, "--help")
    assert helped.returncode == 0
    assert "Usage" in helped.stdout


@pytest.mark.pcsc
def test_info_and_explain_send_no_secret_to_a_card(slot: VpcdSlot, make_card: MakeCard) -> None:
    card = ListeningCard(make_card(pin_tries=1))
    slot.insert(card)
    for words in (["info"], ["info", "--json"], ["info", "--personal"], ["explain"]):
        told = uketsuke(*words, "--reader", "00 00$")
        assert told.returncode == 1
        assert "pin_last_try" in told.stdout
        assert "Traceback" not in told.stderr
    assert len(card.heard) > 40
    assert card.secrets_sent == []


@pytest.mark.pcsc
def test_info_tells_machines_what_it_tells_people(slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card(kind=CardKind.ANDROID))
    told = uketsuke("info", "--json")
    facts = json.loads(told.stdout)
    assert told.returncode == 0
    assert facts["reader"] == {"name": "Virtual PCD 00 00", "model": "vpcd (vsmartcard)", "list": "virtual"}
    assert (facts["kind"], facts["pin_tries_left"], facts["works"]["pin"]) == ("android", 3, True)
    explained = json.loads(uketsuke("explain", "--json").stdout)
    words = explained.pop("words")
    assert explained == facts
    assert any("an Android phone" in line for line in words["en"])
    assert list(json.loads(uketsuke("explain", "--json", "--language", "ja").stdout)["words"]) == ["ja"]


@pytest.mark.pcsc
def test_a_units_configuration_brings_its_reader_and_its_anchors(
    slot: VpcdSlot, make_card: MakeCard, card_credentials: CardCredentials, tmp_path: Path
) -> None:
    anchor = card_credentials.authority.certificate
    (tmp_path / "authority.pem").write_bytes(card_credentials.authority.certificate_pem)
    sha256 = hashlib.sha256(anchor.public_bytes(Encoding.DER)).hexdigest()
    config = EXAMPLE.replace('name = "unit-0001"', 'name = "sim-0001"').replace(
        "[card]", f'[card]\nname = "00 00$"\nanchors = [{{file = "authority.pem", sha256 = "{sha256}"}}]\n#'
    )
    (tmp_path / "unit.toml").write_text(config, encoding="utf-8")
    slot.insert(make_card())
    told = json.loads(uketsuke("info", "--json", "--config", str(tmp_path / "unit.toml")).stdout)
    assert told["certificate"]["chain"] == "valid"
    assert told["certificate"]["anchor"].endswith("authority.pem")
    assert told["certificate"]["realm"] == "test"


@pytest.mark.pcsc
def test_explain_speaks_one_language_or_both(slot: VpcdSlot) -> None:
    slot.insert(OtherCard())
    assert "This is no My Number Card" not in uketsuke("explain", "--language", "ja").stdout
    both = uketsuke("explain").stdout
    assert "This is no My Number Card" in both
    assert "マイナンバーカードではありません" in both


@pytest.mark.pcsc
def test_a_mute_card_is_explained(slot: VpcdSlot, make_card: MakeCard) -> None:
    slot.insert(make_card(misbehaviour=Misbehaviour(mute=True)))
    told = uketsuke("info", "--wait", "0")
    assert told.returncode in {1, 2}  # pcscd may show a card without an answer to reset as one that is not there
    assert "Traceback" not in told.stderr


@pytest.mark.pcsc
@pytest.mark.usefixtures("slot")
def test_an_empty_reader_ends_in_a_sentence_with_a_code() -> None:
    told = uketsuke("info", "--wait", "0.1")
    assert told.returncode == 2
    assert "no card came onto Virtual PCD 00 00" in told.stderr
    assert "[card_removed]" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.pcsc
@pytest.mark.usefixtures("slot")
def test_a_reader_that_is_not_there_ends_in_a_sentence_with_a_code() -> None:
    told = uketsuke("explain", "--reader", "RC-S300")
    assert told.returncode == 2
    assert "[reader_fault]" in told.stderr
    assert "Traceback" not in told.stderr
    assert json.loads(uketsuke("info", "--json", "--reader", "RC-S300").stdout)["reason"] == "reader_fault"


def test_a_pattern_that_is_none_is_refused() -> None:
    told = uketsuke("info", "--reader", "(")
    assert told.returncode == 2
    assert "no regular expression" in told.stderr


def test_a_card_on_a_pn532_is_told_of_like_any_other(make_card: MakeCard, tmp_path: Path) -> None:
    with SimulatedPn532(tmp_path) as hat:
        hat.place(make_card())
        told = json.loads(uketsuke("info", "--json", "--pn532", f"uart:{hat.device}").stdout)
        config = EXAMPLE.replace("[card]", f'[card]\nreader = "pn532"\nbus = "uart:{hat.device}"\n#')
        (tmp_path / "unit.toml").write_text(config, encoding="utf-8")
        by_config = json.loads(uketsuke("info", "--json", "--config", str(tmp_path / "unit.toml")).stdout)
        traced = uketsuke("info", "--trace", "--pn532", f"uart:{hat.device}")
    assert told["reader"]["list"] == by_config["reader"]["list"] == "experimental"
    assert told["pin_tries_left"] == by_config["pin_tries_left"] == 3
    assert "00 A4 04 0C D392F000260100000001  ->  9000" in traced.stderr
    assert "00 20 00 80  ->  63C3" in traced.stderr
    assert "power off" in traced.stderr


def test_two_cards_are_told_as_such_and_none_of_them_is_asked_anything(make_card: MakeCard, tmp_path: Path) -> None:
    with SimulatedPn532(tmp_path) as hat:
        for _ in range(2):
            hat.place(make_card())
        told = uketsuke("info", "--json", "--pn532", f"uart:{hat.device}")
        said = uketsuke("explain", "--pn532", f"uart:{hat.device}")
    assert told.returncode == said.returncode == 1
    assert json.loads(told.stdout)["findings"] == ["several_cards"]
    assert "カードが二枚以上あります。" in said.stdout
    assert "place it alone" in said.stdout


def test_a_pn532_that_is_not_there_ends_in_a_sentence(tmp_path: Path) -> None:
    told = uketsuke("explain", "--pn532", f"uart:{tmp_path / 'nothing'}")
    assert told.returncode == 2
    assert "[reader_fault]" in told.stderr
    assert "Traceback" not in told.stderr
    assert "no place of a PN532" in " ".join(uketsuke("info", "--pn532", "usb").stderr.split())


def test_a_wish_that_is_none_is_refused() -> None:
    for words in (["--misbehave", "smell=bad"], ["--pin", "12"], ["--expires", "soon"]):
        told = uketsuke("sim", *words)
        assert told.returncode == 2
        assert "Traceback" not in told.stderr
    assert "largest_read" in uketsuke("sim", "--misbehave", "?").stdout
