"""Keeps a camera filming: notices that it stalled, takes its process down, starts it again, and gives up in the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Protocol, Self

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Camera, Frame
from device.ports.clock import Clock

log = logging.getLogger(__name__)

STALLED_S: Final = 2.0
"""Without a frame for this long a camera is broken (facts: hardware.md 2.4, restart ladder)."""
OPENING_S: Final = 10.0
"""From the start of the process to the first frame: the library loads, the sensor starts, the light settles."""
PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Before the restart after the first, second, … failure in a row; the last one goes on."""
FAILURES_AT_MOST: Final = 5
"""In a row; after that a new start of the process will not help."""
UNKILLABLE_S: Final = 20.0
"""A process that survives SIGKILL for this long sits in the kernel for good."""
HEALED_S: Final = 60.0
"""After filming for this long, earlier failures no longer count."""
LOOK_S: Final = 0.5


class FilmingProcess(Camera, Protocol):
    """A camera in a process, filming from its start on."""

    @property
    def started_s(self) -> float:
        """When it was started, on the monotonic clock."""

    @property
    def beat_s(self) -> float:
        """When the last exposure ended; 0 before the first."""

    def broken(self) -> str | None:
        """Return why it cannot film any more, None while it may. Never waits."""

    def end(self) -> bool:
        """Take it down; return whether it is gone. May be repeated."""


@dataclass(frozen=True, slots=True)
class CameraCounts:
    """What happened to one camera since the unit was started."""

    starts: int = 0
    failures: int = 0
    unkillable: int = 0
    gave_up: int = 0


class CameraWatch:
    """The camera as the visit sees it: it films, or says at once that it does not.

    `look` does what is due and may be called at any time; a thread of its own calls it in a unit (`start`).
    """

    def __init__(
        self,
        open_process: Callable[[], FilmingProcess],
        clock: Clock,
        *,
        give_up: Callable[[], object] | None = None,
        name: str = "camera",
    ) -> None:
        """`give_up` is called, each time anew, when no start of the process can help any more."""
        self._open_process = open_process
        self._clock = clock
        self._give_up = give_up
        self.name = name
        self._listener: Callable[[Reason | None, str], None] = lambda _trouble, _why: None
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: FilmingProcess | None = None
        self._dying_since_s: float | None = None
        self._next_start_s = clock.monotonic_s()
        self._in_a_row = 0
        self._told = False
        self._why = "is being started"
        self._number = 0
        self._number_base = 0
        self.counts = CameraCounts()

    # --- the port -----------------------------------------------------------------------------------------------------

    def next_frame(self, timeout_s: float) -> Frame:
        """Return a fresh frame. Raise Fault(CAMERA_FAULT) at once while the camera does not film."""
        process = self._process
        if process is None:
            raise Fault(f"{self.name} {self._why}", part=self.name, reason=Reason.CAMERA_FAULT)
        frame = process.next_frame(timeout_s)
        number = max(self._number + 1, self._number_base + frame.number)  # a camera that began anew counts from 1
        self._number = number
        return replace(frame, number=number)

    def hold_light(self, *, hold: bool) -> None:
        """Pass it on to the camera that films now."""
        if (process := self._process) is not None:
            process.hold_light(hold=hold)

    def forget(self) -> None:
        """Overwrite the frames; those of a process that ended were overwritten then."""
        if (process := self._process) is not None:
            process.forget()

    # --- watching -----------------------------------------------------------------------------------------------------

    def listen(self, listener: Callable[[Reason | None, str], None]) -> None:
        """Tell of trouble and of its end from now on, and of the present state at once if it is trouble."""
        with self._lock:
            self._listener = listener
            if self._told:
                listener(Reason.CAMERA_FAULT, self._why)

    def look(self) -> None:
        """Do what is due: start, take down, notice that all is well."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._dying_since_s is not None:
                self._bury(now_s)
            elif self._process is None:
                if now_s >= self._next_start_s:
                    self._start(now_s)
            elif (trouble := self._trouble(self._process, now_s)) is not None:
                self._fail(trouble, now_s)
            elif self._in_a_row and self._process.beat_s > 0:
                if self._told:
                    self._told = False
                    self._listener(None, "")
                if now_s - self._process.started_s >= HEALED_S:
                    self._in_a_row = 0

    def start(self) -> Self:
        """Start the camera, and a thread that looks after it."""
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-watch", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """End camera and thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(LOOK_S)

    def _start(self, now_s: float) -> None:
        self.counts = replace(self.counts, starts=self.counts.starts + 1)
        self._number_base = self._number
        try:
            self._process = self._open_process()
        except Fault as fault:
            self._fail(str(fault), now_s)

    def _trouble(self, process: FilmingProcess, now_s: float) -> str | None:
        """Return what is wrong with a process that should be filming."""
        if (why := process.broken()) is not None:
            return why
        if process.beat_s == 0:
            return f"no first frame within {OPENING_S:g} s" if now_s - process.started_s >= OPENING_S else None
        still_s = now_s - process.beat_s
        return f"no frame for {still_s:.1f} s" if still_s >= STALLED_S else None

    def _fail(self, why: str, now_s: float) -> None:
        self._in_a_row += 1
        self.counts = replace(self.counts, failures=self.counts.failures + 1)
        self._why = f"is being started again: {why}"
        # The first of a row is told by the health; how often it is tried again is for whoever asks for more.
        log.info("%s: %s (failure %d in a row; %s)", self.name, why, self._in_a_row, self.counts)
        self._told = True
        self._listener(Reason.CAMERA_FAULT, why)
        if self._process is not None:
            self._dying_since_s = now_s
            self._bury(now_s)
        else:
            self._plan(now_s)

    def _bury(self, now_s: float) -> None:
        process, since_s = self._process, self._dying_since_s
        if process is None or since_s is None:
            return
        if process.end():
            self._process = self._dying_since_s = None
            self._plan(now_s)
        elif now_s - since_s >= UNKILLABLE_S:
            self.counts = replace(self.counts, unkillable=self.counts.unkillable + 1)
            self._dying_since_s = now_s
            self._surrender("its process cannot be ended")

    def _plan(self, now_s: float) -> None:
        self._next_start_s = now_s + PAUSES_S[min(self._in_a_row, len(PAUSES_S)) - 1]
        if self._in_a_row % FAILURES_AT_MOST == 0:
            self._surrender(f"{self._in_a_row} failures in a row")

    def _surrender(self, why: str) -> None:
        self.counts = replace(self.counts, gave_up=self.counts.gave_up + 1)
        # Once in a row of failures, however long it gets; that somebody has to look is told by the upkeep.
        if self._in_a_row <= FAILURES_AT_MOST:
            log.error("%s: %s; a new start of its process does not help", self.name, why)
        if self._give_up is not None:
            self._give_up()
