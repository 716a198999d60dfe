"""A small display's chip on its bus, as far as a picture goes through it: what luma.oled speaks to in tests."""

from __future__ import annotations

import errno

import numpy as np
import numpy.typing as npt

ADDRESS = 0x3C
_COMMAND, _DATA = 0x00, 0x40
_COLUMN_ADDRESS, _DISPLAY_ON, _DISPLAY_OFF = 0x21, 0xAF, 0xAE


class Ssd1306Bus:
    """An I2C bus with an SSD1306 on it: its memory, filled column by column and page by page, and whether it is lit."""

    def __init__(self) -> None:
        self.memory = np.zeros((8, 128), dtype=np.uint8)
        self.lit = False
        self.gone = False
        """Its cable came off."""
        self._columns, self._pages = (0, 127), (0, 7)
        self._at = (0, 0)

    def write_i2c_block_data(self, address: int, mode: int, data: list[int]) -> None:
        """Take a command or a part of the picture, as smbus2 hands it over. Raise OSError where nobody answers."""
        if self.gone or address != ADDRESS:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        if mode == _COMMAND:
            self._command(data)
        elif mode == _DATA:
            for byte in data:
                self._store(byte)

    def picture(self) -> npt.NDArray[np.bool_]:
        """Return what it shows, 64 x 128."""
        bits = np.unpackbits(self.memory[:, :, None], axis=2, bitorder="little")
        return bits.transpose(0, 2, 1).reshape(64, 128).astype(bool)

    def _command(self, data: list[int]) -> None:
        if data[0] == _COLUMN_ADDRESS:
            self._columns, self._pages = (data[1], data[2]), (data[4], data[5])
            self._at = (self._pages[0], self._columns[0])
        elif data[-1] in {_DISPLAY_ON, _DISPLAY_OFF}:
            self.lit = data[-1] == _DISPLAY_ON

    def _store(self, byte: int) -> None:
        page, column = self._at
        self.memory[page, column] = byte
        self._at = (page, column + 1) if column < self._columns[1] else (page + 1, self._columns[0])
