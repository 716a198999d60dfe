"""How long one signed copy of a result counts. Unit and clinic both hold to it, so it stands where both look."""

from __future__ import annotations

from datetime import datetime, timedelta

COPY_LIFETIME = timedelta(days=1)
"""Longer than any copy is on its way (the broker throws it away after 15 minutes), and the most by which the clocks of
unit and clinic may differ."""


def expiry(signed_at: datetime) -> datetime:
    """Return until when a copy counts that is signed now."""
    return signed_at + COPY_LIFETIME


def is_fresh(expires_at: datetime, now: datetime) -> bool:
    """Return whether a copy counts now: it has not run out, nor was it signed by a clock more than a lifetime ahead."""
    return now < expires_at <= now + 2 * COPY_LIFETIME
