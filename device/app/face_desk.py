"""The camera's side of a visit: the portrait becomes a template once, then frames are scored until all is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.app.health import Health
from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.app.workers import Lane, Workers
from device.domain.errors import FaceError, Fault
from device.domain.reasons import Reason
from device.domain.values import ReceptionId
from device.face.embed import Template
from device.face.engine import FaceEngine
from device.face.hints import HintFilter
from device.face.manifest import Threshold
from device.face.match import Matched, MatchRun, NotMatched, Undecided
from device.ports.camera import Camera, CardFront
from device.ports.network import PortraitDecoder
from device.reception import events as on
from device.reception.events import Event

log = logging.getLogger(__name__)

FRAME_TIMEOUT_S = 2.0
"""No frame for this long means a dead camera (facts: hardware.md 2.4, restart ladder)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceParts:
    """What the face path needs, all or nothing."""

    camera: Camera
    front: CardFront
    decoder: PortraitDecoder
    engine: FaceEngine
    threshold: Threshold


class FaceDesk:
    """Compares one visitor with one portrait, on the face lane."""

    def __init__(self, parts: FaceParts, *, workers: Workers, mailbox: Mailbox, health: Health) -> None:
        self._parts = parts
        self._workers = workers
        self._mailbox = mailbox
        self._health = health
        self._stop = threading.Event()

    def begin(self) -> threading.Event:
        """Start an attempt: return what stops it. Anything that was under way is stopped."""
        self._stop.set()
        self._stop = threading.Event()
        return self._stop

    def stop(self) -> None:
        """Leave the camera alone; what is still under way tells nobody."""
        self._stop.set()

    def match_portrait(self, memory: VisitorMemory, jp2: bytes, stop: threading.Event) -> None:
        """Make the template from the card's picture, remember it, and match. → FaceMatched, FaceFailed."""

        def job() -> None:
            template = self._parts.engine.template(self._parts.decoder.decode(jp2))

            def news() -> None:
                if stop.is_set():  # the visit went another way meanwhile, and may be forgotten already
                    template.wipe()
                else:
                    memory.template = template

            self._mailbox.post(news)
            self._look(memory.reception, template, stop)

        self._submit(memory.reception, stop, job)

    def match_again(self, memory: VisitorMemory, template: Template, stop: threading.Event) -> None:
        """Another try with the template at hand. → FaceMatched, FaceFailed."""
        self._submit(memory.reception, stop, lambda: self._look(memory.reception, template, stop))

    def _look(self, reception: ReceptionId, template: Template, stop: threading.Event) -> None:
        run = MatchRun(self._parts.threshold)
        hints = HintFilter()
        while not stop.is_set():
            frame = self._parts.camera.next_frame(FRAME_TIMEOUT_S)
            self._health.report("camera", None)
            try:
                decision = run.feed(self._parts.engine.score(frame.pixels, template))
            except FaceError as error:
                decision = run.feed(error.reason)
            match decision:
                case Matched():
                    self._tell(on.FaceMatched(reception), stop)
                    return
                case NotMatched(reason=reason):
                    self._tell(on.FaceFailed(reception, reason), stop)
                    return
                case Undecided(hint=seen):
                    if hint := hints.feed(seen):
                        self._tell(on.FaceHint(reception, hint), stop)

    def _tell(self, event: Event, stop: threading.Event) -> None:
        if not stop.is_set():
            self._mailbox.tell(event)

    def _submit(self, reception: ReceptionId, stop: threading.Event, job: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                job()
            except FaceError as error:
                log.warning("face: %s", error)
                self._tell(on.FaceFailed(reception, error.reason), stop)
            except Fault as fault:
                log.warning("face: %s", fault)
                self._health.report("camera", fault.reason, why=str(fault))
                self._tell(on.FaceFailed(reception, Reason.FACE_UNAVAILABLE), stop)
            except Exception as error:  # noqa: BLE001  the rim: whatever breaks, the visit goes on by PIN
                log.error("face lane: %s", type(error).__name__)  # noqa: TRY400  a traceback may quote what it handled
                self._tell(on.FaceFailed(reception, Reason.FACE_UNAVAILABLE), stop)

        self._workers.submit(Lane.FACE, guarded)
