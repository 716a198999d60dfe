"""券面事項確認AP: the portrait, behind 照合番号B (14 digits of the card's front).

Ten wrong numbers block it until the municipal counter unlocks it, and software reads the digits: so the counter is
asked before every VERIFY, and a floor stops the software while a person still has tries.
"""

from __future__ import annotations

from typing import Final

from device.card import apdu, status, tlv
from device.card.channel import Channel
from device.card.files import Application, CardFile
from device.card.jpki import query_tries
from device.card.profiles import REFERENCE_NUMBER_B
from device.domain.errors import CardUnreadable
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB

MAX_RECORD_SIZE: Final = 64 * 1024
RECORD, PORTRAIT = 0xFF20, 0xDF27
JP2_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")


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


def read_portrait(channel: Channel, number: ReferenceNumberB, *, floor: int) -> bytes:
    """Return the JPEG 2000 file of the portrait.

    With fewer than `floor` tries left the number is not sent. Raise ReferenceNumberRefused, or CardUnreadable with the
    reason PORTRAIT_MISSING or PORTRAIT_UNREADABLE.
    """
    tries = tries_left(channel)
    if tries < max(floor, 1):
        raise ReferenceNumberRefused(tries_left=tries, sent=False)
    _, sw = channel.send(apdu.verify(number.reveal()))
    if sw != status.OK:
        after = query_tries(channel) if sw == status.WRONG_WITHOUT_COUNTER else status.counted_tries(sw)
        if after is None:
            raise status.unexpected("VERIFY of 照合番号B", sw)
        raise ReferenceNumberRefused(tries_left=after, sent=True)
    record = channel.read_object(CardFile.SURFACE_RECORD, tag=RECORD, limit=MAX_RECORD_SIZE)
    return portrait_in(record)


def portrait_in(record: bytes) -> bytes:
    """Take the portrait out of the record of EF 0002."""
    fields = tlv.parse_fields(record[tlv.read_header(record).size :])
    portrait = fields.get(PORTRAIT, b"")
    if not portrait:
        raise CardUnreadable("the card carries no portrait", reason=Reason.PORTRAIT_MISSING)
    if not portrait.startswith(JP2_SIGNATURE):
        raise CardUnreadable("the portrait is no JPEG 2000 file", reason=Reason.PORTRAIT_UNREADABLE)
    return portrait
