"""照合番号B from pictures of a card's front: arithmetic on arrays and rules; who takes the pictures is not known here.

layout       where to look on a front
outline      where the card is in a picture
lines        where text is on the flat card
symbols      the characters that can occur, as bytes that can be wiped
recogniser   one line of text through the network, read out greedily
grammar      which words are a birth date, an expiry, a security code
rules        what can stand on one valid card, and the 14 digits that come of it
flat_card    the card straightened, and which way up it lies
fields       the three fields, each believed by its own rule
reader       all of that for one picture
agreement    when two pictures are enough
by_camera    the CardFront port on top of a Camera
"""

from device.card.front.agreement import Agreed, AgreeingReader, FrontReading, Undecided
from device.card.front.by_camera import CameraCardFront
from device.card.front.reader import Doubtful, FrontRead, FrontReader, Unread
from device.card.front.recogniser import Recogniser
from device.card.front.rules import FrontRules

__all__ = [
    "Agreed",
    "AgreeingReader",
    "CameraCardFront",
    "Doubtful",
    "FrontRead",
    "FrontReader",
    "FrontReading",
    "FrontRules",
    "Recogniser",
    "Undecided",
    "Unread",
]
