from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from queue import SimpleQueue

import pytest

from device.drivers.gpio import Gpio, open_gpio
from device.drivers.gpio_keypad import GpioKeypad
from device.drivers.system import SystemClock
from device.panel.keys import KeyEvent, KeyPressed, KeyReleased, KeySettings
from device.panel.pad import PAD_4X3
from device.panel.pinout import Pinout
from device.panel.watch import KeyWatch
from vm.person import SETTLE_S, Person, a_person

PATIENCE_S = 5.0
"""Of the machine's clock: only a test that fails waits so long."""


class PanelThread:
    """Looks at the keypad when it is time or when woken, on a thread of its own, as the unit does."""

    def __init__(self, keypad: GpioKeypad) -> None:
        self.watch = KeyWatch(keypad, KeySettings(stuck_after_s=2.0))  # scanning is slow in emulation
        self.events: SimpleQueue[KeyEvent] = SimpleQueue()
        self._looked = threading.Semaphore(0)
        self.resting = threading.Event()
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="panel")
        self._thread.start()

    def wait_for_rest(self) -> None:
        """Wait until nothing is scanned any more."""
        assert self.resting.wait(PATIENCE_S)

    def next_event(self) -> KeyEvent:
        return self.events.get(timeout=PATIENCE_S)

    def look(self, times: int) -> None:
        """Wait until the keypad was looked at so many times more."""
        self._looked = threading.Semaphore(0)
        for _ in range(times):
            assert self._looked.acquire(timeout=PATIENCE_S)

    def type_key(self, person: Person, key: str) -> str:
        """Return what was seen of a key that is pressed until it counts."""
        person.press(key)
        pressed = self.next_event()
        person.let_go()
        assert isinstance(self.next_event(), KeyReleased)
        assert isinstance(pressed, KeyPressed)
        return pressed.key

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            events, wait_s = self.watch.look(self._woken.set)
            self._looked.release()
            for event in events:
                self.events.put(event)
            if wait_s >= 1.0:
                self.resting.set()
            self._woken.wait(wait_s)
            self.resting.clear()


@pytest.fixture(scope="session")
def gpio() -> Gpio:
    """rpi-lgpio on lgpio on the kernel's chip: nothing is replaced."""
    return open_gpio()


@pytest.fixture
def pinout() -> Pinout:
    return Pinout()


@pytest.fixture
def person() -> Iterator[Person]:
    with a_person() as person:
        yield person


@pytest.fixture
def keypad(gpio: Gpio, pinout: Pinout, person: Person) -> Iterator[GpioKeypad]:  # noqa: ARG001  the matrix hangs there
    with closing(GpioKeypad(gpio, PAD_4X3, pinout, SystemClock(), settle_s=SETTLE_S)) as keypad:
        yield keypad


@pytest.fixture
def panel(keypad: GpioKeypad) -> Iterator[PanelThread]:
    panel = PanelThread(keypad)
    yield panel
    panel.stop()
