"""Keeps the drawn and tabled parts of docs/card.md: `python -m device.app.card_page docs/card.md`; a test compares.

The command flow is no drawing of what should be: a simulated card is led through a visit, and what it hears is written
down.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from device.app.card_readers import READERS, TIER_WORDS
from device.app.page_parts import refresh, table
from device.card import MyNumberCard, PortraitCheck
from device.card.files import Application, CardFile
from device.card.profiles import PROFILES, ToldBy
from device.domain.secrets import Pin
from device.domain.values import PinUse
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.reader import SimulatedReader

SELECT, VERIFY, READ_BINARY, SIGN = 0xA4, 0x20, 0xB0, 0x2A
BY_AID = 0x04
_QUERY_SIZE = 4
_FRONT: Final = CardFrontPrint(date(1980, 2, 17), date(2035, 2, 17), "2285")
_JP2: Final = bytes.fromhex("0000000C6A5020200D0A870A") + bytes(2000)
_TOLD_BY: Final = {
    ToldBy.LABEL: "the label",
    ToldBy.PIN_REFUSED: "the label, and its PIN cannot be used",
    ToldBy.ISSUER: "the label, and its certificate's issuer (JPKI-TEST)",
}
_PIN_USE: Final = {PinUse.UNIT: "at the unit", PinUse.PHONE: "on the phone", PinUse.NOWHERE: "never"}


def sections(card: SimulatedCard) -> dict[str, str]:
    """Return what goes between the marks of the page. `card`: a plastic one with PIN 1234."""
    return {
        "profiles": "\n".join(_profiles()),
        "files": "\n".join(_files()),
        "flow": "\n".join(["```mermaid", "sequenceDiagram", *_flow(card), "```"]),
        "readers": "\n".join(_readers()),
    }


def _profiles() -> Iterator[str]:
    rows = (
        (
            f"`{row.kind}`",
            f"`{row.label}`",
            _TOLD_BY[row.told_by],
            _PIN_USE[row.pin_use] + (f", {row.pin.full_tries} tries" if row.pin else ""),
            "after the PIN" if row.certificate_needs_pin else "free",
            row.signature.name,
            "yes" if row.months_of_grace else "no",
            row.sources,
        )
        for row in PROFILES
    )
    yield from table(
        ("kind", "label in EF 0006", "told by", "PIN", "certificate", "signature", "months of grace", "sources"), rows
    )


def _files() -> Iterator[str]:
    for application in Application:
        yield f"- `{application.name}`, AID `{application.value.hex(' ').upper()}`"
        for file in CardFile:
            if file.application is application:
                yield f"  - `{file.identifier:04X}` {file.name.lower().replace('_', ' ')}"


def _readers() -> Iterator[str]:
    rows = ((row.model, TIER_WORDS[row.tier].en, row.limits.en, row.source) for row in READERS)
    yield from table(("reader", "our list", "limits", "rests on"), rows)


class _Listener:
    """Between reader and card; writes down what is said as lines of a sequence diagram."""

    def __init__(self, card: SimulatedCard) -> None:
        self._card = card
        self.atr = card.atr
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self.lines: list[str] = []

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        data, sw = self._card.transmit(apdu)
        self._write(f"Unit->>Card: {_said(bytes(apdu))}", f"Card-->>Unit: {_answered(bytes(apdu), data, sw)}")
        return data, sw

    def note(self, text: str) -> None:
        self.lines.append(f"    Note over Unit,Card: {text}")

    def _write(self, *lines: str) -> None:
        added = [f"    {line}" for line in lines]
        if self.lines[-len(added) :] != added:  # a file is read by many commands that look alike
            self.lines += added


def _flow(card: SimulatedCard) -> Iterator[str]:
    listener = _Listener(card)
    reader = SimulatedReader()
    reader.place(listener)
    with reader.connect() as connection:
        listener.note("which card is it?")
        visit = MyNumberCard.identify(connection)
        number = card.reference_number()
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("whose, and does it hold?", visit.read_certificate),
            (
                "face: the portrait, its origin and the chip's own proof",
                lambda: visit.read_portrait(number, PortraitCheck(bytes(32), unknown_anchor_goes_on=True)),
            ),
            ("PIN: how many tries are left?", visit.pin_tries_left),
            ("one PIN, one VERIFY", lambda: visit.verify_pin(Pin(b"1234"))),
            ("the holder's signature over the service's challenge", lambda: visit.sign(bytes(32))),
        )
        for title, step in steps:
            listener.note(title)
            step()
    listener.note("power off; the card has to be lifted before the next visit")
    yield from listener.lines


def _said(apdu: bytes) -> str:
    match apdu[1]:
        case ins if ins == SELECT and apdu[2] == BY_AID:
            return f"SELECT {Application(apdu[5:]).name}"
        case ins if ins == SELECT:
            return f"SELECT EF {apdu[5:7].hex().upper()}"
        case ins if ins == READ_BINARY:
            return "READ BINARY, up to what its length says"
        case ins if ins == VERIFY and len(apdu) == _QUERY_SIZE:
            return "VERIFY without a body: the counter?"
        case ins if ins == VERIFY:
            return f"VERIFY, {apdu[4]} digits"
        case _:
            return f"{apdu[:4].hex(' ').upper()}, {apdu[4]} bytes to sign"


def _answered(apdu: bytes, data: bytes, sw: int) -> str:
    if apdu[1] == SIGN:
        return f"signature of {len(data)} bytes, {sw:04X}"
    return f"data, {sw:04X}" if data else f"{sw:04X}"


def main() -> None:
    """Refresh the page that is named."""
    path = Path(sys.argv[1])
    credentials = CardAuthority().issue(
        serial=1, not_before=datetime(2025, 4, 1, tzinfo=UTC), not_after=datetime(2030, 4, 1, tzinfo=UTC)
    )
    card = SimulatedCard(credentials, front=_FRONT, portrait=_JP2)
    path.write_text(refresh(path.read_text(encoding="utf-8"), sections(card)), encoding="utf-8")


if __name__ == "__main__":
    main()
