"""A PN532, as it sits on the NFC HATs for the Raspberry Pi, behind the card ports: no libnfc, no ifdnfc, no PC/SC.

frames      the frames' codec, without I/O; each field with its source
wire        what a bus must do
uart, spi, i2c    the three buses of the chip
chip        the dialogue: command, acknowledgement, answer; what is repeated and what never
status      the chip's error codes, and what each means for a visit
targets     the cards that the chip tells of, and their ATR
commands    the commands that a reader needs
reader      Pn532Reader, a CardReader
places      where a chip is: "uart:/dev/ttyAMA0", "spi:0.0", "i2c:1"
"""

from device.drivers.pn532.chip import Timing
from device.drivers.pn532.places import open_pn532
from device.drivers.pn532.reader import Pn532Connection, Pn532Reader

__all__ = ["Pn532Connection", "Pn532Reader", "Timing", "open_pn532"]
