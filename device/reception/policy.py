"""What a clinic may decide about a visit. Every default is visible here, with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.reasons import Reason
from device.domain.values import Method


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in seconds, bounded so that no state can last for ever."""

    first_method: Method = Method.FACE
    face_available: bool = True
    """False where no model or camera works; the visit then goes by PIN and the unit reports why."""
    face_tries: int = 2
    moves: int = 1
    """How many moves must be seen where any is asked for."""
    more_time: int = 3
    """How often a key gives the visitor as much time again for one move."""
    accept_face_only: bool = False
    """Go on after a face match without the card's signature; the service still decides whether it accepts that."""

    closed: Reason | None = None
    """Why the unit serves nobody at present: every visit ends with this before the card is read."""

    consent_by_card: bool = False
    """Lifting the card and placing it again is a yes to a clinic's blanket question: consent without a key."""
    read_back: bool = False
    """Read the answers back and have them confirmed."""

    # A complete read on phones takes 5 s or more (facts: card.md 1.16); twice that, and the patience phrase in between.
    read_s: float = 10.0
    match_s: float = 15.0
    # The sentence takes 3 s, a slow turn of the head as long, and the camera wants a moment at the end of it.
    move_s: float = 12.0
    card_s: float = 10.0
    answer_s: float = 10.0
    # Typing four digits by touch takes a blind visitor far longer than a sighted one; each key starts the time again.
    pin_s: float = 45.0
    consent_s: float = 45.0
    # Nobody is left more than 8 s in silence.
    patience_s: float = 7.0
    # The invitation to look at the camera names the other way on, which nobody may miss: it takes some 4 s to say.
    first_hint_s: float = 4.0
    hint_gap_s: float = 2.0
    # Lifting a card and placing it again takes a second or two; a hand that shakes gets four times that.
    return_s: float = 8.0
    removal_s: float = 6.0
