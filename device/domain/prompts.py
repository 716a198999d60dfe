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
    KEYS = "keys"
    ASK = "ask"
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
    ANOTHER_MOVE = "another_move"
    """The next sentence asks for another movement in place of the last one."""
    MOVE_HELP = "move_help"
    """How to get more time, or another way."""
    ENTER_PIN = "enter_pin"
    """Enter four digits, then the hash key. Takes `tries_left`."""
    LAST_TRY = "last_try"
    """One try left: hash to go on, star to stop."""
    CHECKING = "checking"
    ASK_CONSENT = "ask_consent"
    """May the clinic see these? Hash for yes, star for no. Takes `items`."""
    PLEASE_WAIT = "please_wait"
    TAKE_CARD = "take_card"
