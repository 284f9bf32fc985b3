"""Versions are thinned out with age, and thinning them again and again keeps what thinning them once keeps."""

from datetime import UTC, datetime, timedelta

from collab.rooms.thinning import superfluous

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)


def kept(ages: list[timedelta], now: datetime = NOW) -> list[timedelta]:
    gone = superfluous(((age, NOW - age) for age in ages), now)
    assert len(set(gone)) == len(gone)
    return sorted(set(ages) - set(gone))


def test_all_of_a_day_are_kept() -> None:
    ages = [timedelta(minutes=10 * number) for number in range(24 * 6)]
    assert kept(ages) == ages


def test_the_last_of_each_hour_is_kept_for_a_week() -> None:
    ages = [timedelta(hours=30, minutes=10 * number) for number in range(12)]  # 9:30, 9:20 … 7:40
    assert [(NOW - age).strftime("%H:%M") for age in kept(ages)] == ["09:30", "08:50", "07:50"]


def test_the_last_of_each_day_is_kept_after_a_week() -> None:
    ages = [timedelta(days=20, hours=number) for number in range(48)]
    assert [(NOW - age).strftime("%d %H:%M") for age in kept(ages)] == ["28 15:30", "27 23:30", "26 23:30"]


def test_a_history_thinned_again_and_again_comes_to_what_it_comes_to_at_once() -> None:
    ages = [timedelta(minutes=37 * number) for number in range(1500)]
    later = NOW + timedelta(days=30)
    left = ages
    for days in range(38, -1, -1):
        left = kept(left, later - timedelta(days=days))
    assert left == kept(ages, later)
    assert len(left) == len({(NOW - age).date() for age in ages})
