"""What the core asks of the board's parts. `pico.py` has them in metal, the tests in memory."""


class Parts:
    """Relays, arms, light, sensors. Each call returns at once; times are the core's business."""

    identity = "unknown"

    def now_ms(self) -> int:
        """Return milliseconds that only rise."""
        raise NotImplementedError

    def keys(self, crossings: int) -> None:
        """Close these crossings of the keypad, bit 4 · row + column each, and open all others."""
        raise NotImplementedError

    def arm(self, name: str, height_mm: float) -> None:
        """Move an arm; a negative height takes it away."""
        raise NotImplementedError

    def arms_limp(self) -> None:
        """Drive no arm; each stays where its weight lets it."""
        raise NotImplementedError

    def supply(self, *, on: bool) -> None:
        """Give the unit its supply, or take it away."""
        raise NotImplementedError

    def plug(self, name: str, *, in_place: bool) -> None:
        """Close a plug's relay, or open it."""
        raise NotImplementedError

    def light(self, percent: int) -> None:
        """Set the lamps over the scene."""
        raise NotImplementedError

    def volts(self, channel: str) -> float:
        """Return what a sensor's channel shows."""
        raise NotImplementedError

    def stopped(self) -> bool:
        """Tell whether the emergency stop is pressed, or its wire cut."""
        raise NotImplementedError

    def register_loop(self, pattern: int) -> int:
        """Shift 16 bits through the keys' register with its outputs off; return what came back on the loop wire."""
        raise NotImplementedError
