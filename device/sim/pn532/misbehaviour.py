from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What can go wrong with one command."""

    NONE = "nothing"
    SILENT = "the chip does not hear it at all"
    NO_ACK = "it is answered, but not acknowledged"
    NO_ANSWER = "it is acknowledged and done, but never answered"
    WRONG_DATA_CHECKSUM = "the answer has a wrong data checksum"
    WRONG_LENGTH_CHECKSUM = "the answer has a wrong length checksum"
    HALF_FRAME = "the answer breaks off half-way"
    NOISE = "bytes without a meaning come before the acknowledgement and before the answer"
    SINGLE_BYTES = "the answer comes byte by byte"
    EXTENDED = "a short answer comes in an extended frame"
    ERROR_FRAME = "the chip does not understand it"
    FOREIGN_ANSWER = "the late answer to another command comes first"
    ECHO = "the host hears itself"
    RESET = "the chip restarts: it forgets everything and sleeps"
    CABLE_PULLED = "the cable is pulled in the middle of the answer"
    CARD_LEAVES = "the card leaves before it has the command"
    CARD_LEAVES_AFTER = "the card leaves after it has done the command"
    RF_STATUS = "the chip reports the status in `value`"
    IN_PARTS = "the card's answer is handed out in parts of `value` bytes"
    OTHER_CHIP = "the chip calls itself by the code in `value`"


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One trouble, and which commands it hits."""

    trouble: Trouble
    command: int | None = None
    """The code of the commands that it hits; None: of all."""
    skip: int = 0
    """It spares so many of them first."""
    times: int = 1
    """Then it hits so many. Of an answer that is sent again, every sending counts."""
    value: int = 0
