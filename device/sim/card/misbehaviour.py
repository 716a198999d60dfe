from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """How a card is wrong. Commands are counted from 1 at each power-up."""

    leaves_after: int | None = None
    """The hand takes the card away: after so many answers the next command finds no card."""
    garbage_from: int | None = None
    """From this command on the card answers noise, half of it with status 9000."""
    claimed_length: int | None = None
    """Every TLV file says that it has so many bytes."""
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
