"""The chip's commands that a reader needs, as far as they are needed (UM0701-02, chapter 7).

The chip does ISO/IEC 14443-4 by itself: it selects the card, splits and joins its blocks, repeats those that came
broken, and grants waiting-time extensions. Here a command APDU goes in and its answer comes out.
"""

from __future__ import annotations

from typing import Final

from device.domain.errors import CardUnreadable
from device.drivers.pn532 import status
from device.drivers.pn532.chip import Chip, ChipTrouble
from device.drivers.pn532.targets import Modulation, Target, parse

DIAGNOSE, FIRMWARE_VERSION, SAM_CONFIGURATION, RF_CONFIGURATION = 0x00, 0x02, 0x14, 0x32
DATA_EXCHANGE, LIST_PASSIVE_TARGET = 0x40, 0x4A

_PN532: Final = 0x32
_TYPE_B_SUPPORT: Final = 0x02
_VERSION_BYTES: Final = 4
_NORMAL_MODE: Final = b"\x01"
_ATTENTION_REQUEST: Final = b"\x06"
_FIELD_OFF: Final = b"\x01\x00"
_MOST_TARGETS: Final = 2
"""As many as the chip can handle: a second card has to be seen."""

# Items of RFConfiguration, each said although most are the defaults: another program may have said otherwise.
_TIMINGS: Final = bytes.fromhex("02000B0A")
"""102.4 ms for ATR_RES, 51.2 ms for what is sent through."""
_NO_REPEATS: Final = bytes.fromhex("0400")
"""MaxRtyCOM 0: what was sent to a card is not sent again."""
_ACTIVATION_TRIES: Final = bytes.fromhex("05FF0101")
"""Two tries to find a card and the chip answers; FF would make it wait for one for ever."""

LARGEST_PART: Final = 262
"""Bytes of data that one InDataExchange takes, or returns (7.3.8)."""
LONGEST_ANSWER: Final = 65_538
"""What ISO/IEC 7816-4 allows with extended length, status word included."""
_MORE_FOLLOWS: Final = 0x40
"""MI in the target's number: more of the command follows."""


def bring_up(chip: Chip) -> str:
    """Wake and configure the chip, with its field off; return its firmware's version. Raise ChipTrouble."""
    try:
        chip.wake()
        chip.ask(SAM_CONFIGURATION, _NORMAL_MODE)
    except ChipTrouble:
        # The first words may have fallen into a command that somebody else has left half-way.
        chip.wake()
        chip.ask(SAM_CONFIGURATION, _NORMAL_MODE)
    version = _firmware(chip)
    for item in (_TIMINGS, _NO_REPEATS, _ACTIVATION_TRIES):
        chip.ask(RF_CONFIGURATION, item)
    switch_field_off(chip)
    return version


def _firmware(chip: Chip) -> str:
    answer = chip.ask(FIRMWARE_VERSION)
    if len(answer) < _VERSION_BYTES or answer[0] != _PN532:
        raise ChipTrouble(f"the chip is no PN532: it calls itself {answer.hex(' ').upper() or 'nothing'}")
    _, major, minor, support = answer[:_VERSION_BYTES]
    if not support & _TYPE_B_SUPPORT:
        raise ChipTrouble("the chip's firmware does not speak type B, which the card does")
    return f"{major}.{minor}"


def switch_field_off(chip: Chip) -> None:
    """Take the power from whatever lies in the field."""
    chip.ask(RF_CONFIGURATION, _FIELD_OFF)


def find(chip: Chip, modulation: Modulation) -> list[Target]:
    """Switch the field on and activate up to two cards of a kind. Raise CardUnreadable or ChipTrouble."""
    return parse(modulation, chip.ask(LIST_PASSIVE_TARGET, bytes((_MOST_TARGETS,)) + modulation.value))


def is_still_there(chip: Chip) -> bool:
    """Whether the activated card answers to an R(NAK) block, which changes nothing in it (7.2.1, test 6)."""
    answer = chip.ask(DIAGNOSE, _ATTENTION_REQUEST)
    return answer[:1] == b"\x00"


def exchange(chip: Chip, target: Target, apdu: bytes | bytearray) -> bytes:
    """Send a command APDU; return the answer with its status word.

    Raise CardLost, CardUnreadable or ChipTrouble. No copy of the command is kept.
    """
    rest = memoryview(apdu)
    while len(rest) > LARGEST_PART:
        _part(chip, target.number | _MORE_FOLLOWS, rest[:LARGEST_PART])
        rest = rest[LARGEST_PART:]
    more, answer = _part(chip, target.number, rest)
    while more:
        more, part = _part(chip, target.number, memoryview(b""))
        answer += part
        if not part or len(answer) > LONGEST_ANSWER:
            raise CardUnreadable("an answer that does not end")
    return answer


def _part(chip: Chip, target: int, data: memoryview) -> tuple[bool, bytes]:
    """Exchange one part; return whether more of the answer waits, and what has come of it."""
    message = bytearray((target,))
    message += data
    try:
        answer = chip.ask(DATA_EXCHANGE, message, answer_s=chip.timing.exchange_s)
    finally:
        message[:] = bytes(len(message))
    if not answer:
        raise ChipTrouble("the chip answers an exchange without a status")
    status.check("talking to the card", answer[0])
    return bool(answer[0] & status.MORE), answer[1:]
