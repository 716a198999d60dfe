"""One mailbox, one thread that thinks. Workers at the rim hand in news; everything that decides runs here, in order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from device.domain.values import ReceptionId
from device.ports.clock import Clock
from device.reception import Idle, Policy, Settled, State, step
from device.reception.effects import Effect, StartTimer, StopWork
from device.reception.events import Event, Timer, TimeUp

News = Callable[[], Event | None]
"""Runs on the thinking thread; may put evidence into the visitor's memory; returns what the visit shall know of it."""


class Hands(Protocol):
    """Carries out what the visit wants done."""

    @property
    def silent_from_s(self) -> float:
        """Since when the voice has been silent, or, while it speaks, when it will be; monotonic seconds."""

    def carry_out(self, effect: Effect) -> None:
        """Carry out one effect without blocking. Never raises."""


Observer = Callable[[State, Event, State, tuple[Effect, ...]], None]


_COUNT_SILENCE = frozenset({Timer.PATIENCE, Timer.REMOVAL})
"""These run from the end of what is being said: a long question is not cut off by its own repetition."""
_WAIT_FOR_SILENCE = frozenset({Timer.HINT})
"""These ring no sooner than the voice is free."""


@dataclass(frozen=True, slots=True)
class _Running:
    since_s: float
    seconds: float


class Mailbox:
    """Owns the state of the visit and its timers."""

    def __init__(self, *, clock: Clock, policy: Callable[[], Policy], observe: Observer | None = None) -> None:
        self._clock = clock
        self._policy = policy
        self._observe = observe
        self._hands: Hands | None = None
        self._queue: SimpleQueue[News | None] = SimpleQueue()
        self._timers: dict[Timer, _Running] = {}
        self.state: State = Idle()

    def attach(self, hands: Hands) -> None:
        """Say who carries out the effects; the hands in turn hand their news in here."""
        self._hands = hands

    @property
    def reception(self) -> ReceptionId | None:
        """The visit that is going on or was settled last; None when nobody is here."""
        match self.state:
            case Idle():
                return None
            case Settled(reception=reception):
                return reception
            case active:
                return active.visit.reception

    def post(self, news: News) -> None:
        """Hand in news from any thread."""
        self._queue.put(news)

    def tell(self, event: Event) -> None:
        """Hand in an event that knows its visit."""
        self.post(lambda: event)

    def tell_current(self, event_for: Callable[[ReceptionId], Event]) -> None:
        """Hand in what happened to whichever visit is going on when the news is read; nothing happens to nobody."""

        def news() -> Event | None:
            return None if self.reception is None else event_for(self.reception)

        self.post(news)

    def stop(self) -> None:
        """End `run` after what was handed in before."""
        self._queue.put(None)

    def run(self, tick: Callable[[], None] | None = None) -> None:
        """Think until `stop`. `tick` is called before each thought, at least every second: it feeds the watchdog."""
        while True:
            if tick is not None:
                tick()
            try:
                news = self._queue.get(timeout=self._patience_s())
            except Empty:
                pass
            else:
                if news is None:
                    return
                self._think(news)
                del news  # it knows a visitor, and the next news may be long in coming
            self._ring()

    def run_due(self) -> None:
        """Think about everything that is there and due now, then return: the simulated world's way to run."""
        while True:
            try:
                news = self._queue.get_nowait()
            except Empty:
                if not self._ring():
                    return
            else:
                if news is not None:
                    self._think(news)

    def next_deadline_s(self) -> float | None:
        """Return when the next timer rings, in monotonic seconds."""
        return min(map(self._deadline_s, self._timers), default=None)

    def _patience_s(self) -> float:
        deadline = self.next_deadline_s()
        return 1.0 if deadline is None else min(1.0, max(0.0, deadline - self._clock.monotonic_s()))

    def _deadline_s(self, timer: Timer) -> float:
        running = self._timers[timer]
        silent_from_s = -math.inf if self._hands is None else self._hands.silent_from_s
        if timer in _COUNT_SILENCE:
            return max(running.since_s, silent_from_s) + running.seconds
        if timer in _WAIT_FOR_SILENCE:
            return max(running.since_s + running.seconds, silent_from_s)
        return running.since_s + running.seconds

    def _ring(self) -> bool:
        """Deliver the timer that is most overdue; return whether there was one."""
        timer = min(self._timers, key=self._deadline_s, default=None)
        if timer is None or self._deadline_s(timer) > self._clock.monotonic_s():
            return False
        del self._timers[timer]
        if self.reception is not None:
            self._take(TimeUp(self.reception, timer))
        return True

    def _think(self, news: News) -> None:
        event = news()
        if event is not None:
            self._take(event)

    def _take(self, event: Event) -> None:
        before = self.state
        self.state, effects = step(before, event, self._policy())
        for effect in effects:
            self._carry_out(effect)
        # Whoever watches may act on what they see: they see it when it has happened.
        if self._observe is not None:
            self._observe(before, event, self.state, effects)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, StartTimer):
            self._timers[effect.timer] = _Running(self._clock.monotonic_s(), effect.seconds)
            return
        if isinstance(effect, StopWork):
            self._timers.clear()
        if self._hands is not None:
            self._hands.carry_out(effect)
