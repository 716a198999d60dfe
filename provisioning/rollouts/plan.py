"""What a rollout is: decided once, before the first unit hears of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta, timezone
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from device.domain.errors import BadConfig
from device.domain.updates import Kind
from device.wire.texts import Text
from device.wire.updates import Version
from provisioning.web.refusals import NotRightError

JAPAN: Final = timezone(timedelta(hours=9))
"""Windows are hours of the clinics' clocks; Japan has one zone and no summer time."""
WAVES: Final = ("1", "5%", "25%", "100%")
_NO_WAVE = Text(
    ja="段階の {wave} は台数でも、5% のような割合でもありません。",
    en="{wave} is neither a number of units nor a share like 5%",
)
_NOT_ALL = Text(
    ja="最後の段階は100%にしてください。そうでないと届かない端末が残ります。",
    en="the last wave must be 100%, or some units would never be asked",
)
_NOT_RISING = Text(
    ja="割合は前の段階より大きく、100%までにしてください。",
    en="each share must be larger than the one before, up to 100%",
)
_NO_WINDOW = Text(ja="時間帯の {words} は 20:00-07:00 の形ではありません。", en="{words} is not like 20:00-07:00")
_WAVE = re.compile(r"([1-9][0-9]{0,6})(%?)")
_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Percent = Annotated[float, Meta(ge=0, le=100)]
Wave = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,6}%?$(?!\n)")]
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of the day in which orders go out, Japan's time; it may reach over midnight."""

    begin: Hour
    end: Hour

    def is_open(self, now: datetime) -> bool:
        """Return whether orders may go out now."""
        here = now.astimezone(JAPAN).time()
        begin, end = _time(self.begin), _time(self.end)
        if begin < end:
            return begin <= here < end
        return here >= begin or here < end


class RolloutPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version goes where, how fast, and what stops it."""

    part: Kind
    version: Version
    waves: tuple[Wave, ...] = WAVES
    """How many units have been asked after each wave: a number, or a share of all. The last one is all."""
    success_percent: Percent = 90.0
    """A wave is good when this share of it has the version, and is well."""
    error_percent: Percent = 10.0
    """When more than this share of a wave failed or is unwell, the rollout stops there and then."""
    soak_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 3600.0
    """A good wave is watched for this long before the next one goes out."""
    window: Window | None = None
    """None: at any hour."""
    job_s: Annotated[float, Meta(gt=0, le=2_592_000)] = 86_400.0
    """A unit that has not ended by then counts as failed."""
    on_error: Literal["pause", "roll_back"] = "pause"
    """Wait for a person, or have every unit go back at once."""

    def sizes(self, units: int) -> list[int]:
        """Return how many units each wave asks, without the waves that would ask nobody."""
        sizes: list[int] = []
        for wave in self.waves:
            reach = max(1, -(-units * int(wave[:-1]) // 100)) if wave.endswith("%") else int(wave)
            if (more := min(reach, units) - sum(sizes)) > 0:
                sizes.append(more)
        return sizes


def plan_from_words(
    *,
    part: str,
    version: str,
    waves: str,
    success: float | str,
    errors: float | str,
    soak_s: float | str,
    window: str,
    job_s: float | str,
    on_error: str,
) -> RolloutPlan:
    """Return the plan that a person's words mean. Raise BadConfig naming what does not fit."""
    document = {
        "part": part,
        "version": version,
        "waves": parse_waves(waves),
        "success_percent": success,
        "error_percent": errors,
        "soak_s": soak_s,
        "window": parse_window(window),
        "job_s": job_s,
        "on_error": on_error,
    }
    try:
        return msgspec.convert(msgspec.to_builtins(document), RolloutPlan, strict=False)
    except msgspec.ValidationError as error:
        raise BadConfig(str(error), where="the rollout") from error


def parse_waves(words: str) -> tuple[str, ...]:
    """Return waves from `1,5%,25%,100%`. Raise BadConfig: no wave, or the last one is not all units."""
    waves = tuple(word.strip() for word in words.split(","))
    for wave in waves:
        if not _WAVE.fullmatch(wave):
            raise NotRightError(_NO_WAVE, where="waves", wave=repr(wave))
    if waves[-1] != "100%":
        raise NotRightError(_NOT_ALL, where="waves")
    shares = [int(wave[:-1]) for wave in waves if wave.endswith("%")]
    if shares != sorted(set(shares)) or shares[-1] > 100:  # noqa: PLR2004  percent
        raise NotRightError(_NOT_RISING, where="waves")
    return waves


def parse_window(words: str) -> Window | None:
    """Return the window in `20:00-07:00`; empty: none. Raise BadConfig."""
    if not words:
        return None
    begin, dash, end = words.partition("-")
    if not dash or not _HOUR.fullmatch(begin) or not _HOUR.fullmatch(end) or begin == end:
        raise NotRightError(_NO_WINDOW, where="window", words=repr(words))
    return Window(begin=begin, end=end)


def in_waves(plan: RolloutPlan, units: Sequence[str]) -> list[list[str]]:
    """Return which units each wave asks, in the given order."""
    waves, start = [], 0
    for size in plan.sizes(len(units)):
        waves.append(list(units[start : start + size]))
        start += size
    return waves


def _time(hour: str) -> time:
    hours, _, minutes = hour.partition(":")
    return time(int(hours), int(minutes))
