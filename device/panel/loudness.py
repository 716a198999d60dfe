"""How loud the voice is at which hour."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

from msgspec import Meta, Struct

from device.domain.certificate_window import JAPAN

Volume = Annotated[int, Meta(ge=0, le=100)]
"""0 is silent, 100 as recorded; each 25 are 10 decibels."""


class From(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this time of the day on, until the next entry."""

    time: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]
    """Of Japan, `HH:MM`."""
    volume: Volume


def volume_at(now: datetime | None, *, volume: int, by_hour: tuple[From, ...]) -> int:
    """Return the volume at this moment; `volume` where no entry speaks for it, or nobody knows the time (None).

    The last entry of a day holds on past midnight, until the first one.
    """
    if now is None or not by_hour:
        return volume
    clock_time = now.astimezone(JAPAN).time()
    entries = sorted(by_hour, key=lambda entry: entry.time)
    begun = [entry for entry in entries if time.fromisoformat(entry.time) <= clock_time]
    return (begun or entries)[-1].volume
