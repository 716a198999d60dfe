"""What the status byte of an answer says (UM0701-02, 7.1, error code list), and what it means for a visit."""

from __future__ import annotations

from typing import Final

from device.domain.errors import CardLost, CardUnreadable, UketsukeError
from device.drivers.pn532.chip import ChipTrouble

ERROR_BITS: Final = 0x3F
MORE: Final = 0x40
"""MI: more of the answer waits in the chip."""

_GONE: Final = {
    0x01: "it did not answer in time",
    0x02: "an answer with a wrong CRC",
    0x03: "an answer with wrong parity",
    0x04: "a wrong number of bits",
    0x05: "an answer with broken framing",
    0x06: "two cards answered at once",
    0x0A: "there was no field",
    0x0B: "it broke the protocol",
    0x13: "an answer with a broken format",
    0x23: "a wrong check byte",
    0x27: "the chip knows of no card any more",
    0x29: "it was released",
    0x2A: "another card came in its place",
    0x2B: "it has disappeared",
}
_UNREADABLE: Final = {
    0x07: "its answer is too long for the chip",
    0x09: "its answer overflows the chip's RF buffer",
    0x0E: "its answer overflows the chip's buffer",
}
_BROKEN: Final = {
    0x0D: "the antenna driver is too hot and was switched off: let the HAT cool, and give it air",
    0x2D: "the antenna draws too much current: look for a short circuit at the antenna or metal on it",
    0x10: "a parameter is invalid",
    0x25: "the command does not fit the chip's state",
    0x26: "the operation is not allowed in this configuration",
}


def check(doing: str, status: int) -> None:
    """Return when `status` tells of success. Raise CardLost, CardUnreadable or ChipTrouble, which is a Fault.

    After a trouble on the air nobody knows what the card has done, so whatever hints at that is a lost card.
    """
    error = status & ERROR_BITS
    if error:
        raise _trouble(doing, error)


def _trouble(doing: str, error: int) -> UketsukeError:
    if error in _UNREADABLE:
        return CardUnreadable(f"{doing}: {_UNREADABLE[error]} (PN532 status {error:02X})")
    if error in _BROKEN:
        return ChipTrouble(f"{doing}: {_BROKEN[error]} (PN532 status {error:02X})")
    return CardLost(f"{doing}: {_GONE.get(error, 'the card was lost')} (PN532 status {error:02X})")
