"""The camera's side of a visit: the portrait becomes a template once, then frames are scored until all is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.app.face_attempt import MatchAttempt, MoveAttempt
from device.app.health import Health
from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.app.portrait_work import Made
from device.app.workers import Lane, Workers
from device.domain.errors import FaceError, Fault
from device.domain.reasons import Reason
from device.domain.values import Move, ReceptionId
from device.face.embed import Template
from device.face.engine import FaceLook, Model
from device.face.liveness import LivenessRules, LivenessRun
from device.face.manifest import Threshold
from device.ports.camera import Camera, CardFront, Frame
from device.ports.clock import Clock
from device.ports.entropy import Entropy
from device.ports.network import PortraitDecoder
from device.reception import events as on
from device.reception.events import Event

log = logging.getLogger(__name__)

FRAME_TIMEOUT_S = 2.0
"""No frame for this long means a dead camera (facts: hardware.md 2.4, restart ladder)."""
KEY_BYTES = 32
"""For the hash that tells repeated frames; drawn anew for each attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessParts:
    """What tells a face from its picture: rules, and the networks that they count on."""

    rules: LivenessRules
    nets: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceParts:
    """What the face path needs, all or nothing."""

    camera: Camera
    front: CardFront
    decoder: PortraitDecoder
    engine: FaceLook
    threshold: Threshold
    liveness: LivenessParts | None
    """None where nothing looks for liveness; whoever builds the unit reports that."""
    prepare: Callable[[], None] = lambda: None
    """A card has come: fetch into memory what only its front needs. Does not wait."""
    rest: Callable[[], None] = lambda: None
    """The visitor is forgotten: let go of it."""


Look = Callable[[Frame], Event | None]
"""Takes one frame; returns what the visit shall know, or None to go on with the next frame."""


class FaceDesk:
    """Compares one visitor with one portrait, on the face lane, and watches what they were asked to do."""

    def __init__(
        self,
        parts: FaceParts,
        *,
        workers: Workers,
        mailbox: Mailbox,
        health: Health,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._parts = parts
        self._workers = workers
        self._mailbox = mailbox
        self._health = health
        self._clock = clock
        self._entropy = entropy
        self._stop = threading.Event()

    @property
    def front(self) -> CardFront:
        """What reads the number on the card's front."""
        return self._parts.front

    def prepare(self) -> None:
        """A card has come, and its portrait may be wanted."""
        self._parts.prepare()

    def begin(self, memory: VisitorMemory) -> threading.Event:
        """Start an attempt: return what stops it. Anything that was under way is stopped and forgotten."""
        if memory.liveness is not None:
            memory.liveness.wipe()
        memory.liveness = self._liveness_run()
        return self._renewed()

    def stop(self) -> None:
        """Leave the camera alone; what is still under way tells nobody."""
        self._stop.set()

    def make_template(self, jp2: bytes, then: Callable[[Made], None]) -> None:
        """Make the template from the card's picture; the mailbox's thread hands it, or what is wrong, to `then`."""

        def job() -> None:
            portrait = self._parts.decoder.decode(jp2)
            self._health.report("portrait", None)
            try:
                template = self._parts.engine.template(portrait)
            finally:
                portrait.fill(0)
            self._mailbox.post(lambda: then(template))

        self._submit(job, lambda reason: self._mailbox.post(lambda: then(reason)), threading.Event())

    def match(self, memory: VisitorMemory, made: Made, stop: threading.Event) -> None:
        """Compare the visitor with the template, or tell why there is none. → FaceMatched, MovesWanted, FaceFailed."""
        if isinstance(made, Reason):
            self._tell(on.FaceFailed(memory.reception, made), stop)
            return
        attempt = MatchAttempt(memory.reception, self._parts.engine, self._parts.threshold, made, memory.liveness)

        def look(frame: Frame) -> Event | None:
            event = attempt.look(frame)
            # Once a face is seen well, the light shall not change between the frames that are compared.
            self._parts.camera.hold_light(hold=event is None)
            if isinstance(event, on.FaceHint):
                self._tell(event, stop)
                return None
            return event

        self._each_frame(memory.reception, memory.liveness, stop, look)

    def watch_move(self, reception: ReceptionId, template: Template, run: LivenessRun, move: Move) -> None:
        """Watch the visitor make this move, in place of whatever was watched before. → MoveSeen, FaceFailed."""
        run.expect(move)
        attempt = MoveAttempt(reception, self._parts.engine, template, run, move)
        self._each_frame(reception, run, self._renewed(), attempt.look)

    def _renewed(self) -> threading.Event:
        self._stop.set()
        self._stop = threading.Event()
        return self._stop

    def _liveness_run(self) -> LivenessRun | None:
        liveness = self._parts.liveness
        if liveness is None:
            return None
        return LivenessRun(
            liveness.rules,
            liveness.nets,
            key=self._entropy.token(KEY_BYTES),
            draw=lambda n: int.from_bytes(self._entropy.token(8), "big") % n,
        )

    def _each_frame(self, reception: ReceptionId, run: LivenessRun | None, stop: threading.Event, look: Look) -> None:
        """Hand frame after frame to `look`, each in a job of its own, until it has something to tell."""

        def job() -> None:
            if stop.is_set():
                return
            event = look(self._next_frame(run))
            # Without networks there is no face path: what is reported of them here is that one of them failed.
            self._health.report("models", None)
            if event is None:
                self._submit(job, failed, stop)
            else:
                self._tell(event, stop)

        def failed(reason: Reason) -> None:
            self._tell(on.FaceFailed(reception, reason), stop)

        self._submit(job, failed, stop)

    def _next_frame(self, run: LivenessRun | None) -> Frame:
        asked_s = self._clock.monotonic_s()
        frame = self._parts.camera.next_frame(FRAME_TIMEOUT_S)
        odd = run and run.check_source(frame, asked_s=asked_s, now_s=self._clock.monotonic_s())
        if odd:
            # A broken driver and a recording that is fed in look alike from here; neither is the visitor's fault.
            raise Fault(f"a frame cannot be believed: {odd}", part="camera", reason=Reason.CAMERA_FAULT)
        self._health.report("camera", None)
        return frame

    def _tell(self, event: Event, stop: threading.Event) -> None:
        if not stop.is_set():
            self._mailbox.tell(event)

    def _submit(self, job: Callable[[], None], failed: Callable[[Reason], None], stop: threading.Event) -> None:
        def guarded() -> None:
            try:
                job()
            except FaceError as error:
                log.warning("face: %s", error)
                failed(error.reason)
            except Fault as fault:
                log.warning("face: %s", fault)
                self._health.report_fault(fault.part, fault)
                failed(Reason.FACE_UNAVAILABLE)
            except Exception as error:  # noqa: BLE001  the rim: whatever breaks, the visit goes on by PIN
                if stop.is_set():  # the visitor was forgotten meanwhile, and what was scored against is wiped
                    return
                log.error("face lane: %s", type(error).__name__)  # noqa: TRY400  a traceback may quote what it handled
                failed(Reason.FACE_UNAVAILABLE)

        self._workers.submit(Lane.FACE, guarded)
