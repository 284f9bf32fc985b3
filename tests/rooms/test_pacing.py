"""How often a room flushes: at once for few readers, and never later than two frames of a screen."""

from itertools import pairwise

import pytest

from collab.rooms.pacing import FEW_READERS, LONGEST_PAUSE, pause_after_flush


@pytest.mark.parametrize("readers", [0, 1, FEW_READERS])
def test_small_room_flushes_at_once(readers: int) -> None:
    assert pause_after_flush(readers) == 0.0


def test_pause_grows_with_the_readers() -> None:
    pauses = [pause_after_flush(readers) for readers in range(FEW_READERS, 300)]

    assert all(less <= more for less, more in pairwise(pauses))
    assert pauses[1] > 0.0


def test_pause_ends_at_two_frames_of_a_screen() -> None:
    assert pause_after_flush(100_000) == LONGEST_PAUSE == pytest.approx(0.0333, abs=0.001)
