"""The invented stand-in is a stranger to every card but the simulated one."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import pytest

from device.sim.institution import SimulatedInstitutionCredential

SELECT_STAND_IN = "00a4040c0df0" + b"UKETSUKE-SIM".hex()
SELECT_JPKI = "00a4040c0ad392f000260100000001"
UNLOCK = "805a0000"


class CardWithAnswers:
    """A card that answers what it is told to, and keeps what it heard."""

    def __init__(self, **answers: int) -> None:
        self._answers = {
            SELECT_STAND_IN: answers["select"],
            UNLOCK: answers.get("unlock", 0x6D00),
            SELECT_JPKI: answers.get("jpki", 0x9000),
        }
        self.heard: list[str] = []

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self.heard.append(apdu.hex())
        return b"", self._answers[apdu.hex()]

    def power_off(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.power_off()


@pytest.mark.parametrize("answer", [0x6A82, 0x6A81, 0x6D00, 0x6E00, 0x6283, 0x6F00])
def test_a_card_that_does_not_know_the_stand_in_hears_nothing_more_of_it(answer: int) -> None:
    card = CardWithAnswers(select=answer)
    assert not SimulatedInstitutionCredential().unlock(card)
    assert card.heard == [SELECT_STAND_IN, SELECT_JPKI]


def test_a_card_that_knows_it_is_unlocked_and_left_at_jpki() -> None:
    card = CardWithAnswers(select=0x9000, unlock=0x9000)
    assert SimulatedInstitutionCredential().unlock(card)
    assert card.heard == [SELECT_STAND_IN, UNLOCK, SELECT_JPKI]


@pytest.mark.parametrize(("unlock", "jpki"), [(0x6A86, 0x9000), (0x9000, 0x6A82)])
def test_a_refusal_is_an_answer_and_no_error(unlock: int, jpki: int) -> None:
    assert not SimulatedInstitutionCredential().unlock(CardWithAnswers(select=0x9000, unlock=unlock, jpki=jpki))
