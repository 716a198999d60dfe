"""Everything that a visit asks of the card, at an emulated bit rate, against the time that link and card take.

From contact to signature: which card, certificate, 照合番号B, the record with a portrait of 15 kB, its signer, the
chip's own proof, unlocking (by the invented stand-in) and the holder's signature. Through pcscd and vpcd, so that what
is above the sum of link and card is what this program, the PC/SC service and late timers of the emulation add.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from bench.card_process import FRONT, PORTRAIT
from bench.processes import card_on_reader, open_reader
from device.card import MyNumberCard
from device.card.files import CardFile
from device.card.surface import PortraitCheck
from device.ports.card import CardConnection
from device.sim.institution import SimulatedInstitutionCredential

CHALLENGE: Final = bytes(32)
SELECT, BY_AID, SIGN = 0xA4, 0x04, 0x2A
CONTACT, CHIP_PROOF, STAND_IN = "contact", "the chip's proof", "unlocking (stand-in)"
_STEP_OF: Final = {
    CardFile.TOKEN_INFO: "which card",
    CardFile.AUTH_PIN: "which card",
    CardFile.AUTH_CERTIFICATE: "certificate",
    CardFile.REFERENCE_NUMBER_B: "照合番号B",
    CardFile.SURFACE_RECORD: "record with portrait",
    CardFile.SURFACE_CERTIFICATE: "the record's signer",
    CardFile.AUTH_KEY: "the holder's signature",
}


@dataclass(slots=True)
class Step:
    """Seconds in the air, in the chip, of timers that were late, and of the host around all of them; commands."""

    name: str
    air_s: float = 0.0
    chip_s: float = 0.0
    late_s: float = 0.0
    host_s: float = 0.0
    commands: int = 0


@dataclass(frozen=True, slots=True)
class CardPart:
    """One visit's card part."""

    kbps: int
    wall_s: float
    steps: list[Step] = field(default_factory=list)

    @property
    def air_s(self) -> float:
        """Seconds in the air."""
        return sum(step.air_s for step in self.steps)

    @property
    def chip_s(self) -> float:
        """Seconds in which the chip computes."""
        return sum(step.chip_s for step in self.steps)

    @property
    def late_s(self) -> float:
        """Seconds that the emulated card slept too long, which no real card does."""
        return sum(step.late_s for step in self.steps)

    @property
    def host_s(self) -> float:
        """Seconds that this program, pcscd and vpcd add."""
        return sum(step.host_s for step in self.steps)

    @property
    def commands(self) -> int:
        """How many commands there were."""
        return sum(step.commands for step in self.steps)

    @property
    def ratio(self) -> float:
        """The whole to what link and card take by themselves."""
        return self.wall_s / (self.air_s + self.chip_s)

    @property
    def ratio_on_time(self) -> float:
        """The same without the emulation's late timers, which a busy machine has and a real card has not."""
        return (self.wall_s - self.late_s) / (self.air_s + self.chip_s)


def measure(kbps: int, times: int) -> CardPart:
    """Go through the card part so many times; return the one in the middle. Takes the virtual reader."""
    with card_on_reader("visit", str(kbps)) as card:
        parts = []
        for _ in range(times):
            began, watched = _once()
            parts.append(_told(kbps, began, watched, card.report()))
    return sorted(parts, key=lambda part: part.wall_s)[times // 2]


class _Watched(CardConnection):
    """A connection that notes when each command ended and which step it belonged to."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self._step = "which card"
        self.noted: list[tuple[str, float]] = []

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        self._step = self._step_of(bytes(apdu))
        try:
            return self._connection.transmit(apdu)
        finally:
            self.noted.append((self._step, time.perf_counter()))

    def _step_of(self, apdu: bytes) -> str:
        if apdu[1] == SELECT and apdu[2] == BY_AID:
            return STAND_IN if b"UKETSUKE" in apdu else self._step
        if apdu[1] == SELECT:
            file = int.from_bytes(apdu[5:7], "big")
            return next((step for known, step in _STEP_OF.items() if known.identifier == file), "other")
        if apdu[1] == SIGN and apdu[3] == 0:
            return CHIP_PROOF
        return self._step

    def power_off(self) -> None:
        self._connection.power_off()


def _once() -> tuple[float, _Watched]:
    reader = open_reader()
    began = time.perf_counter()
    with _Watched(reader.connect()) as connection:
        card = MyNumberCard.identify(connection)
        card.read_certificate()
        number = FRONT.reference_number()
        portrait = card.read_portrait(number, PortraitCheck(CHALLENGE, unknown_anchor_goes_on=True))
        number.wipe()
        if portrait.jp2 != PORTRAIT:
            raise RuntimeError("another portrait came back")
        card.unlock_by_institution(SimulatedInstitutionCredential())
        card.sign(CHALLENGE)
    reader.close()
    return began, connection


def _told(kbps: int, began: float, watched: _Watched, spent: list[tuple[float, float, float]]) -> CardPart:
    steps: dict[str, Step] = defaultdict(lambda: Step(""))
    at = began
    for (name, ended), (air_s, chip_s, late_s) in zip(watched.noted, spent, strict=True):
        step = steps[name]
        step.name = name
        step.air_s += air_s
        step.chip_s += chip_s
        step.late_s += late_s
        step.host_s += ended - at - air_s - chip_s - late_s
        step.commands += 1
        at = ended
    return CardPart(kbps, at - began, list(steps.values()))
