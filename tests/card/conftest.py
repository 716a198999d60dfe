from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from device.card.trust import SurfaceAnchor
from device.domain.errors import CardLost
from device.sim.card import SimulatedCard

Script = list[tuple[str, str]]


class _Connection:
    """The part of every connection in these tests that does not matter to them."""

    def power_off(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.power_off()


class ScriptedCard(_Connection):
    """A card that knows a script of hex: each command must be the next one, and meets the answer beside it."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.heard: list[str] = []

    @property
    def finished(self) -> bool:
        return len(self.heard) == len(self._script)

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        if self.finished:
            raise CardLost("the script is at its end")
        expected, answer = self._script[len(self.heard)]
        self.heard.append(apdu.hex())
        assert apdu.hex() == bytes.fromhex(expected).hex()
        if answer == "gone":
            raise CardLost
        return bytes.fromhex(answer)[:-2], int.from_bytes(bytes.fromhex(answer)[-2:], "big")


class AnsweringCard(_Connection):
    """A card whose answers are computed; keeps what it was asked and the very buffers that it was asked with."""

    def __init__(self, answer: Callable[[bytes], tuple[bytes, int]]) -> None:
        self._answer = answer
        self.heard: list[bytes] = []
        self.buffers: list[bytes | bytearray] = []
        self.answered_bytes = 0

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.heard.append(bytes(apdu))
        self.buffers.append(apdu)
        data, sw = self._answer(bytes(apdu))
        self.answered_bytes += len(data)
        return data, sw

    @property
    def verifies(self) -> list[bytes]:
        """Every VERIFY that carried digits."""
        return [apdu for apdu in self.heard if apdu[1] == 0x20 and len(apdu) > 4]


def field(tag: str, value: bytes) -> bytes:
    """One TLV field with a two-byte length, which short values do not need: real cards write such lengths."""
    return bytes.fromhex(tag) + b"\x82" + len(value).to_bytes(2, "big") + value


def key_fields(key: RSAPrivateKey) -> bytes:
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    return bytes.fromhex("9003010001 91820100") + modulus


class Issuers:
    """Keys of an authority of portraits, of a signer under it and of a chip; writes what they sign, field by field."""

    key_id = b"5000023\x08\x05001\x00\x00\x00\x01"

    def __init__(self) -> None:
        self.authority, self.signer, self.chip = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)
        )

    def fields(self, portrait: bytes, chip: bytes | None = None) -> dict[str, bytes]:
        """The fields of EF 0002 with their headers."""
        return {
            "DF21": field("DF21", bytes(18)),
            "DF22": field("DF22", b"19800217"),
            "DF23": field("DF23", b"1"),
            "DF24": field("DF24", key_fields(self.chip) if chip is None else chip),
            "DF25": field("DF25", b"name"),
            "DF26": field("DF26", b"address"),
            "DF27": field("DF27", portrait),
            "DF29": field("DF29", b"20350217"),
        }

    def sign(self, fields: dict[str, bytes]) -> bytes:
        """The value of DF28: one DigestInfo with three digests side by side (facts: card.md, 4.1)."""
        groups = (("DF22", "DF23", "DF24"), ("DF25", "DF26"), ("DF27",))
        digests = b"".join(hashlib.sha256(b"".join(fields[tag] for tag in group)).digest() for group in groups)
        info = bytes.fromhex("3071 300D06096086480165030402010500 0460") + digests
        padded = int.from_bytes(b"\x00\x01" + b"\xff" * (253 - len(info)) + b"\x00" + info, "big")
        numbers = self.signer.private_numbers()
        return pow(padded, numbers.d, numbers.public_numbers.n).to_bytes(256, "big")

    def record(self, portrait: bytes) -> bytes:
        """EF 0002."""
        fields = self.fields(portrait)
        return field("FF20", b"".join(fields.values()) + field("DF28", self.sign(fields)))

    def certificate(self, *, signer: bytes | None = None) -> bytes:
        """EF 0004."""
        body = self.key_id + bytes(16) + (key_fields(self.signer) if signer is None else signer)
        signature = self.authority.sign(body, padding.PKCS1v15(), hashes.SHA256())
        return field("7F21", field("5F4E", body) + field("5F37", signature))

    def prove_chip(self, challenge: bytes) -> bytes:
        return self.chip.sign(challenge, padding.PKCS1v15(), hashes.SHA256())

    @property
    def anchor(self) -> SurfaceAnchor:
        return SurfaceAnchor("portraits", self.key_id, self.authority.public_key())


@pytest.fixture(scope="session")
def issuers() -> Issuers:
    """Shared, because RSA keys take time."""
    return Issuers()


@pytest.fixture
def play() -> Iterator[Callable[[Script], ScriptedCard]]:
    """Give a card that follows a script; at the end of the test every line must have been spoken."""
    cards: list[ScriptedCard] = []

    def start(script: Script) -> ScriptedCard:
        cards.append(ScriptedCard(script))
        return cards[-1]

    yield start
    assert all(card.finished for card in cards)


@pytest.fixture
def answering() -> Callable[[Callable[[bytes], tuple[bytes, int]]], AnsweringCard]:
    return AnsweringCard


@pytest.fixture
def listen() -> Callable[[SimulatedCard], AnsweringCard]:
    """Power a simulated card and hear every command that it gets."""

    def start(card: SimulatedCard) -> AnsweringCard:
        card.power_on()
        return AnsweringCard(card.transmit)

    return start
