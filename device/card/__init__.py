"""Bytes above `transmit()`: commands that know their meaning, status words that become typed errors.

files            the applications and files that may be touched, and no others
apdu             command APDUs as values
tlv              BER-TLV with limits
status           what the card's status words mean
channel          sends commands; the one place that knows about 61xx, 6Cxx and short reads
profiles         what differs between kinds of cards
jpki, surface    the two applications
my_number_card   the facade that the unit uses
"""

from device.card.my_number_card import MyNumberCard
from device.card.surface import ReferenceNumberRefused

__all__ = ["MyNumberCard", "ReferenceNumberRefused"]
