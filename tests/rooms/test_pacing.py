"""How often a room flushes, by the number of its readers."""

import pytest

from collab.rooms.pacing import COST_PER_READER, FEW_READERS, LONGEST_PAUSE, Pacing


def flush_times(readers: int, count: int, start: float = 1000.0) -> list[float]:
    """Flush as often as a room may to which edits come without end; return when, counted from the first."""
    pacing, now = Pacing(), start
    times: list[float] = []
    for _ in range(count):
        now += max(pacing.wait(now), 0.0)
        times.append(now - start)
        pacing.flushed(now, readers)
    return times


@pytest.mark.parametrize("readers", [0, 1, FEW_READERS])
def test_small_room_flushes_at_once(readers: int) -> None:
    assert flush_times(readers, 10) == [0.0] * 10


def test_busy_room_flushes_less_often_the_more_readers_it_has() -> None:
    assert flush_times(100, 4) == pytest.approx([0, 0, 100 * COST_PER_READER, 200 * COST_PER_READER])
    assert flush_times(200, 4) == pytest.approx([0, 0, 200 * COST_PER_READER, 400 * COST_PER_READER])


def test_pause_never_exceeds_two_frames_of_a_screen() -> None:
    assert flush_times(100_000, 4) == pytest.approx([0, 0, LONGEST_PAUSE, 2 * LONGEST_PAUSE])


def test_room_that_was_quiet_flushes_at_once_again() -> None:
    pacing = Pacing()
    for now in (10.0, 10.0, 10.0025, 60.0):
        assert pacing.wait(now) <= 1e-9
        pacing.flushed(now, 100)

    assert pacing.wait(60.0) <= 1e-9


def test_room_that_has_emptied_does_not_gain_by_it() -> None:
    pacing = Pacing()
    pacing.flushed(10.0, 1000)
    pacing.flushed(10.0, 1000)
    pacing.flushed(10.001, 1)

    assert pacing.wait(10.001) == pytest.approx(1000 * COST_PER_READER - 0.001)
