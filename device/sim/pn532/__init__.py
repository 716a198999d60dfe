"""A PN532 as its user manual describes it (UM0701-02), in front of cards that a test or a demonstration places.

Written from the manual and from recorded dialogues, and not from our driver, with which it shares no line: what both
got wrong in the same way would be right in every test.

listener      the chip's ear: bytes from the host become commands; wake-up, noise, half commands
card_field    the antenna: which cards lie there, and whether they have power
chip          the commands
misbehaviour  how chip, line and card can be wrong, as data
pty           the chip at a serial line: a pseudo-terminal
buses         the chip at SPI and I2C, as the libraries for them show a bus
"""

from device.sim.pn532.buses import SimulatedI2c, SimulatedSpi
from device.sim.pn532.card_field import CardField, Kind
from device.sim.pn532.chip import SimulatedChip
from device.sim.pn532.misbehaviour import Misbehaviour, Trouble
from device.sim.pn532.pty import SimulatedPn532

__all__ = [
    "CardField",
    "Kind",
    "Misbehaviour",
    "SimulatedChip",
    "SimulatedI2c",
    "SimulatedPn532",
    "SimulatedSpi",
    "Trouble",
]
