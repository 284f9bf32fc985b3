"""The token bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.protocol.rate import Rate

RATE = Rate(per_second=10, burst=50)


def test_bucket_that_nothing_was_heard_of_is_full() -> None:
    full_at = RATE.spend(0.0, 50, now=1000)

    assert RATE.debt(full_at, 1000) == 0
    assert RATE.debt(RATE.spend(full_at, 1, 1000), 1000) == pytest.approx(0.1)


def test_debt_is_paid_as_time_goes_by() -> None:
    full_at = RATE.spend(0.0, 80, now=1000)

    assert RATE.debt(full_at, 1000) == pytest.approx(3)
    assert RATE.debt(full_at, 1003) == pytest.approx(0)
    assert RATE.debt(full_at, 2000) < 0


def test_bucket_holds_no_more_than_its_size_however_long_nobody_takes() -> None:
    full_at = RATE.spend(RATE.spend(0.0, 50, now=1000), 51, now=9000)

    assert RATE.debt(full_at, 9000) == pytest.approx(0.1)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 100)), max_size=50))
def test_bucket_says_what_one_that_is_counted_out_says(spendings: list[tuple[float, int]]) -> None:
    now, full_at, level = 1000.0, 0.0, 50.0
    for pause, amount in spendings:
        now += pause
        level = min(level + pause * 10, 50.0) - amount
        full_at = RATE.spend(full_at, amount, now)
        assert RATE.debt(full_at, now) == pytest.approx(-level / 10, abs=1e-6)
