"""The restart ladder, told by the simulated clock: a process that stalls, dies, will not open or will not die."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from device.app.camera_watch import (
    FAILURES_AT_MOST,
    HEALED_S,
    OPENING_S,
    PAUSES_S,
    STALLED_S,
    UNKILLABLE_S,
    CameraWatch,
)
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Frame
from device.sim.clock import SimulatedClock


@dataclass(slots=True)
class Process:
    """A camera's process as the watch sees it."""

    clock: SimulatedClock
    started_s: float
    opens: bool = True
    stalled_s: float | None = None
    why_broken: str | None = None
    can_be_killed: bool = True
    ended: bool = False
    number: int = 0
    forgotten: int = 0

    @property
    def beat_s(self) -> float:
        if not self.opens:
            return 0.0
        return self.clock.monotonic_s() if self.stalled_s is None else self.stalled_s

    def stall(self) -> None:
        self.stalled_s = self.clock.monotonic_s()

    def broken(self) -> str | None:
        return self.why_broken

    def end(self) -> bool:
        self.ended = self.can_be_killed
        return self.ended

    def next_frame(self, timeout_s: float) -> Frame:
        if self.stalled_s is not None or not self.opens:
            raise Fault(f"no frame within {timeout_s} s", part="camera", reason=Reason.CAMERA_FAULT)
        self.number += 1
        return Frame(np.zeros((2, 2, 3), np.uint8), self.clock.monotonic_s(), self.number)

    def hold_light(self, *, hold: bool) -> None: ...

    def forget(self) -> None:
        self.forgotten += 1


@dataclass(slots=True)
class Room:
    """A camera, its watch, and what the watch told."""

    clock: SimulatedClock = field(default_factory=SimulatedClock)
    processes: list[Process] = field(default_factory=list)
    told: list[Reason | None] = field(default_factory=list)
    reboots: int = 0
    no_process: bool = False
    watch: CameraWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = CameraWatch(self._open, self.clock, give_up=self._reboot)
        self.watch.listen(lambda trouble, _why: self.told.append(trouble))
        self.watch.look()

    def _open(self) -> Process:
        if self.no_process:
            raise Fault("no process", part="camera", reason=Reason.CAMERA_FAULT)
        self.processes.append(Process(self.clock, self.clock.monotonic_s()))
        return self.processes[-1]

    def _reboot(self) -> None:
        self.reboots += 1

    @property
    def process(self) -> Process:
        return self.processes[-1]

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            self.clock.advance(0.5)
            self.watch.look()


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_camera_that_films_is_left_alone(room: Room) -> None:
    room.pass_time(3600)

    assert len(room.processes) == 1
    assert room.told == []
    assert room.watch.next_frame(1.0).number == 1


def test_a_stalled_camera_is_taken_down_after_two_seconds_and_films_again(room: Room) -> None:
    room.pass_time(1)
    room.process.stall()
    room.pass_time(STALLED_S)
    assert room.processes[0].ended
    assert room.told == [Reason.CAMERA_FAULT]

    room.pass_time(PAUSES_S[0] + 0.5)
    assert len(room.processes) == 2
    assert room.told == [Reason.CAMERA_FAULT, None]
    assert room.watch.counts.failures == 1


def test_while_it_is_down_a_visit_is_told_at_once_and_why(room: Room) -> None:
    room.process.why_broken = "the ribbon cable is loose"
    room.pass_time(0.5)

    with pytest.raises(Fault, match="ribbon cable") as fault:
        room.watch.next_frame(2.0)
    assert fault.value.reason is Reason.CAMERA_FAULT
    room.watch.hold_light(hold=True)
    room.watch.forget()


def test_pauses_grow_while_failures_follow_one_another(room: Room) -> None:
    starts_s = []
    for _ in range(6):
        room.process.why_broken = "gone"
        known = len(room.processes)
        while len(room.processes) == known:
            room.pass_time(0.5)
        starts_s.append(room.clock.monotonic_s())
    pauses = np.diff(starts_s).tolist()

    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(PAUSES_S[-1] + 0.5)


def test_a_camera_that_never_opens_is_given_its_time_and_no_more(room: Room) -> None:
    room.process.opens = False
    room.pass_time(OPENING_S - 0.5)
    assert not room.process.ended

    room.pass_time(1)
    assert room.processes[0].ended


def test_where_no_process_can_be_started_it_is_tried_again(room: Room) -> None:
    room.no_process = True
    room.process.why_broken = "gone"
    room.pass_time(10)
    room.no_process = False
    room.pass_time(10)

    assert len(room.processes) == 2
    assert room.told[-1] is None


def test_after_five_failures_in_a_row_only_a_restart_of_the_machine_helps(room: Room) -> None:
    for _ in range(FAILURES_AT_MOST):
        assert room.reboots == 0
        room.process.why_broken = "gone"
        room.pass_time(PAUSES_S[-1] + 1)

    assert room.reboots == 1
    assert room.watch.counts.gave_up == 1


def test_a_camera_that_is_never_there_is_written_down_once(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(4 * FAILURES_AT_MOST):
        room.process.why_broken = "gone"
        room.pass_time(PAUSES_S[-1] + 1)

    assert room.watch.counts.gave_up == 4
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_failures_that_lie_apart_are_not_counted_together(room: Room) -> None:
    for _ in range(3 * FAILURES_AT_MOST):
        room.process.why_broken = "gone"
        room.pass_time(PAUSES_S[-1] + HEALED_S + 1)

    assert room.reboots == 0


def test_a_process_that_cannot_be_killed_is_not_joined_by_a_second_one(room: Room) -> None:
    room.pass_time(1)
    room.process.can_be_killed = False
    room.process.stall()
    room.pass_time(STALLED_S + UNKILLABLE_S - 1)
    assert len(room.processes) == 1
    assert room.reboots == 0

    room.pass_time(2)
    assert room.reboots == 1
    room.process.can_be_killed = True
    room.pass_time(PAUSES_S[-1])
    assert len(room.processes) == 2


def test_frames_are_numbered_upwards_across_restarts(room: Room) -> None:
    before = [room.watch.next_frame(1.0).number for _ in range(3)]
    room.process.why_broken = "gone"
    room.pass_time(5)

    assert room.watch.next_frame(1.0).number > before[-1]


def test_whoever_listens_later_hears_of_present_trouble(room: Room) -> None:
    room.process.why_broken = "gone"
    room.pass_time(0.5)
    heard: list[tuple[Reason | None, str]] = []
    room.watch.listen(lambda trouble, why: heard.append((trouble, why)))

    assert heard[0][0] is Reason.CAMERA_FAULT
    assert "gone" in heard[0][1]


def test_the_end_takes_the_process_down(room: Room) -> None:
    room.watch.close()

    assert room.process.ended
    with pytest.raises(Fault):
        room.watch.next_frame(1.0)
