"""What the chip tells of a card that it has activated, and the ATR that PC/SC part 3 makes of it (3.1.3.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import xor

from device.domain.errors import CardUnreadable


class Modulation(Enum):
    """What the chip looks for (UM0701-02, InListPassiveTarget, BrTy and InitiatorData)."""

    TYPE_B = bytes((0x03, 0x00))
    """106 kbit/s type B; AFI 00, all kinds of application."""
    TYPE_A = bytes((0x00,))
    """106 kbit/s type A; without a UID, so any card."""
    FELICA = bytes.fromhex("0100FFFF0000")
    """212 kbit/s FeliCa; polling for every system code."""


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field. `number` is what the chip calls it (Tg)."""

    number: int
    atr: bytes
    """Empty where the card does not speak ISO/IEC 14443-4, so that no command can be sent to it."""


_ATQB, _ATQB_CODE = 12, 0x50
_ISO_DEP_B, _ISO_DEP_A = 0x01, 0x20


def parse(modulation: Modulation, data: bytes) -> list[Target]:
    """Return the cards of an answer to InListPassiveTarget. Raise CardUnreadable when it is not as the manual says.

    `data` begins with the number of cards (NbTg). Of FeliCa cards only the first is told.
    """
    if not data:
        raise CardUnreadable("the chip lists cards without saying how many")
    rest = data[1:]
    targets: list[Target] = []
    try:
        for _ in range(data[0]):
            match modulation:
                case Modulation.TYPE_B:
                    target, rest = _type_b(rest)
                case Modulation.TYPE_A:
                    target, rest = _type_a(rest)
                case Modulation.FELICA:
                    return [Target(rest[0], b"")]
            targets.append(target)
    except IndexError as error:
        raise CardUnreadable("what the chip tells of a card breaks off") from error
    return targets


def _type_b(data: bytes) -> tuple[Target, bytes]:
    """Tg, ATQB (50, PUPI, application data, protocol info), length of the answer to ATTRIB, that answer."""
    number, atqb, attrib = data[0], data[1 : 1 + _ATQB], data[1 + _ATQB]
    end = 2 + _ATQB + attrib
    if atqb[0] != _ATQB_CODE or len(data) < end:
        raise CardUnreadable("a type B card whose answer to the request is none")
    application, protocol = atqb[5:9], atqb[9:12]
    if not protocol[1] & _ISO_DEP_B:
        return Target(number, b""), data[end:]
    # The upper half of the first byte of the answer to ATTRIB is MBLI, the card's buffer; the lower one is our own DID.
    buffer_index = data[2 + _ATQB] & 0xF0 if attrib else 0
    return Target(number, _atr(application + protocol + bytes((buffer_index,)))), data[end:]


def _type_a(data: bytes) -> tuple[Target, bytes]:
    """Tg, SENS_RES (2), SEL_RES, length of the UID, UID, and from an ISO/IEC 14443-4 card its ATS, length first."""
    number, sel_res, uid = data[0], data[3], data[4]
    rest = data[5 + uid :]
    if not sel_res & _ISO_DEP_A:
        return Target(number, b""), rest
    ats = rest[: rest[0]]
    # T0 tells by three bits which of TA, TB and TC are there; the historical bytes are what follows.
    interface = ats[1] & 0x70 if len(ats) > 1 else 0
    historical = ats[2 + interface.bit_count() :]
    return Target(number, _atr(historical[:15])), rest[rest[0] :]


def _atr(historical: bytes) -> bytes:
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + body + bytes((reduce(xor, body),))
