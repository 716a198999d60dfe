"""When to try again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.link.backoff import Backoff


@given(st.floats(0.01, 100), st.floats(1, 1000), st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
def test_every_delay_is_positive_and_below_a_limit_that_doubles(
    first_s: float, ratio: float, luck: list[float]
) -> None:
    longest_s = first_s * ratio
    draws = iter(luck)
    backoff = Backoff(first_s, lambda: next(draws))
    for failure in range(len(luck)):
        delay_s = backoff.next_delay_s(longest_s)
        assert 0 < delay_s <= min(first_s * 2**failure, longest_s) * (1 + 1e-9)
    backoff.reset()
    draws = iter([0.0])
    assert backoff.next_delay_s(longest_s) == first_s


def test_an_absent_broker_is_tried_soon_also_after_one_that_refused() -> None:
    backoff = Backoff(1, lambda: 0.0)
    assert [backoff.next_delay_s(60) for _ in range(5)] == [1, 2, 4, 8, 16]
    assert [backoff.next_delay_s(2) for _ in range(2)] == [2, 2]
