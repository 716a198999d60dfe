from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.certificate_window import JAPAN, add_months, certificate_state, end_of_day
from device.domain.values import CertificateState

LAST_SECOND = end_of_day(date(2030, 2, 17))
ORDER = [CertificateState.GOOD, CertificateState.EXPIRES_SOON, CertificateState.IN_GRACE, CertificateState.EXPIRED]


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2029-11-16T23:59:59", CertificateState.GOOD),
        ("2029-11-17T00:00:00", CertificateState.EXPIRES_SOON),
        ("2030-02-17T23:59:59", CertificateState.EXPIRES_SOON),
        ("2030-02-18T00:00:00", CertificateState.IN_GRACE),
        ("2030-05-31T23:59:59", CertificateState.IN_GRACE),
        ("2030-06-01T00:00:00", CertificateState.EXPIRED),
    ],
)
def test_the_windows_open_and_close_with_the_japanese_day(now: str, state: CertificateState) -> None:
    assert certificate_state(LAST_SECOND, datetime.fromisoformat(now).replace(tzinfo=JAPAN)) is state


def test_the_zone_in_which_a_time_is_written_changes_nothing() -> None:
    midnight = datetime(2030, 6, 1, tzinfo=JAPAN)

    assert certificate_state(LAST_SECOND.astimezone(UTC), midnight.astimezone(UTC)) is CertificateState.EXPIRED
    assert certificate_state(LAST_SECOND.astimezone(UTC), midnight - timedelta(seconds=1)) is CertificateState.IN_GRACE


def test_grace_runs_over_the_end_of_the_year() -> None:
    last = end_of_day(date(2029, 10, 31))

    assert certificate_state(last, datetime(2030, 1, 31, 23, 59, tzinfo=JAPAN)) is CertificateState.IN_GRACE
    assert certificate_state(last, datetime(2030, 2, 1, tzinfo=JAPAN)) is CertificateState.EXPIRED


@pytest.mark.parametrize(
    ("day", "months", "other"),
    [
        (date(2030, 5, 31), -3, date(2030, 2, 28)),
        (date(2028, 5, 31), -3, date(2028, 2, 29)),
        (date(2030, 1, 15), -1, date(2029, 12, 15)),
        (date(2029, 12, 31), 2, date(2030, 2, 28)),
    ],
)
def test_months_are_counted_to_the_last_day_of_a_shorter_month(day: date, months: int, other: date) -> None:
    assert add_months(day, months) == other


@given(
    not_after=st.datetimes(datetime(2015, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis adds the zone
    moments=st.lists(st.timedeltas(timedelta(days=-400), timedelta(days=400)), min_size=2, max_size=2),
)
def test_time_only_ever_makes_a_certificate_worse(not_after: datetime, moments: list[timedelta]) -> None:
    earlier, later = (certificate_state(not_after, not_after + moment) for moment in sorted(moments))

    assert ORDER.index(earlier) <= ORDER.index(later)


@given(not_after=st.datetimes(datetime(2015, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  as above
def test_grace_is_never_shorter_than_three_months_nor_longer_than_four(not_after: datetime) -> None:
    assert certificate_state(not_after, not_after + timedelta(days=89)) is CertificateState.IN_GRACE
    assert certificate_state(not_after, not_after + timedelta(days=124)) is CertificateState.EXPIRED
