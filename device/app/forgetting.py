"""The end of a visit: whatever still lies somewhere of the visitor is overwritten, on each lane after its last job."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.app.face_desk import FaceParts
from device.app.workers import Workers
from device.ports.clock import Clock

log = logging.getLogger(__name__)


class Forgetting:
    """Called when the visit is over, on the thinking thread."""

    def __init__(self, face: FaceParts | None, *, sweep: Callable[[], None], workers: Workers, clock: Clock) -> None:
        """`sweep` overwrites what the machine's memory keeps of what was let go of."""
        self._face = face
        self._sweep = sweep
        self._workers = workers
        self._clock = clock

    def __call__(self) -> None:
        """Overwrite frames at once, and everything else when no lane works for this visitor any more."""
        began_s = self._clock.monotonic_s()
        face = self._face
        if face is not None:
            face.camera.forget()
            face.camera.hold_light(hold=False)

        def last_job() -> None:
            if face is not None:
                face.camera.forget()  # a frame that was under way has come meanwhile
                face.rest()
            self._sweep()
            log.info("forgotten after %.3f s", self._clock.monotonic_s() - began_s)

        self._workers.submit_to_all(last_job)
