"""Bytes above `transmit()`: commands that know their meaning, status words that become typed errors.

files            the applications and files that may be touched, and no others
apdu             command APDUs as values
tlv              BER-TLV with limits
status           what the card's status words mean
channel          sends commands; the one place that knows about 61xx, 6Cxx and short reads
profiles         what differs between kinds of cards
trust            pinned anchors, of production or of test
certificate      is it a 利用者証明用電子証明書, who issued it, does it hold today
surface_record   the record of the card's face and the signatures over it
jpki, surface    the two applications
trace            what goes to a card and comes back, without what is secret
refused          which numbers of its front a card has refused
my_number_card   the facade that the unit uses
"""

from device.card.my_number_card import MyNumberCard
from device.card.surface import Portrait, PortraitCheck, ReferenceNumberRefused

__all__ = ["MyNumberCard", "Portrait", "PortraitCheck", "ReferenceNumberRefused"]
