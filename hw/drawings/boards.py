"""The two wiring drawings: the unit's header and the rig's board, from their data."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from device.app.panel_page import HEADER_PINS
from device.panel.lamps import LAMPS
from device.wire.texts import Text
from hw.drawings.lamp_names import lamp_name
from hw.drawings.wiring import Pin, WiredPart, draw_wiring

HW: Final = Path(__file__).parents[1]
PINOUT: Final = HW / "pinout.toml"
RIG_WIRING: Final = HW / "rig/firmware/wiring.toml"
OTHER_PINS: Final = {
    1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V", 6: "GND", 9: "GND", 14: "GND", 20: "GND", 25: "GND", 30: "GND",
    34: "GND", 39: "GND",
}  # fmt: skip
"""Of the Pi's header: what is no GPIO."""
PICO_OTHERS: Final = {
    3: "GND", 8: "GND", 13: "GND", 18: "GND", 23: "GND", 28: "GND", 38: "GND", 30: "RUN", 33: "AGND", 35: "ADC_VREF",
    36: "3V3 OUT", 37: "3V3_EN", 39: "VSYS", 40: "VBUS",
}  # fmt: skip
PICO_SKIPPED: Final = (23, 24, 25)
"""GPIO23 to 25 of the Pico are not on its edge."""


TERMS: Final = {
    "row": "行", "column": "列", "buzzer": "ブザー", "RX": "チップ側", "TX": "チップ側",
    **{lamp: lamp_name(lamp) for lamp in LAMPS},
}  # fmt: skip
"""What a terminal's first word is in Japanese; names such as SDA are the same everywhere."""


def unit_parts() -> list[dict[str, Any]]:
    """Return the parts of hw/pinout.toml as they stand there."""
    parts: list[dict[str, Any]] = tomllib.loads(PINOUT.read_text(encoding="utf-8"))["part"]
    return parts


def unit_wiring() -> str:
    """Draw the unit's header."""
    names = {pin: f"GPIO{line}" for line, pin in HEADER_PINS.items()} | OTHER_PINS
    parts = [
        WiredPart(
            each["ja"],
            each["en"],
            {_in_both(name): f"GPIO{line}" for name, line in each["lines"].items()},
            Text(ja=each["note_ja"], en=each["note"]),
        )
        for each in unit_parts()
    ]
    odd, even = ([Pin(number, names[number]) for number in range(first, 41, 2)] for first in (1, 2))
    return draw_wiring(
        "端末の配線 Wiring of the unit (40-pin header)",
        "Both rows of the header from pin 1; each used pin carries the number of its part and the terminal's name. "
        "The table in docs/panel.md and hw/pinout.toml say the same in words.",
        odd,
        even,
        parts,
    )


def _in_both(terminal: str) -> str:
    ja = TERMS.get(terminal.split(maxsplit=1)[0])
    return f"{ja} {terminal}" if ja else terminal


def rig_wiring() -> str:
    """Draw the rig's board."""
    data = tomllib.loads(RIG_WIRING.read_text(encoding="utf-8"))
    names = dict(PICO_OTHERS)
    lines = (line for line in range(29) if line not in PICO_SKIPPED)
    edge = (pin for pin in range(1, 41) if pin not in PICO_OTHERS)
    names |= {pin: f"GP{line}" for pin, line in zip(edge, lines, strict=True)}
    parts = [
        WiredPart(
            each["ja"],
            each["en"],
            {name.lower().replace("_", " "): f"GP{line}" for name, line in each["pins"].items()},
            Text(ja=each["note_ja"], en=f"{each['note']}. {each['why']}"),
        )
        for each in data["part"]
    ]
    left = [Pin(number, names[number]) for number in range(1, 21)]
    right = [Pin(number, names[number]) for number in range(40, 20, -1)]
    return draw_wiring(
        "治具の配線 Wiring of the rig (Raspberry Pi Pico)",
        "Both edges of the board, USB at the top; each used pin carries the number of its part and its name in "
        "the program. "
        "hw/rig/firmware/wiring.toml says the same in words.",
        left,
        right,
        parts,
        remark=" — 信号はプログラムの中の名で lines are called as in the program",
    )
