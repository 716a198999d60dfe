"""A simulated My Number Card: the answers of a real one, as far as they are public, with keys of its own.

authority         a test authority, under a name that no real one has, and the keys and certificates that it issues
front             what is printed on the card
files, encoding   elementary files and their bytes
applications      公的個人認証AP and 券面事項確認AP with their content
commands          what a command APDU says, and the status words of the answers
simulated_card    the chip: power, selection, commands
misbehaviour      how a card can be wrong, as data
hostile           files that are written to hurt their reader
link              how long the link and the chip take
stand_in          an invented exchange for PIN-less use, on no card but this one
other_cards       cards that are no My Number Card
"""

from device.sim.card.authority import CardAuthority
from device.sim.card.credentials import CardCredentials
from device.sim.card.front import CardFrontPrint
from device.sim.card.hostile import Hostility, claim_picture_size
from device.sim.card.keys import Algorithm
from device.sim.card.link import Link, TimedCard
from device.sim.card.misbehaviour import Misbehaviour
from device.sim.card.other_cards import OtherCard
from device.sim.card.placeable import ContactLost, PlaceableCard
from device.sim.card.simulated_card import CONTACT_ATR, CONTACTLESS_ATR, SimulatedCard

__all__ = [
    "CONTACTLESS_ATR",
    "CONTACT_ATR",
    "Algorithm",
    "CardAuthority",
    "CardCredentials",
    "CardFrontPrint",
    "ContactLost",
    "Hostility",
    "Link",
    "Misbehaviour",
    "OtherCard",
    "PlaceableCard",
    "SimulatedCard",
    "TimedCard",
    "claim_picture_size",
]
