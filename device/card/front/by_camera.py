"""The CardFront port over a camera that looks at the card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from device.card.front.agreement import Agreed, AgreeingReader, FrontReading
from device.card.front.reader import FrontReader
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Camera
from device.ports.clock import Clock


class CameraCardFront:
    """Reads frames until two agree or time is up. One visit at a time, on one thread."""

    def __init__(self, camera: Camera, reader: FrontReader, clock: Clock, today: Callable[[], date]) -> None:
        """`today` says which day it is where the unit stands."""
        self._camera = camera
        self._reader = reader
        self._clock = clock
        self._today = today
        self._agreeing = AgreeingReader()

    def read(self, timeout_s: float) -> ReferenceNumberB | None:
        """Return 照合番号B once two different frames agree on it, None if none do in time.

        What was `refused` in this visit is never returned again. Raise Fault(CAMERA_FAULT) when no frame comes,
        Fault when the network fails.
        """
        self._agreeing.start_again()
        end_s = self._clock.monotonic_s() + timeout_s
        while (left_s := end_s - self._clock.monotonic_s()) > 0:
            frame = self._camera.next_frame(left_s)
            read = self._reader.read(frame.pixels, self._today())
            decision = self._agreeing.feed(FrontReading.of(frame, read))
            if frame.pixels.flags.writeable:
                frame.pixels.fill(0)  # the frame was made for us, and the front of a card is not to lie about
            if isinstance(decision, Agreed):
                self._agreeing.start_again()
                return decision.number
        self._agreeing.start_again()
        return None

    def refused(self, number: ReferenceNumberB) -> None:
        """Say that the card did not take a number, before wiping it: it will not be returned again in this visit."""
        self._agreeing.refused(number)

    def forget(self) -> None:
        """Overwrite what is remembered: the visit is over."""
        self._agreeing.forget()
        self._camera.forget()
