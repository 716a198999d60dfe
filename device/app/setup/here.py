"""What can be found out on this machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from device.app.config import PanelSection
from device.app.panel_parts import PADS, open_keypad
from device.app.reader_parts import VIRTUAL_READER
from device.app.setup.surroundings import KeypadAtHand
from device.domain.errors import Fault
from device.drivers.gpio import open_gpio
from device.drivers.mdns import FoundBroker, find_brokers
from device.ports.clock import Clock
from device.ports.machine import Machine

ANY_READER = "."
PLAYERS = ("aplay", "-l")
SENSOR = re.compile(r"(imx|ov|arducam)\w* \d+-[0-9a-f]{4}$")
"""How the kernel names a camera's sensor on the board's I2C bus."""
BOARD_DEVICES = ("unicam", "rp1-cfe", "pispbe", "bcm2835", "codec", "isp", "hevc")
"""Parts of names of the board's own video devices, which libcamera drives."""


class ThisMachine:
    """`Surroundings` as they are."""

    def __init__(self, machine: Machine, clock: Clock, *, pad: str = "4x3") -> None:
        """`pad` is the keypad that was bought."""
        self._machine = machine
        self._clock = clock
        self._pad = pad

    def brokers(self) -> Sequence[FoundBroker]:
        """Listen to the network for some seconds."""
        try:
            return find_brokers()
        except Fault:
            return ()

    def readers(self, *, simulated: bool) -> Sequence[str]:
        """Ask pcscd."""
        try:
            from device.drivers.pcsc import PcscReader  # noqa: PLC0415  an extra of its own

            reader = PcscReader(ANY_READER, refuse=None if simulated else VIRTUAL_READER)
            try:
                return reader.fitting()
            finally:
                reader.close()
        except (Fault, ImportError):
            return ()

    def cameras(self) -> Sequence[str]:
        """Look for sensors on the board's own ports, which picamera2 counts, and for video devices on USB."""
        names = {
            node: self._machine.read(f"/sys/class/video4linux/{node}/name") or ""
            for node in self._machine.names("/sys/class/video4linux")
        }
        sensors = [node for node, name in names.items() if SENSOR.match(name)]
        found = [f"picamera2:{number}" for number in range(len(sensors))]
        for node, name in names.items():
            # A camera's later nodes carry no pictures but figures.
            first = (self._machine.read(f"/sys/class/video4linux/{node}/index") or "0") == "0"
            if node.startswith("video") and first and not any(part in name for part in BOARD_DEVICES):
                found.append(f"v4l2:/dev/{node}")
        return found

    def loudspeaker(self) -> str:
        """Ask ALSA for a card."""
        try:
            told = subprocess.run(PLAYERS, capture_output=True, check=False, timeout=10).stdout  # noqa: S603  no input
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return "default" if b"card " in told else ""

    @contextmanager
    def keypad(self) -> Iterator[KeypadAtHand | None]:
        """Take the header's lines for a while."""
        section = PanelSection(kind="gpio", pad="4x4" if self._pad == "4x4" else "4x3")
        with ExitStack() as stack:
            try:
                keypad = open_keypad(open_gpio(), section, stack, self._clock)
                at_hand: KeypadAtHand | None = KeypadAtHand(keypad, PADS[section.pad], keypad.broken_lines())
            except Fault:
                at_hand = None
            yield at_hand
