from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Final

from device.drivers.pn532.chip import ChipTrouble, Timing
from device.drivers.pn532.reader import Pn532Reader
from device.drivers.pn532.wire import Wire

_SPI: Final = re.compile("([0-9]+)[.]([0-9]+)")
_I2C: Final = re.compile("[0-9]+")
_DEFAULT_TIMING: Final = Timing()


def open_pn532(place: str, *, timing: Timing = _DEFAULT_TIMING) -> Pn532Reader:
    """Return the reader at `place`: "uart:/dev/ttyAMA0", "spi:0.0" (bus and chip select) or "i2c:1".

    The bus is opened when it is first used. Raise ValueError for a place that is none.
    """
    return Pn532Reader(_bus(place), name=f"PN532 at {place}", timing=timing)


def _bus(place: str) -> Callable[[], Wire]:
    kind, _, where = place.partition(":")
    if kind == "uart" and where.startswith("/"):
        return lambda: _open_uart(where)
    if kind == "spi" and (match := _SPI.fullmatch(where)):
        bus, select = map(int, match.groups())
        return lambda: _open_spi(bus, select)
    if kind == "i2c" and _I2C.fullmatch(where):
        return lambda: _open_i2c(int(where))
    raise ValueError(f'{place!r} is no place of a PN532: write "uart:/dev/ttyAMA0", "spi:0.0" or "i2c:1"')


def _open_uart(device: str) -> Wire:
    try:
        from device.drivers.pn532.uart import UartWire  # noqa: PLC0415  pyserial is only needed at a serial line
    except ImportError as error:
        raise _missing("pyserial", "python3-serial") from error
    return UartWire(device)


def _open_spi(bus: int, select: int) -> Wire:
    from device.drivers.pn532.spi import SpiWire  # noqa: PLC0415  with its library

    try:
        spidev = importlib.import_module("spidev")
    except ImportError as error:
        raise _missing("spidev", "python3-spidev") from error
    device = spidev.SpiDev()
    device.open(bus, select)
    device.mode = 0
    return SpiWire(device)


def _open_i2c(number: int) -> Wire:
    from device.drivers.pn532.i2c import I2cWire, SmbusBus  # noqa: PLC0415  with its library

    try:
        return I2cWire(SmbusBus(number))
    except ImportError as error:
        raise _missing("smbus2", "python3-smbus2") from error


def _missing(package: str, system_package: str) -> ChipTrouble:
    return ChipTrouble(f"the Python package {package} is not installed: apt-get install {system_package}")
