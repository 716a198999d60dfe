from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import pytest

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

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.heard.append(bytes(apdu))
        self.buffers.append(apdu)
        return self._answer(bytes(apdu))

    @property
    def verifies(self) -> list[bytes]:
        """Every VERIFY that carried digits."""
        return [apdu for apdu in self.heard if apdu[1] == 0x20 and len(apdu) > 4]


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
