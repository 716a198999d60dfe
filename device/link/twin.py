"""What a unit knows of its fleet's settings: the last good version, the one on trial, and what to say about them.

The book is a value; whoever changes it keeps it on the disk before anything else happens. So a unit that loses its
power at any moment finds either the version before or a trial that was not ended, and ends it: with the version
before.

    nothing on trial  --offer-->  on trial  --passed-->   the offer is good
                                            --failed-->   the version before is good still: rolled back
                                            --power cut-> the same, when the unit starts
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

import msgspec

from device.wire.fleet import Settings, TwinReport, TwinWanted

DONE_COMMANDS = 32
FORBIDDEN = ("unit", "broker", "key", "clinic", "fleet")
"""Sections that say who a unit is and whom it belongs to: its own file alone says that."""

Mode = Literal["serve", "quarantined"]
Status = Literal["none", "applied", "rejected", "rolled_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the fleet's settings."""

    version: int = 0
    mode: Mode = "serve"
    settings: Settings = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what it sets."""
        return sha256(msgspec.json.encode(self.settings, order="sorted")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinBook:
    """Everything that has to survive."""

    good: Version = Version()
    trial: Version | None = None
    status: Status = "none"
    about: int = 0
    errors: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    """Names of the last commands that were done."""

    @property
    def active(self) -> Version:
        """What is in force now."""
        return self.trial or self.good

    def offered(self, wanted: TwinWanted) -> bool:
        """Return whether an offer is news: newer than what is in force, and not the one that failed last."""
        return wanted.version > max(self.active.version, self.about)

    def rejected(self, version: int, errors: tuple[str, ...]) -> TwinBook:
        """Return the book after an offer that was never in force."""
        return replace(self, status="rejected", about=version, errors=errors)

    def on_trial(self, wanted: TwinWanted) -> TwinBook:
        """Return the book with an offer in force, for now."""
        offer = Version(version=wanted.version, mode=wanted.mode, settings=wanted.settings)
        return replace(self, trial=offer)

    def ended(self, errors: tuple[str, ...]) -> TwinBook:
        """Return the book after a trial: without errors the offer is good, with them the version before is."""
        if self.trial is None:
            return self
        tried = self.trial
        if errors:
            return replace(self, trial=None, status="rolled_back", about=tried.version, errors=errors)
        return replace(self, good=tried, trial=None, status="applied", about=tried.version, errors=())

    def woken(self) -> TwinBook:
        """Return the book as a unit that starts has to take it: a trial that was not ended has failed."""
        return self.ended(("the unit stopped during the trial",))

    def did(self, command: str) -> TwinBook:
        """Return the book with one command more that was done."""
        return replace(self, done=(*self.done, command)[-DONE_COMMANDS:])

    def report(self, local: tuple[str, ...] = ()) -> TwinReport:
        """Return what to tell the fleet."""
        return TwinReport(
            version=self.good.version,
            mode=self.active.mode,
            status=self.status,
            about=self.about,
            errors=[error[:512] for error in self.errors[:20]],
            local=list(local[:200]),
            settings_digest=self.good.digest,
        )


def overlaid(fleet: Settings, local: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings of a unit, and which of the fleet's its own file overrides.

    The rule: the unit's own file wins over the fleet, the fleet wins over the default.
    """
    merged: dict[str, Any] = {section: dict(options) for section, options in fleet.items()}
    overridden: list[str] = []
    for section, options in local.items():
        if not isinstance(options, dict):
            merged[section] = options
            continue
        there = merged.setdefault(section, {})
        overridden += [f"{section}.{name}" for name in options if name in there and there[name] != options[name]]
        there.update(options)
    return merged, tuple(sorted(overridden))


def forbidden_in(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with settings before anybody looks at their values."""
    return tuple(
        f"{section}: who a unit is and where it belongs stands in its own file alone"
        for section in settings
        if section in FORBIDDEN
    )
