"""Pictures of card fronts of invented people: drawn, worn, photographed badly, and judged for whether they can be read.

people     who is on the card; nobody of them exists
layout     where things are printed, in millimetres, and how sure that is
fonts      the typefaces, from three Debian packages
printing   people to pixels of a flat card, with the box of every character that matters
wear       what years in a wallet do to the print
camera     a flat card to a picture from a camera: pose, light, glare, blur, noise, JPEG
readable   the rule that says which pictures a reader must be able to read

The same seed gives the same picture on every machine with the same fonts.
"""

from device.sim.card_front_pictures.camera import View, look_again, photograph, take_view
from device.sim.card_front_pictures.people import TARO, InventedFront, invent
from device.sim.card_front_pictures.printing import PrintedCard, print_card
from device.sim.card_front_pictures.readable import Hardness, Legibility, hardness
from device.sim.card_front_pictures.wear import wear

__all__ = [
    "TARO",
    "Hardness",
    "InventedFront",
    "Legibility",
    "PrintedCard",
    "View",
    "hardness",
    "invent",
    "look_again",
    "photograph",
    "print_card",
    "take_view",
    "wear",
]
