"""What a workshop changes: its cards, its arms, its sensors. Everything else is PROTOCOL.md."""

ARMS = {"golden-1": "left", "expendable-1": "left"}
"""Which arm carries the card of this name. Change the card on the arm by hand and say so here."""
BESIDE = {"second_card": "right", "metal": "plate"}
PLUGS = ("reader", "camera", "network")
LIGHTS = {"bright": 100, "office": 30, "dim": 3, "dark": 0}
"""Percent of the lamps' full light; set them with a light meter at the unit's place."""
HIGHEST_MM = 60.0
ARM_MS = 900
"""An arm's longest way."""
LONGEST_PRESS_MS = 30_000
LONGEST_CUT_MS = 600_000
SILENT_MS = 120_000
"""After so long without a valid line the board goes to its safe state."""
SENSORS = {
    # sensor: place: (channel, factor, offset, uncertainty), so that value = factor · volts + offset
    "lamp": {
        "ready": ("lamp0", 200.0, 0.0, 12.0),
        "card": ("lamp1", 200.0, 0.0, 12.0),
        "face": ("lamp2", 200.0, 0.0, 12.0),
        "keys": ("lamp3", 200.0, 0.0, 12.0),
        "staff": ("lamp4", 200.0, 0.0, 12.0),
    },
    "supply": {"-": ("supply", 2.0, 0.0, 0.04)},
    "room_temperature": {"-": ("room", 100.0, -50.0, 1.5)},
}
"""Factors to be found at the bench, each with its day in the station's file; a TMP36 gives 100 °C/V - 50 °C."""
