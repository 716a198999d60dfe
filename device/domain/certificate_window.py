"""When a 利用者証明用電子証明書 is good, about to end, in its three months of grace, or of no more use.

The rule is shared: the unit warns by it where its clock can be trusted, the gateway decides by it.

Facts: an alert is shown from three months before the end; after the end the card still gives the qualification (and
nothing else) until the last day of the third month after the month of expiry. Days are Japanese days.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta, timezone

from device.domain.values import CertificateState

JAPAN = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time, so an offset is enough and needs no time zone files on a small machine."""

NOTICE_MONTHS = 3
GRACE_MONTHS = 3
_MONTHS_A_YEAR = 12


def certificate_state(not_after: datetime, now: datetime) -> CertificateState:
    """Return the state at `now` of a certificate whose last good second is `not_after` (both aware).

    Never REVOKED: that is the issuer's word, not the calendar's.
    """
    last_day = not_after.astimezone(JAPAN).date()
    if now <= not_after:
        soon = _start_of(add_months(last_day, -NOTICE_MONTHS))
        return CertificateState.EXPIRES_SOON if now >= soon else CertificateState.GOOD
    grace_over = _start_of(add_months(last_day.replace(day=1), GRACE_MONTHS + 1))
    return CertificateState.IN_GRACE if now < grace_over else CertificateState.EXPIRED


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (negative: earlier), or that month's last day where the month is shorter."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def end_of_day(day: date) -> datetime:
    """Return the last second of a Japanese day."""
    return datetime.combine(day, time(23, 59, 59), JAPAN)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), JAPAN)
