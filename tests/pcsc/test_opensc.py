"""OpenSC, somebody else's reader of the same card, through the real PC/SC stack."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from device.drivers.pcsc import PcscReader
from device.sim.card import CONTACT_ATR, CONTACTLESS_ATR, CardCredentials, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER
from device.sim.vpcd import VpcdSlot

pytestmark = pytest.mark.pcsc

MakeCard = Callable[..., SimulatedCard]
RunTool = Callable[..., subprocess.CompletedProcess[str]]


def insert(slot: VpcdSlot, card: SimulatedCard) -> SimulatedCard:
    slot.insert(card)
    reader = PcscReader(VIRTUAL_READER)
    assert reader.wait_for_change(present=False, timeout_s=10)
    reader.close()
    return card


@pytest.fixture(params=[CONTACT_ATR, CONTACTLESS_ATR], ids=["contacts", "contactless"])
def card(request: pytest.FixtureRequest, slot: VpcdSlot, make_card: MakeCard) -> Iterator[SimulatedCard]:
    yield insert(slot, make_card(atr=request.param))
    slot.pull()


@pytest.fixture(scope="session")
def pkcs11_module() -> Path:
    found = sorted(Path("/usr/lib").glob("**/opensc-pkcs11.so"))
    assert found, "OpenSC is not installed: apt-get install opensc"
    return found[0]


def parts(dump: str, kind: str) -> dict[str, str]:
    """Return the objects of a kind by name, each with its lines."""
    objects = re.findall(rf"^{re.escape(kind)} \[(.+)\]\n((?:\t.*\n)*)", dump, flags=re.MULTILINE)
    return dict(objects)


@pytest.mark.usefixtures("card")
def test_it_takes_our_card_for_a_jpki_card(run_tool: RunTool) -> None:
    assert run_tool("opensc-tool", "-n").stdout.split() == ["jpki"]


def test_it_sees_the_answer_to_reset_of_a_real_card(run_tool: RunTool, card: SimulatedCard) -> None:
    assert run_tool("opensc-tool", "-a").stdout.strip() == card.atr.hex(":")


@pytest.mark.usefixtures("card")
def test_it_lists_the_certificates(run_tool: RunTool, card_credentials: CardCredentials) -> None:
    listing = run_tool("pkcs15-tool", "-c")
    assert listing.returncode == 0
    certificates = parts(listing.stdout, "X.509 Certificate")
    assert set(certificates) == {
        "User Authentication Certificate",
        "Digital Signature Certificate",
        "User Authentication Certificate CA",
        "Digital Signature Certificate CA",
    }
    serial = card_credentials.serial.to_bytes(4, "big").hex().upper()
    encoded = certificates["User Authentication Certificate"].partition("Encoded serial :")[2]
    assert "".join(encoded.split()) == f"0204{serial}"
    # Behind its password, so the serial stays unknown.
    assert "Encoded serial" not in certificates["Digital Signature Certificate"]


@pytest.mark.usefixtures("card")
def test_it_dumps_counters_and_keys(run_tool: RunTool) -> None:
    dump = run_tool("pkcs15-tool", "--dump")
    assert dump.returncode == 0
    pins = parts(dump.stdout, "PIN")
    assert re.search(r"Tries left\s*: 3$", pins["User Authentication PIN"], re.MULTILINE)
    assert re.search(r"Tries left\s*: 5$", pins["Digital Signature PIN"], re.MULTILINE)
    keys = parts(dump.stdout, "Private RSA Key")
    assert set(keys) == {"User Authentication Key", "Digital Signature Key"}
    assert re.search(r"ModLength\s*: 2048$", keys["User Authentication Key"], re.MULTILINE)


@pytest.mark.usefixtures("card")
def test_it_reads_the_certificate_that_we_issued(run_tool: RunTool, card_credentials: CardCredentials) -> None:
    pem = run_tool("pkcs15-tool", "--read-certificate", "01").stdout
    assert x509.load_pem_x509_certificate(pem.encode()) == card_credentials.auth_certificate


def test_it_signs_after_the_pin(
    run_tool: RunTool, tmp_path: Path, pkcs11_module: Path, card: SimulatedCard, card_credentials: CardCredentials
) -> None:
    (tmp_path / "message").write_bytes(b"challenge")
    signed = run_tool(
        *("pkcs11-tool", "--module", pkcs11_module, "--login", "--pin", "1234", "--sign"),
        *("-m", "SHA256-RSA-PKCS", "--id", "01", "-i", "message", "-o", "signature"),
    )
    assert signed.returncode == 0, signed.stderr
    key = card_credentials.auth_certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify((tmp_path / "signature").read_bytes(), b"challenge", padding.PKCS1v15(), hashes.SHA256())
    assert card.pin_tries_left == 3


def test_a_wrong_pin_costs_it_a_try(
    run_tool: RunTool, tmp_path: Path, pkcs11_module: Path, slot: VpcdSlot, make_card: MakeCard
) -> None:
    card = insert(slot, make_card())
    (tmp_path / "message").write_bytes(b"challenge")
    refused = run_tool(
        *("pkcs11-tool", "--module", pkcs11_module, "--login", "--pin", "0000", "--sign"),
        *("-m", "SHA256-RSA-PKCS", "--id", "01", "-i", "message", "-o", "signature"),
    )
    assert refused.returncode != 0
    assert "CKR_PIN_INCORRECT" in refused.stdout + refused.stderr
    assert card.pin_tries_left == 2
    assert not (tmp_path / "signature").exists() or not (tmp_path / "signature").read_bytes()


def test_it_sees_a_blocked_pin(run_tool: RunTool, slot: VpcdSlot, make_card: MakeCard) -> None:
    insert(slot, make_card(pin_tries=0))
    dump = run_tool("pkcs15-tool", "--dump")
    assert not re.search(r"Tries left\s*: [1-9]", parts(dump.stdout, "PIN").get("User Authentication PIN", ""))
