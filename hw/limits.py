"""Limits as data: what each measurement may be, why, and who says so. A file with any error is refused as a whole."""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device.wire.texts import Text
from hw.errors import BadLimits

LIMITS_FILE: Final = Path(__file__).with_name("limits.toml")

UNITS: Final = ("1", "%", "ms", "s", "mm", "V", "°C", "lx", "dB", "ppm", "kbit/s", "cycles/px", "grey")
"""`1` is a count; `grey` is a level of 0 to 255."""
WORDS_OF_A_REASON: Final = 4
"""A reason in fewer words gives none."""

_REQUIRED: Final[Mapping[str, type | tuple[type, ...]]] = {
    "ja": str,
    "en": str,
    "unit": str,
    "reason": str,
    "source": str,
}
_OPTIONAL: Final[Mapping[str, type | tuple[type, ...]]] = {
    "lower": (int, float),
    "upper": (int, float),
    "may_be_missing": str,
}
_HEADER = re.compile(r"^\s*\[\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"^\s*([\w-]+)\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one measurement may be; a bound that is None is not there, but never both."""

    name: str
    """Part and quantity, such as `keypad.bounce_ms`."""
    title: Text
    unit: str
    lower: float | None
    upper: float | None
    reason: str
    source: str
    may_be_missing: str | None = None
    """Why a run without this measurement may still pass; None where it may not."""

    def holds(self, value: float) -> bool:
        """Tell whether the value is allowed. NaN never is."""
        above = self.lower is None or value >= self.lower
        below = self.upper is None or value <= self.upper
        return above and below and not math.isnan(value)

    def is_near(self, value: float, uncertainty: float) -> bool:
        """Tell whether a bound lies within the measurement's own uncertainty: the verdict might be the other one."""
        return any(bound is not None and abs(value - bound) < uncertainty for bound in (self.lower, self.upper))

    def words(self) -> str:
        """Return the bounds as people write them."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        match self.lower, self.upper:
            case None, upper:
                return f"≤ {upper:g}{unit}"
            case lower, None:
                return f"≥ {lower:g}{unit}"
            case lower, upper:
                return f"{lower:g} … {upper:g}{unit}"


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of one file."""

    by_name: Mapping[str, Limit]
    digest: str
    """SHA-256 of the file, for the record."""

    def __getitem__(self, name: str) -> Limit:
        """Return one limit. Raise BadLimits where a plan measures something that has none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise BadLimits(f"there is no limit for {name!r}") from None


def load_limits(path: Path = LIMITS_FILE) -> Limits:
    """Read and check. Raise BadLimits naming file, line and what is wrong; all that is wrong, not only the first."""
    try:
        source = path.read_bytes()
        text = source.decode()
    except OSError as error:
        raise BadLimits(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadLimits(f"{path}: is no text: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits(f"{path}: {error}") from error
    reading = _Reading(str(path), _lines_of(text))
    limits = {limit.name: limit for limit in reading.limits(raw)}
    if reading.complaints:
        raise BadLimits("\n".join(reading.complaints))
    return Limits(limits, hashlib.sha256(source).hexdigest())


@dataclass(slots=True)
class _Reading:
    file: str
    lines: Mapping[tuple[str, str], int]
    """Where a table (with "") or an option of it stands."""
    complaints: list[str] = field(default_factory=list)

    def limits(self, raw: Mapping[str, object]) -> Iterator[Limit]:
        if not raw:
            self.complaints.append(f"{self.file}: holds no limit")
        for part, quantities in raw.items():
            if not isinstance(quantities, dict) or not all(isinstance(each, dict) for each in quantities.values()):
                self._complain(part, "", "limits stand in tables of two names, such as [keypad.bounce_ms]")
                continue
            for quantity, options in quantities.items():
                name = f"{part}.{quantity}"
                before = len(self.complaints)
                self._check(name, options)
                if len(self.complaints) == before:
                    yield _limit(name, options)

    def _check(self, name: str, options: Mapping[str, object]) -> None:
        known = {**_REQUIRED, **_OPTIONAL}
        for key in options.keys() - known.keys():
            self._complain(name, key, f"there is no option {key!r}; there are {', '.join(known)}")
        for key in _REQUIRED.keys() - options.keys():
            self._complain(name, "", f"{key!r} is missing")
        for key, kind in known.items():
            value = options.get(key)
            if key in options and (not isinstance(value, kind) or isinstance(value, bool)):
                self._complain(name, key, f"{key!r} has to be a {'text' if kind is str else 'number'}, not {value!r}")
            elif isinstance(value, str) and not value.strip():
                self._complain(name, key, f"{key!r} is empty")
            elif isinstance(value, float) and not math.isfinite(value):
                self._complain(name, key, f"{key!r} has to be a finite number")
        self._check_sense(name, options)

    def _check_sense(self, name: str, options: Mapping[str, object]) -> None:
        unit, reason = options.get("unit"), options.get("reason")
        if isinstance(unit, str) and unit not in UNITS:
            self._complain(name, "unit", f"there is no unit {unit!r}; there are {' '.join(UNITS)}")
        if isinstance(reason, str) and 0 < len(reason.split()) < WORDS_OF_A_REASON:
            self._complain(name, "reason", f"{reason!r} says too little for a reason")
        lower, upper = options.get("lower"), options.get("upper")
        if lower is None and upper is None:
            self._complain(name, "", "neither 'lower' nor 'upper': every value would pass")
        if isinstance(lower, (int, float)) and isinstance(upper, (int, float)) and lower > upper:
            self._complain(name, "lower", f"'lower' {lower:g} is above 'upper' {upper:g}: no value would pass")

    def _complain(self, name: str, key: str, what: str) -> None:
        line = self.lines.get((name, key), self.lines.get((name, ""), 1))
        self.complaints.append(f"{self.file}:{line}: [{name}] {what}")


def _limit(name: str, options: Mapping[str, object]) -> Limit:
    def number(key: str) -> float | None:
        value = options.get(key)
        return float(value) if isinstance(value, (int, float)) else None

    missing = options.get("may_be_missing")
    return Limit(
        name=name,
        title=Text(ja=str(options["ja"]), en=str(options["en"])),
        unit=str(options["unit"]),
        lower=number("lower"),
        upper=number("upper"),
        reason=str(options["reason"]),
        source=str(options["source"]),
        may_be_missing=None if missing is None else str(missing),
    )


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = header[1]
            found.setdefault((table, ""), number)
        elif key := _KEY.match(line):
            found.setdefault((table, key[1]), number)
    return found
