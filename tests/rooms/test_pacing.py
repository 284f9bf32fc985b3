"""How long a room gathers before it flushes, by the number of its readers."""

import pytest

from collab.rooms.pacing import (
    FEW_READERS,
    GATHERING_PER_READER,
    LONGEST_GATHERING,
    PRESENCE_PER_READER,
    QUIET,
    TIMER_GRAIN,
    Pacing,
)

BUSY = 1000.0
"""When the rooms of these tests flushed last."""


def busy_room() -> Pacing:
    pacing = Pacing()
    pacing.flushed(BUSY, edits=True, presence=True)
    return pacing


@pytest.mark.parametrize("readers", [0, 1, FEW_READERS])
def test_small_room_flushes_at_once(readers: int) -> None:
    assert busy_room().wait(BUSY, readers) == 0


@pytest.mark.parametrize("readers", [FEW_READERS + 1, 100, 200])
def test_busy_room_gathers_the_longer_the_more_readers_it_has(readers: int) -> None:
    assert busy_room().wait(BUSY, readers) == pytest.approx(readers * GATHERING_PER_READER)


def test_gathering_never_takes_more_than_two_frames_of_a_screen() -> None:
    assert busy_room().wait(BUSY, 100_000) == LONGEST_GATHERING


@pytest.mark.parametrize("readers", [100, 1_000, 100_000])
def test_room_that_has_been_quiet_flushes_at_once(readers: int) -> None:
    pacing = busy_room()
    gathering = pacing.wait(BUSY, readers)

    assert pacing.wait(BUSY + QUIET * gathering * 1.01, readers) == 0
    assert pacing.wait(BUSY + QUIET * gathering * 0.99, readers) == gathering


def test_first_flush_of_a_room_is_at_once() -> None:
    assert Pacing().wait(BUSY, 1_000) == 0


@pytest.mark.parametrize("readers", [0, 1, FEW_READERS])
def test_presence_of_a_small_room_is_passed_on_at_once(readers: int) -> None:
    assert busy_room().wait_with_presence(BUSY, readers) == 0


def test_presence_has_a_pace_of_its_own() -> None:
    pacing = busy_room()
    pause = 50 * PRESENCE_PER_READER
    pacing.flushed(BUSY + pause / 2, edits=True, presence=False)

    assert pacing.wait_with_presence(BUSY + pause / 2, 50) == pytest.approx(pause / 2)
    assert not pacing.presence_is_due(BUSY + pause / 2, 50)
    assert pacing.presence_is_due(BUSY + pause * 1.01, 50)


def test_presence_is_due_when_its_timer_comes_a_little_early() -> None:
    assert busy_room().presence_is_due(BUSY + 1 / 30 - TIMER_GRAIN / 2, 100)


@pytest.mark.parametrize("readers", [100, 1_000, 100_000])
def test_presence_is_passed_on_thirty_times_a_second_however_many_move(readers: int) -> None:
    assert busy_room().wait_with_presence(BUSY, readers) == pytest.approx(1 / 30)
