"""Looks after a unit that serves: what is broken for too long, what it waits for, clock, disk, the morning's check.

Parts restart by themselves where they are (`device.app.care` says how); this is where their times are held against the
table, and where a trouble is told: to the room by lamp and voice, to the journal once, to the desk through the health.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path

from device.app.care import CARES, Care, care_for
from device.app.health import Health, Trouble
from device.app.journal_events import Event, about
from device.app.mailbox import Mailbox
from device.app.panel_desk import PanelDesk
from device.domain.certificate_window import JAPAN
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.ports.clock import Clock
from device.ports.machine import Machine
from device.reception import Idle
from device.reception.effects import Utterance
from device.wire.findings import Checkup

log = logging.getLogger(__name__)

LOOK_S = 1.0
GRACE_S = 3.0
"""After the start: parts find themselves before anything is said of them."""
SAY_EVERY_S = 30.0
"""How often a unit that is being put up says what it waits for."""
PROBE_S = 10.0
FULL_BYTES = 16 << 20
JUMP_S = 60.0
"""A clock that runs this far from the other one was set."""
UNSET_S = 120.0
"""So long a time service may take after the start."""
MORNING_AFTER_S = 60.0
"""After the start, before the unit examines itself: cameras have settled then."""


class Upkeep:
    """`look` when it is due, or every second by a thread of its own (`run`)."""

    def __init__(
        self,
        *,
        health: Health,
        clock: Clock,
        panel: PanelDesk,
        mailbox: Mailbox,
        tries: Mapping[str, Callable[[], object]],
        machine: Machine | None = None,
        state: Path = Path("/"),
        morning: str = "",
        examine: Callable[[], Checkup] | None = None,
        valid: tuple[datetime, datetime] | None = None,
    ) -> None:
        """`tries` by part: what tells, by raising Fault or not, whether a part that failed works again.

        `morning` is a time of Japan (`HH:MM`) from which on `examine` is called once a day; empty: never.
        `valid`: from when until when the unit's own certificate holds.
        """
        self._health = health
        self._clock = clock
        self._panel = panel
        self._mailbox = mailbox
        self._tries = tries
        self._machine = machine
        self._state = state
        self._morning = time.fromisoformat(morning) if morning else None
        self._examine = examine
        self._valid = valid
        self._started_s = clock.monotonic_s()
        self._next_look_s = self._started_s
        self._next_probe_s = self._started_s
        self._next_word_s = self._started_s + GRACE_S
        self._served = False
        """Everything that is waited for has been there."""
        self._spoke = False
        self._blocked = False
        self._told: set[tuple[str, float]] = set()
        self._examined_on: date | None = None
        self._both_clocks = (clock.utc_now(), self._started_s)
        self._stopped = threading.Event()
        self.checkup: Checkup | None = None
        """What the last examination came to."""

    def run(self) -> None:
        """Look every second until `stop`."""
        while not self._stopped.wait(LOOK_S):
            self.look()

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def look(self) -> None:
        """Do what is due."""
        now_s = self._clock.monotonic_s()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        self._look_at_clock(now_s)
        if now_s >= self._next_probe_s:
            self._next_probe_s = now_s + PROBE_S
            self._look_at_disk()
            self._try_again()
        troubles = self._health.parts
        self._call_for_people(troubles, now_s)
        self._tell_the_room(troubles, now_s)
        self._examine_in_the_morning(now_s)

    def next_deadline_s(self) -> float:
        """Return when something of a present trouble is due; infinite while all is well."""
        troubles = self._health.parts
        if not troubles:
            return math.inf if self._served and not self._blocked else self._next_look_s
        due = [one.since_s + care_for(one.part).person_after_s for one in troubles if not self._called(one)]
        if any(map(self._health.of, ("disk", *self._tries))):
            due.append(self._next_probe_s)
        if not self._served and any(care_for(one.part).waits for one in troubles):
            due.append(self._next_word_s)
        return max(self._next_look_s, min(due, default=math.inf))

    def needs_person(self, trouble: Trouble) -> bool:
        """Return whether a trouble has lasted so long that it will not go away by itself."""
        return self._clock.monotonic_s() - trouble.since_s >= care_for(trouble.part).person_after_s

    # --- what is wrong for too long ----------------------------------------------------------------------------------

    def _called(self, trouble: Trouble) -> bool:
        return (trouble.part, trouble.since_s) in self._told

    def _call_for_people(self, troubles: tuple[Trouble, ...], now_s: float) -> None:
        self._told &= {(one.part, one.since_s) for one in troubles}
        for one in troubles:
            if self.needs_person(one) and not self._called(one):
                self._told.add((one.part, one.since_s))
                care, seconds = care_for(one.part), round(now_s - one.since_s)
                fields = {"part": one.part, "reason": one.reason, "seconds": seconds}
                log.error(
                    "%s needs somebody: %s / %s",
                    one.part,
                    care.person.ja,
                    care.person.en,
                    extra=about(Event.PART_NEEDS_PERSON, **fields),
                )

    # --- lamp and voice ----------------------------------------------------------------------------------------------

    def _tell_the_room(self, troubles: tuple[Trouble, ...], now_s: float) -> None:
        if now_s - self._started_s < GRACE_S or not isinstance(self._mailbox.state, Idle):
            return
        if self._served:
            self._tell_of_a_block(troubles)
        else:
            self._tell_what_is_waited_for(troubles, now_s)

    def _tell_what_is_waited_for(self, troubles: tuple[Trouble, ...], now_s: float) -> None:
        missing = {one.part for one in troubles}
        waits = next((phrase for care in CARES if care.part in missing and (phrase := self._waits(care))), None)
        if waits is None:
            self._served = True
            self._panel.rest_with(Cue.IDLE)
            if self._spoke:
                self._panel.say((Utterance(Phrase.UNIT_READY),))
        elif now_s >= self._next_word_s:
            self._next_word_s = now_s + SAY_EVERY_S
            self._spoke = True
            self._panel.rest_with(Cue.WAIT)
            self._panel.say((Utterance(waits),))

    def _waits(self, care: Care) -> Phrase | None:
        if care.waits is not Phrase.WAITING_FOR_BROKER:
            return care.waits
        if self._machine is not None and not _has_cable(self._machine):
            return Phrase.WAITING_FOR_CABLE
        # A Pi that wakes up years ago turns the broker away itself; what it waits for then is the time.
        return Phrase.WAITING_FOR_TIME if self._is_another_day() else care.waits

    def _is_another_day(self) -> bool:
        """Whether nobody has set the clock and the unit's own certificate does not hold at the time that it shows."""
        if self._valid is None or self._clock.utc_now_if_trusted() is not None:
            return False
        return not self._valid[0] <= self._clock.utc_now() <= self._valid[1]

    def _tell_of_a_block(self, troubles: tuple[Trouble, ...]) -> None:
        blocking = next((one for one in troubles if care_for(one.part).blocks), None)
        if (blocking is not None) == self._blocked:
            return
        self._blocked = blocking is not None
        self._panel.rest_with(Cue.IDLE if blocking is None else Cue.STAFF)
        if blocking is not None:
            self._panel.say((Utterance(blocking.reason),))

    # --- clock and disk ----------------------------------------------------------------------------------------------

    def _look_at_clock(self, now_s: float) -> None:
        now, (then, then_s) = self._clock.utc_now(), self._both_clocks
        self._both_clocks = (now, now_s)
        jumped_s = (now - then).total_seconds() - (now_s - then_s)
        if abs(jumped_s) >= JUMP_S:
            log.warning(
                "the clock was set by %+.0f s", jumped_s, extra=about(Event.CLOCK_JUMPED, seconds=round(jumped_s))
            )
        if self._clock.utc_now_if_trusted() is not None:
            self._health.report("clock", None)
        elif now_s - self._started_s >= UNSET_S:
            why = "no time service has set the clock"
            self._health.report("clock", Reason.CLOCK_DOUBTFUL, why=why, finding=FindingCode.CLOCK_DOUBTFUL)

    def _look_at_disk(self) -> None:
        full = self._disk_trouble()
        self._health.report(
            "disk",
            None if full is None else Reason.OUTBOX_FAULT,
            why=str(full),
            finding=None if full is None else full.finding,
        )

    def _try_again(self) -> None:
        for part, attempt in self._tries.items():
            if self._health.of(part) is None or (part == "outbox" and self._health.of("disk") is not None):
                continue  # an outbox on a full disk can be read, and that is all
            try:
                attempt()
            except Fault as fault:
                log.info("%s still fails: %s", part, fault)
            else:
                self._health.report(part, None)

    def _disk_trouble(self) -> Fault | None:
        if self._machine is None:
            return None
        try:
            volume = self._machine.volume(self._state)
        except OSError as error:
            return _disk_fault(f"the disk does not answer: {error.strerror}", FindingCode.DISK_READ_ONLY)
        if volume.read_only:
            return _disk_fault("the disk can be read only", FindingCode.DISK_READ_ONLY)
        if volume.free_bytes < FULL_BYTES:
            return _disk_fault(f"the disk is full: {volume.free_bytes >> 20} MB left", FindingCode.DISK_FULL)
        return None

    # --- the morning -------------------------------------------------------------------------------------------------

    def _examine_in_the_morning(self, now_s: float) -> None:
        now = self._clock.utc_now_if_trusted()
        if self._examine is None or self._morning is None or now is None or not isinstance(self._mailbox.state, Idle):
            return
        here: datetime = now.astimezone(JAPAN)
        due = here.time() >= self._morning and here.date() != self._examined_on
        if due and now_s - self._started_s >= MORNING_AFTER_S:
            self._examined_on = here.date()
            self.checkup = self._examine()
            if self.checkup.severity != "notice":
                codes = ", ".join(self.checkup.codes)
                fields = {"severity": self.checkup.severity, "codes": codes}
                log.warning("the morning's examination: %s", codes, extra=about(Event.DOCTOR_FOUND, **fields))


def _disk_fault(why: str, finding: FindingCode) -> Fault:
    return Fault(why, part="disk", reason=Reason.OUTBOX_FAULT, finding=finding)


def _has_cable(machine: Machine) -> bool:
    """Whether any network but the one inside is connected; where nothing can be told, yes."""
    links = [name for name in machine.names("/sys/class/net") if name != "lo"]
    told = [machine.read(f"/sys/class/net/{name}/carrier") for name in links]
    return not links or "1" in told
