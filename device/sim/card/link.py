"""How long a card takes: the link in the air, block by block, and the chip's own computing.

ISO/IEC 14443 Type B: a character has ten elementary time units, a frame a start and an end, both sides turn around
before they send, and what does not fit a frame goes in blocks that the other side acknowledges. Which bit rates real
cards agree to, and how long they compute, is not established (facts: card.md, 1.16): those are parameters here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from device.sim.card.placeable import PlaceableCard

CARRIER_HZ: Final = 13_560_000
SLOWEST_KBPS, BIT_RATES = 106, (106, 212, 424, 848)
"""106 kbit/s is the carrier by 128; the others are 2, 4 and 8 times that."""
CARRIER_CYCLES_A_BIT: Final = 128
BITS_A_CHARACTER: Final = 10
"""Start bit, 8 data bits, stop bit; the extra guard time is left at nought (14443-3, 7.1)."""
FRAME_BITS: Final = 23
"""Start of frame 12 and end of frame 11 (14443-3, 7.1.4 and 7.1.5, middle of what is allowed)."""
BLOCK_OVERHEAD: Final = 3
"""Protocol control byte and two bytes of checksum (14443-4, 7.1)."""
FRAME_BYTES: Final = 256
"""Largest frame, both ways."""
STATUS_BYTES: Final = 2
_SIGN: Final = 0x2A


@dataclass(frozen=True, slots=True)
class Link:
    """A link and a chip. Times in seconds."""

    kbps: int = SLOWEST_KBPS
    turnaround_s: float = 0.000_3
    """From the end of one side's frame to the start of the other's."""
    command_s: float = 0.002
    """What the chip takes for any command."""
    signing_s: float = 0.4
    """What it takes for an RSA signature, on top."""

    def __post_init__(self) -> None:
        if self.kbps not in BIT_RATES:
            raise ValueError(f"a Type B link has {', '.join(map(str, BIT_RATES))} kbit/s, not {self.kbps}")

    def transfer_s(self, command_bytes: int, answer_bytes: int) -> float:
        """Return how long a command and its answer (status word included) are in the air."""
        return self._one_way_s(command_bytes) + self._one_way_s(answer_bytes)

    def exchange_s(self, command: bytes | bytearray, answer_bytes: int) -> float:
        """Return how long one command takes in all."""
        computing_s = self.command_s + (self.signing_s if command[1] == _SIGN else 0.0)
        return self.transfer_s(len(command), answer_bytes + STATUS_BYTES) + computing_s

    def _one_way_s(self, size: int) -> float:
        """One I-block for each piece, and an R-block of the other side between two pieces."""
        blocks = max(1, -(-size // (FRAME_BYTES - BLOCK_OVERHEAD)))
        acknowledged = blocks - 1
        characters = size + (blocks + acknowledged) * BLOCK_OVERHEAD
        bits = characters * BITS_A_CHARACTER + (blocks + acknowledged) * FRAME_BITS
        return bits * self._bit_s + (blocks + acknowledged) * self.turnaround_s

    @property
    def _bit_s(self) -> float:
        return CARRIER_CYCLES_A_BIT / CARRIER_HZ / (self.kbps // SLOWEST_KBPS)


class TimedCard:
    """A card behind a link: every command takes its time, through the `wait` that is given.

    With `time.sleep` a bench feels it; with a simulated clock's `advance` a test only counts it.
    """

    def __init__(self, card: PlaceableCard, link: Link, wait: Callable[[float], None]) -> None:
        self._card = card
        self._link = link
        self._wait = wait
        self.spent_s = 0.0
        """Sum of link and card time so far."""

    @property
    def atr(self) -> bytes:
        """The card's own."""
        return self._card.atr

    def power_on(self) -> None:
        """Begin to live in the field."""
        self._card.power_on()

    def reset(self) -> None:
        """Restart without loss of power."""
        self._card.reset()

    def power_off(self) -> None:
        """Lose the field."""
        self._card.power_off()

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer as the card does, later."""
        data, sw = self._card.transmit(apdu)
        seconds = self._link.exchange_s(apdu, len(data))
        self.spent_s += seconds
        self._wait(seconds)
        return data, sw
