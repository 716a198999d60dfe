"""Names of what lamps, sound and voice can express.

Patterns are in `device.panel.patterns`, words in `device.wire.phrases`.
"""

from __future__ import annotations

from enum import StrEnum


class Cue(StrEnum):
    """A named pattern of lamps and buzzer."""

    IDLE = "idle"
    READING = "reading"
    LOOK = "look"
    TURN_LEFT = "turn_left"
    """The visitor's own left: the lamps lie before the visitor, so their left end is on that side."""
    TURN_RIGHT = "turn_right"
    COME_CLOSER = "come_closer"
    MOVE_BACK = "move_back"
    """What would help before the camera, as the next ones and `COME_CLOSER`. Sides are the visitor's own."""
    MORE_LEFT = "more_left"
    MORE_RIGHT = "more_right"
    HIGHER = "higher"
    LOWER = "lower"
    LOOK_AHEAD = "look_ahead"
    HOLD_STILL = "hold_still"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    ONE_PERSON = "one_person"
    KEYS = "keys"
    ASK = "ask"
    """A yes or a no: may the clinic see something? The other questions have patterns of their own."""
    ASK_LAST_TRY = "ask_last_try"
    ASK_STAFF = "ask_staff"
    """The attendant is asked, not the visitor."""
    ASK_REGISTRATION = "ask_registration"
    ASK_SUBSIDY = "ask_subsidy"
    ASK_PRESCRIPTION = "ask_prescription"
    ASK_READ_BACK = "ask_read_back"
    PLACE_AGAIN = "place_again"
    """The card answered for its visitor and shall come back."""
    WAIT = "wait"
    SUCCESS = "success"
    ATTENTION = "attention"
    """Something was not right, try again."""
    STAFF = "staff"
    """Please see the desk."""
    TAKE_CARD = "take_card"
    CARD_LEFT = "card_left"


class Phrase(StrEnum):
    """A spoken sentence that is not the outcome of anything (those are in the catalogue of reasons)."""

    PLACE_CARD = "place_card"
    READING = "reading"
    LOOK_AT_CAMERA = "look_at_camera"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    COME_CLOSER = "come_closer"
    MORE_LEFT = "more_left"
    """Steering before the camera, as the next three: the visitor's own left."""
    MORE_RIGHT = "more_right"
    HIGHER = "higher"
    LOWER = "lower"
    ANOTHER_MOVE = "another_move"
    """The next sentence asks for another movement in place of the last one."""
    MOVE_HELP = "move_help"
    """How to get more time, or another way."""
    ENTER_PIN = "enter_pin"
    """Enter four digits, then the hash key. Takes `tries_left`."""
    FIND_KEYS = "find_keys"
    """Where the keys are, for fingers. What was pressed is never said."""
    LAST_TRY = "last_try"
    """One try left: hash to go on, star to stop."""
    CHECKING = "checking"
    ASK_CONSENT = "ask_consent"
    """May the clinic see these? Hash for yes, star for no. Takes `items`."""
    ASK_CONSENT_BY_CARD = "ask_consent_by_card"
    """The same, and lifting the card and placing it again is a yes as well. Takes `items`."""
    PLACE_AGAIN = "place_again"
    """The card was lifted for a yes: place it again."""
    ASK_REGISTRATION = "ask_registration"
    ASK_PUBLIC_EXPENSE = "ask_public_expense"
    ASK_PRESCRIPTION = "ask_prescription"
    """1 electronic, 2 paper."""
    ASK_ATTENDANT = "ask_attendant"
    """To the attendant: the same person? Then the number of the reason."""
    READ_BACK = "read_back"
    """The clinic will see these: hash if right, star to answer again. Takes `items`."""
    READ_BACK_NOTHING = "read_back_nothing"
    PLEASE_WAIT = "please_wait"
    TAKE_CARD = "take_card"


STEERING = frozenset({Phrase.MORE_LEFT, Phrase.MORE_RIGHT, Phrase.HIGHER, Phrase.LOWER})
"""Where a face has to go that the picture's edge cuts off. No visit ends with one of these, so they are no reasons.

Each has a cue of its own name."""
