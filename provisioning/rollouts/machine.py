"""What to do next about a rollout: a pure function of its plan, its progress, what units said, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from device.wire.texts import Text
from provisioning.rollouts.plan import RolloutPlan
from provisioning.web.refusals import NotRightError

_NOT_RUNNING: Final = "更新は進行中ではないので、一時停止できません。"
_NOT_PAUSED: Final = "更新は一時停止中ではないので、再開できません。"
_OVER: Final = "更新はもう終わっています。"
_GOING_BACK: Final = "更新はもう元に戻しているか、戻し終えています。"
_LEFT: Final = Text(ja="{left}台は元に戻りませんでした。", en="{left} units did not go back")


class RolloutState(StrEnum):
    """Where a rollout is."""

    RUNNING = "running"
    PAUSED = "paused"
    """A person has to say how it goes on; orders that were not taken on yet are held back."""
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    """Units that have the version keep it."""
    ROLLED_BACK = "rolled_back"

    @property
    def is_over(self) -> bool:
        """Nothing will be done any more."""
        return self in {RolloutState.SUCCEEDED, RolloutState.ABORTED, RolloutState.ROLLED_BACK}


class Gate(StrEnum):
    """What a wave did not pass."""

    TOO_MANY_BAD = "too_many_bad"
    TOO_FEW_GOOD = "too_few_good"


_AT: Final = {
    Gate.TOO_MANY_BAD: Text(
        ja="第{wave}段: {of}台のうち{units}台が失敗したか不調です。",
        en="wave {wave}: {units} of {of} units failed or are unwell",
    ),
    Gate.TOO_FEW_GOOD: Text(
        ja="第{wave}段: {of}台のうち{units}台しか良好ではありません。",
        en="wave {wave}: only {units} of {of} units are good",
    ),
}


class Stop(Struct, frozen=True, kw_only=True):
    """Which wave stopped a rollout, and by how many of its units."""

    gate: Gate
    wave: int
    units: int
    of: int

    def say(self, language: str) -> str:
        """Return it in words."""
        return _AT[self.gate].say(language, wave=self.wave, units=self.units, of=self.of)


class Progress(Struct, frozen=True, kw_only=True):
    """How far it is."""

    state: RolloutState = RolloutState.RUNNING
    wave: int = 0
    """The wave that was asked last, from 1; 0: none yet."""
    soaking_since: datetime | None = None
    """When the wave was good; it is being watched."""
    why: str = ""
    """What stopped it, in the words of the person who did."""
    stop: Stop | None = None
    """What stopped it where nobody did."""
    left: int = 0
    """How many units did not go back."""
    forgiven: tuple[int, ...] = ()
    """How many bad units of each wave a person saw and went on with."""

    def told(self, language: str) -> str:
        """Return why it is where it is: a person's words as they are, the machine's in `language`."""
        why = self.why if self.stop is None else self.stop.say(language)
        left = _LEFT.say(language, left=self.left) if self.left else ""
        return ("; " if language == "en" else " ").join(filter(None, [why, left]))

    def pardon(self, wave: int) -> int:
        """Return how many bad units of a wave (from 1) do not count."""
        return self.forgiven[wave - 1] if wave <= len(self.forgiven) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is known of one wave."""

    units: int
    succeeded: int = 0
    failed: int = 0
    """It was refused, it failed, it was taken back, or nothing was heard in time."""
    unwell: int = 0
    """Of those that succeeded: trouble, silence, or another version than they should have."""

    @property
    def is_over(self) -> bool:
        """Every unit has ended one way or the other."""
        return self.succeeded + self.failed >= self.units


@dataclass(frozen=True, slots=True)
class SendWave:
    """Order the next wave to take the version."""

    wave: int


@dataclass(frozen=True, slots=True)
class SendBack:
    """Withdraw what was not begun, and order every unit that has the version to go back."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Withdraw what was not begun."""


Action = SendWave | SendBack | Withdraw


