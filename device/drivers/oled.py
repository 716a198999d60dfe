"""A 128 x 64 OLED with an SSD1306 or SH1106 on I2C, through luma.oled."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

from PIL import Image, ImageDraw, ImageFont

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.ports.panel import Screen

SIZE = (128, 64)
HEADLINE_PX = 16
LINE_PX = 12
CAPTION_TOP_PX = 26


class Panel(Protocol):
    """What is used of a device of luma.oled."""

    def display(self, image: Image.Image) -> None:
        """Show a picture of one bit per pixel."""

    def cleanup(self) -> None:
        """Go dark and let the bus go."""


class OledDisplay:
    """Draws the screen and sends it."""

    def __init__(self, panel: Panel, font: Path) -> None:
        """Raise BadConfig when the typeface cannot be used."""
        self._panel = panel
        self.trouble: Fault | None = None
        try:
            self._headline = ImageFont.truetype(font, HEADLINE_PX)
            self._line = ImageFont.truetype(font, LINE_PX)
        except OSError as error:
            raise BadConfig(f"is no typeface: {error}", where=f"[panel] display_font: {font}") from error

    def close(self) -> None:
        """Go dark; harmless when the display is gone."""
        try:
            self._panel.cleanup()
        except Exception as error:  # noqa: BLE001  see _fault
            self.trouble = _fault(error)

    def show(self, screen: Screen) -> None:
        """Show this screen."""
        try:
            self._panel.display(self.draw(screen))
        except Exception as error:  # noqa: BLE001  see _fault
            self.trouble = _fault(error)
        else:
            self.trouble = None

    def draw(self, screen: Screen) -> Image.Image:
        """Return the picture, one bit per pixel."""
        image = Image.new("1", SIZE)
        pen = ImageDraw.Draw(image)
        pen.text((0, 2), screen.headline, fill=1, font=self._headline)
        if screen.headline:
            pen.line((0, CAPTION_TOP_PX - 4, SIZE[0] - 1, CAPTION_TOP_PX - 4), fill=1)
        for number, line in enumerate(screen.lines):
            pen.text((0, CAPTION_TOP_PX + number * LINE_PX), line, fill=1, font=self._line)
        return image


def open_oled(chip: str, *, bus: int, address: int, font: Path) -> OledDisplay:
    """Return the display. Raise Fault where it does not answer, BadConfig for the typeface."""
    try:
        interface: Any = importlib.import_module("luma.core.interface.serial").i2c(port=bus, address=address)
        panel: Panel = getattr(importlib.import_module("luma.oled.device"), chip)(interface)
    except Exception as error:
        raise _fault(error) from error
    return OledDisplay(panel, font)


def _fault(error: Exception) -> Fault:
    # luma raises its own errors, OSError from the bus, and ImportError where it is not installed.
    return Fault(
        f"the display cannot be used: {error}; is it connected, the bus switched on, uketsuke[display] installed?",
        part="display",
        reason=Reason.PANEL_FAULT,
    )
