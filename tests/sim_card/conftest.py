from __future__ import annotations

from collections.abc import Callable

import pytest

from device.sim.card import PlaceableCard

Speak = Callable[[str], str]


@pytest.fixture
def speak() -> Callable[[PlaceableCard], Speak]:
    """Power a card and speak hex with it: command in, data and status word out."""

    def start(card: PlaceableCard) -> Speak:
        card.power_on()

        def say(command: str) -> str:
            data, sw = card.transmit(bytes.fromhex(command))
            return (data.hex() + f"{sw:04x}").upper()

        return say

    return start
