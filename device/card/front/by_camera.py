"""The CardFront port over a camera that looks at the card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from device.card.front.agreement import Agreed, AgreeingReader, FrontReading
from device.card.front.reader import FrontRead
from device.domain.certificate_window import JAPAN
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Camera, Picture
from device.ports.clock import Clock

Look = Callable[[Picture, date], FrontRead]
"""What is read in one picture on a day."""


class CameraCardFront:
    """Reads frames until enough of them agree or time is up. One reading at a time, on one thread."""

    def __init__(self, camera: Camera, look: Look, clock: Clock) -> None:
        """`look` reads one picture: `FrontReader.read`."""
        self._camera = camera
        self._look = look
        self._clock = clock

    def read(self, timeout_s: float, refused: Callable[[ReferenceNumberB], bool]) -> ReferenceNumberB | None:
        """Return 照合番号B once different frames agree on it, None if none do in time.

        Raise Fault(CAMERA_FAULT) when no frame comes, Fault when the network fails. No frame outlives the call.
        """
        agreeing = AgreeingReader(refused)
        end_s = self._clock.monotonic_s() + timeout_s
        try:
            while (left_s := end_s - self._clock.monotonic_s()) > 0:
                frame = self._camera.next_frame(left_s)
                read = self._look(frame.pixels, self._clock.utc_now().astimezone(JAPAN).date())
                decision = agreeing.feed(FrontReading.of(frame, read))
                self._camera.forget()
                if isinstance(decision, Agreed):
                    return decision.number
            return None
        finally:
            self._camera.forget()
            agreeing.forget()
