"""券面事項確認AP: the portrait, behind 照合番号B (14 digits of the card's front).

Ten wrong numbers block it until the municipal counter unlocks it, and software reads the digits: so the counter is
asked before every VERIFY, and a floor stops the software while a person still has tries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from device.card import apdu, status
from device.card.channel import Channel
from device.card.files import Application, CardFile
from device.card.jpki import query_tries
from device.card.profiles import REFERENCE_NUMBER_B, RSA_2048_SHA_256
from device.card.surface_record import CERTIFICATE, JP2_SIGNATURE, RECORD, SurfaceRecord, chip_answered
from device.card.trust import Chain, Origin, SurfaceAnchor
from device.domain.errors import CardUnreadable
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB

MAX_RECORD_SIZE: Final = 64 * 1024
MAX_CERTIFICATE_SIZE: Final = 1024
"""Real ones have 568 bytes."""


class ReferenceNumberRefused(CardUnreadable):
    """照合番号B did not open the record. `sent`: the card has counted a try. `tries_left` is its own word."""

    def __init__(self, *, tries_left: int, sent: bool) -> None:
        how = "refused by the card" if sent else "not sent"
        super().__init__(f"照合番号B was {how}, {tries_left} tries left", reason=Reason.REFERENCE_NUMBER_REFUSED)
        self.tries_left = tries_left
        self.sent = sent


def exists(channel: Channel) -> bool:
    """Tell whether the card has the application (phones have not)."""
    return channel.select(Application.SURFACE) == status.OK


def tries_left(channel: Channel) -> int:
    """Ask the card for the counter of 照合番号B; 0 means blocked."""
    channel.open(REFERENCE_NUMBER_B.file)
    tries = query_tries(channel)
    return REFERENCE_NUMBER_B.full_tries if tries is None else tries


@dataclass(frozen=True, slots=True)
class PortraitCheck:
    """What a portrait has to stand up to before anybody looks at it."""

    challenge: bytes = field(repr=False)
    """Random bytes of ours, new for each reading."""
    anchors: tuple[SurfaceAnchor, ...] = ()
    unknown_anchor_goes_on: bool = False
    """Whether an unknown anchor is only reported. An invalid signature ends it in every case."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A JPEG 2000 file out of the record, after the chip has proven that the record is its own."""

    jp2: bytes = field(repr=False)
    origin: Origin
    """VALID or ANCHOR_UNKNOWN."""


def read_portrait(channel: Channel, number: ReferenceNumberB, check: PortraitCheck, *, floor: int) -> Portrait:
    """Open the record with 照合番号B, check its signatures, let the chip prove itself; only then use the portrait.

    With fewer than `floor` tries left the number is not sent. Raise ReferenceNumberRefused, or CardUnreadable with the
    reason PORTRAIT_MISSING, PORTRAIT_NOT_GENUINE, PORTRAIT_ORIGIN_UNKNOWN, CHIP_NOT_PROVEN or PORTRAIT_UNREADABLE.
    """
    _open_record(channel, number, floor)
    content = channel.read_object(CardFile.SURFACE_RECORD, tag=RECORD, limit=MAX_RECORD_SIZE)
    record = SurfaceRecord.parse(content)
    certificate = channel.read_object(CardFile.SURFACE_CERTIFICATE, tag=CERTIFICATE, limit=MAX_CERTIFICATE_SIZE)
    origin = record.origin(certificate, check.anchors)
    if origin.chain is Chain.INVALID:
        raise CardUnreadable("the record's signatures do not hold", reason=Reason.PORTRAIT_NOT_GENUINE)
    if origin.chain is Chain.ANCHOR_UNKNOWN and not check.unknown_anchor_goes_on:
        raise CardUnreadable("no anchor for the record's signer", reason=Reason.PORTRAIT_ORIGIN_UNKNOWN)
    _require_chip(channel, record, check.challenge)
    if not record.portrait.startswith(JP2_SIGNATURE):
        raise CardUnreadable("the portrait is no JPEG 2000 file", reason=Reason.PORTRAIT_UNREADABLE)
    return Portrait(record.portrait, origin)


def _open_record(channel: Channel, number: ReferenceNumberB, floor: int) -> None:
    tries = tries_left(channel)
    if tries < max(floor, 1):
        raise ReferenceNumberRefused(tries_left=tries, sent=False)
    _, sw = channel.send(apdu.verify(number.reveal()))
    if sw == status.OK:
        return
    after = query_tries(channel) if sw == status.WRONG_WITHOUT_COUNTER else status.counted_tries(sw)
    if after is None:
        raise status.unexpected("VERIFY of 照合番号B", sw)
    raise ReferenceNumberRefused(tries_left=after, sent=True)


def _require_chip(channel: Channel, record: SurfaceRecord, challenge: bytes) -> None:
    """Internal authentication: a copy of the record on another chip fails here (facts: card.md, 4.3)."""
    answer, sw = channel.send(apdu.prove_chip(RSA_2048_SHA_256.to_be_signed(challenge)))
    if sw != status.OK or not chip_answered(record.chip_key, answer, challenge):
        raise CardUnreadable("the chip did not prove to hold its record's key", sw=sw, reason=Reason.CHIP_NOT_PROVEN)
