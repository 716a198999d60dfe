"""Which line of the Pi's header goes where. Numbers are the BCM's (GPIO17), not the header's.

Lamps and buzzer lie on lines that the chip pulls low at power-on (GPIO9 to 27), so that nothing lights or sounds before
the program runs; keys may lie on any. Left free for others: I2C (2, 3), serial line (14, 15), SPI (7 to 11), the
sound bus of a DAC (18, 19, 21) and the identification of HATs (0, 1). The fourth column shares GPIO20 with the sound
bus's input: with a sound HAT that claims it, and without SPI, GPIO7 is the place.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from device.panel.cues import BUZZER
from device.panel.lamps import LAMPS

HEADER_LINES = range(28)
"""GPIO0 to GPIO27 are on the header."""
LOW_AT_POWER_ON = range(9, 28)
"""The chip pulls these down at power-on and 0 to 8 up (BCM2835 ARM Peripherals, table 6-31)."""


class Pinout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header's lines of one unit."""

    rows: tuple[int, int, int, int] = (4, 5, 6, 13)
    """Of the keypad, from the row of 1 down to the row of 0."""
    columns: tuple[int, int, int, int] = (16, 12, 25, 20)
    """From the column of 1 to the right; a pad of three columns uses the first three."""
    ready: int = 17
    card: int = 27
    face: int = 22
    keys: int = 23
    staff: int = 24
    buzzer: int = 26

    @property
    def indicators(self) -> dict[str, int]:
        """Lamps and buzzer by the names of `device.panel.cues`."""
        return {name: getattr(self, name) for name in (*LAMPS, BUZZER)}

    def complaint(self) -> str | None:
        """Say what cannot be wired like this; None when all is well."""
        lines = [*self.rows, *self.columns, *self.indicators.values()]
        if outside := [line for line in lines if line not in HEADER_LINES]:
            return f"GPIO{outside[0]} is not on the header; it has GPIO0 to GPIO27"
        if twice := [line for line, uses in Counter(lines).items() if uses > 1]:
            return f"GPIO{twice[0]} is used twice"
        if early := [(name, line) for name, line in self.indicators.items() if line not in LOW_AT_POWER_ON]:
            name, line = early[0]
            return f"{name} on GPIO{line} would be on from power-on until the program runs; take one of GPIO9 to 27"
        return None
