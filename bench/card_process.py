"""A simulated card on the virtual reader, in a process of its own: `python -m bench.card_process KIND`.

`echo` answers at once and always the same. `visit KBPS` is a My Number Card behind a link of so many kbit/s; when its
standard input says `report` it writes what every command took, in seconds in the air and in the chip.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from device.sim.card import CONTACTLESS_ATR, CardAuthority, CardFrontPrint, PlaceableCard, SimulatedCard
from device.sim.card.link import STATUS_BYTES, Link
from device.sim.vpcd import VpcdSlot

FRONT = CardFrontPrint(date(1974, 4, 2), date(2034, 4, 2), "2285")
PORTRAIT_BYTES = 15 * 1024
PORTRAIT = bytes.fromhex("0000000C6A5020200D0A870A").ljust(PORTRAIT_BYTES, b"\x5a")
READ_BINARY = 0xB0


class EchoCard:
    """Says yes to everything, with 256 bytes to READ BINARY: what is left is the way there and back."""

    atr = CONTACTLESS_ATR

    def power_on(self) -> None:
        """Nothing to begin."""

    def reset(self) -> None:
        """Nothing to forget."""

    def power_off(self) -> None:
        """Nothing to forget."""

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer."""
        return (bytes(256) if apdu[1] == READ_BINARY else b""), 0x9000


class PacedCard:
    """A card whose answers come when a real one's would, by `link`, however fast this machine computes."""

    def __init__(self, card: SimulatedCard, link: Link) -> None:
        self.atr = card.atr
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self._card = card
        self._link = link
        self.spent: list[tuple[float, float, float]] = []
        """For each command, seconds in the air and in the chip, and how late the answer was all the same."""

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer as the card does, when the time has come."""
        began = time.perf_counter()
        data, sw = self._card.transmit(apdu)
        in_air_s = self._link.transfer_s(len(apdu), len(data) + STATUS_BYTES)
        in_all_s = self._link.exchange_s(apdu, len(data))
        time.sleep(max(0.0, began + in_all_s - time.perf_counter()))
        self.spent.append((in_air_s, in_all_s - in_air_s, time.perf_counter() - began - in_all_s))
        return data, sw


def visit_card() -> SimulatedCard:
    """Make a card with a portrait of 15 kB, with its files and keys made beforehand."""
    now = datetime.now(UTC)
    credentials = CardAuthority().issue(serial=1, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9))
    card = SimulatedCard(credentials, front=FRONT, portrait=PORTRAIT)
    # Files and keys are made when they are first read; a real card has them.
    card.power_on()
    for select, file in (("D392F000260100000001", "000A"), ("D3921000310001010402", "0004")):
        card.transmit(bytes.fromhex("00A4040C0A" + select))
        card.transmit(bytes.fromhex("00A4020C02" + file))
        card.transmit(bytes.fromhex("00B0000000"))
    number = bytes(FRONT.reference_number().reveal())
    for apdu in (b"\x00\xa4\x02\x0c\x02\x00\x12", b"\x00\x20\x00\x80\x0e" + number, b"\x00\xa4\x02\x0c\x02\x00\x02"):
        card.transmit(apdu)
    card.transmit(bytes.fromhex("00B0000000"))
    card.power_off()
    return card


def main() -> None:
    """Serve the card until the standard input ends."""
    paced = PacedCard(visit_card(), Link(kbps=int(sys.argv[2]))) if sys.argv[1] == "visit" else None
    card: PlaceableCard = paced or EchoCard()
    with closing(VpcdSlot()) as slot:
        slot.insert(card)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            if line == "report\n" and paced is not None:
                spent, paced.spent = paced.spent, []
                sys.stdout.write(json.dumps(spent) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