def step(
    plan: RolloutPlan, progress: Progress, tallies: Sequence[Tally], now: datetime
) -> tuple[Progress, list[Action]]:
    """Return the new progress and what to do.

    `tallies` has one entry for each wave of the plan; while rolling back, one for the orders to go back alone.
    """
    match progress.state:
        case RolloutState.RUNNING:
            return _run(plan, progress, tallies, now)
        case RolloutState.ROLLING_BACK:
            if all(tally.is_over for tally in tallies):
                left = sum(tally.failed for tally in tallies)
                return replace(progress, state=RolloutState.ROLLED_BACK, left=left), []
            return progress, []
        case _:
            return progress, []


def _run(
    plan: RolloutPlan, progress: Progress, tallies: Sequence[Tally], now: datetime
) -> tuple[Progress, list[Action]]:
    asked = tallies[: progress.wave]
    for number, tally in enumerate(asked, start=1):
        # Also an earlier wave that falls ill counts: a fault may take days to show.
        bad = max(0, tally.failed + tally.unwell - progress.pardon(number))
        if bad * 100 > plan.error_percent * tally.units:
            stop = Stop(gate=Gate.TOO_MANY_BAD, wave=number, units=bad, of=tally.units)
            return _stop(plan, progress, stop)
    if asked:
        tally = asked[-1]
        if not tally.is_over:
            return replace(progress, soaking_since=None), []
        good = tally.succeeded - tally.unwell
        if (good + progress.pardon(progress.wave)) * 100 < plan.success_percent * tally.units:
            stop = Stop(gate=Gate.TOO_FEW_GOOD, wave=progress.wave, units=good, of=tally.units)
            return _stop(plan, progress, stop)
        if progress.soaking_since is None:
            progress = replace(progress, soaking_since=now)
        if now < _since(progress, now) + timedelta(seconds=plan.soak_s):
            return progress, []
    if progress.wave == len(tallies):
        return replace(progress, state=RolloutState.SUCCEEDED), []
    if plan.window is not None and not plan.window.is_open(now):
        return progress, []
    return replace(progress, wave=progress.wave + 1, soaking_since=None), [SendWave(progress.wave + 1)]


def _stop(plan: RolloutPlan, progress: Progress, stop: Stop) -> tuple[Progress, list[Action]]:
    progress = replace(progress, soaking_since=None, why="", stop=stop)
    if plan.on_error == "roll_back":
        return replace(progress, state=RolloutState.ROLLING_BACK), [SendBack()]
    return replace(progress, state=RolloutState.PAUSED), []


def _since(progress: Progress, now: datetime) -> datetime:
    return progress.soaking_since or now


def pause(progress: Progress, why: str) -> Progress:
    """Hold it. Raise BadConfig where it does not run."""
    if progress.state is not RolloutState.RUNNING:
        raise _refusal(_NOT_RUNNING, f"it is {progress.state} and cannot be paused")
    return _by_hand(progress, RolloutState.PAUSED, why)


def resume(progress: Progress, tallies: Sequence[Tally]) -> Progress:
    """Let it go on in spite of what is bad now; only what gets worse stops it again. Raise BadConfig: not paused."""
    if progress.state is not RolloutState.PAUSED:
        raise _refusal(_NOT_PAUSED, f"it is {progress.state} and cannot be resumed")
    forgiven = tuple(tally.failed + tally.unwell for tally in tallies[: progress.wave])
    return replace(progress, state=RolloutState.RUNNING, why="", stop=None, forgiven=forgiven)


def abort(progress: Progress, why: str) -> tuple[Progress, list[Action]]:
    """End it where it is. Raise BadConfig where it is over."""
    if progress.state.is_over:
        raise _refusal(_OVER, f"it is {progress.state} already")
    return _by_hand(progress, RolloutState.ABORTED, why), [Withdraw()]


def roll_back(progress: Progress, why: str) -> tuple[Progress, list[Action]]:
    """Have every unit that has the version go back, also after the end. Raise BadConfig where that was done."""
    if progress.state in {RolloutState.ROLLING_BACK, RolloutState.ROLLED_BACK}:
        raise _refusal(_GOING_BACK, f"it is {progress.state} already")
    return _by_hand(progress, RolloutState.ROLLING_BACK, why), [SendBack()]


def _by_hand(progress: Progress, state: RolloutState, why: str) -> Progress:
    return replace(progress, state=state, soaking_since=None, why=why, stop=None, left=0)


def _refusal(ja: str, en: str) -> NotRightError:
    return NotRightError(Text(ja=ja, en=en), where="the rollout")
