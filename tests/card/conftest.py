from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from device.sim.card import CardAuthority, CardCredentials, CardFrontPrint, SimulatedCard

JP2 = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(range(256)) * 5


@pytest.fixture(scope="session")
def credentials() -> CardCredentials:
    return CardAuthority().issue(
        serial=0x0123_4567, not_before=datetime(2025, 4, 1, tzinfo=UTC), not_after=datetime(2030, 4, 1, tzinfo=UTC)
    )


@pytest.fixture
def front() -> CardFrontPrint:
    return CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285")


@pytest.fixture
def portrait() -> bytes:
    return JP2


@pytest.fixture
def make_card(credentials: CardCredentials, front: CardFrontPrint, portrait: bytes) -> Callable[..., SimulatedCard]:
    """Make a card with the shared keys; keyword arguments are those of SimulatedCard."""

    def make(**options: object) -> SimulatedCard:
        return SimulatedCard(credentials, **({"front": front, "portrait": portrait} | options))  # type: ignore[arg-type]  # options pass through

    return make
