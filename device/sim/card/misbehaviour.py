from __future__ import annotations

from dataclasses import dataclass

from device.sim.card.hostile import Hostility


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """How a card is wrong. Commands and bytes are counted from 1 at each power-up."""

    leaves_after: int | None = None
    """The hand takes the card away: after so many answers the next command finds no card."""
    leaves_at_byte: int | None = None
    """The hand takes the card away in the middle: so many bytes of commands and answers cross the field and no more.

    A command that did not arrive whole was not carried out; one whose answer did not arrive was.
    """
    loses_contact_at: int | None = None
    """This command is carried out, its answer is lost and so is the power; the card lies there still. Once only."""
    garbage_from: int | None = None
    """From this command on the card answers noise, half of it with status 9000."""
    claimed_length: int | None = None
    """Every TLV file says that it has so many bytes."""
    hostile: Hostility | None = None
    """Every TLV file is written to hurt its reader."""
    certificate_forged: bool = False
    """The certificate names an authority that did not sign it."""
    portrait_altered: bool = False
    """One byte of the record of the face was changed after it was signed."""
    chip_is_copy: bool = False
    """The chip has not the key that its record names: somebody copied a card's files."""
    phone_locked: bool = False
    """A phone whose holder has not confirmed: its key does not sign."""
    error_after_power_up: bool = False
    """The first command after power-up meets 6F00 (seen on good cards; facts: card.md, 1.14)."""
    largest_read: int | None = None
    """READ BINARY hands out fewer bytes than asked for, and says 9000."""
    largest_le: int | None = None
    """READ BINARY with a greater Le is answered 6Cxx."""
    largest_part: int | None = None
    """Answers are fetched in parts by GET RESPONSE (61xx), as readers with T=0 do."""
    counter_hidden: bool = False
    """A wrong secret is answered 6300 instead of 63Cx."""
    mute: bool = False
    """There is a card, but it does not answer at all."""
