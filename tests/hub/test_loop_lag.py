"""The lag of the event loop: what is counted, what is remembered, and that a blockage is seen."""

import asyncio
import time

from collab.hub.loop_lag import BEAT, BOUNDS, LoopLag
from tests.hub.house import OpenHub
from tests.support.eventually import eventually


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_lag_is_counted_in_its_class() -> None:
    lag = LoopLag(lambda: True, Clock())

    for seconds in (0.001, 0.0011, 0.03, 9.0):
        lag.note(seconds)

    counted = dict(zip((*BOUNDS, None), lag.counts, strict=True))
    assert {bound: count for bound, count in counted.items() if count} == {0.001: 1, 0.002: 1, 0.05: 1, None: 1}
    assert lag.total == 0.001 + 0.0011 + 0.03 + 9.0


def test_a_timer_that_came_early_was_on_time() -> None:
    lag = LoopLag(lambda: True, Clock())

    lag.note(-0.0009)

    assert (lag.counts[0], lag.total, lag.largest()) == (1, 0.0, 0.0)


def test_the_largest_lag_is_forgotten_after_a_minute_and_the_next_largest_remembered() -> None:
    clock = Clock()
    lag = LoopLag(lambda: True, clock)
    lag.note(0.5)
    clock.now = 30.0
    for seconds in (0.1, 0.2, 0.05):
        lag.note(seconds)

    clock.now = 60.0
    assert lag.largest() == 0.5
    clock.now = 61.0
    assert lag.largest() == 0.2
    clock.now = 91.0
    assert lag.largest() == 0.0


def test_no_more_than_one_lag_is_remembered_of_each_second() -> None:
    clock = Clock()
    lag = LoopLag(lambda: True, clock)

    for number in range(10_000):
        clock.now = number / 100
        lag.note(10_000.0 - number)

    assert len(lag._largest) <= 61


async def test_a_blockage_longer_than_a_beat_is_always_seen() -> None:
    lag = LoopLag(lambda: True)
    lag.start()
    try:
        end = time.monotonic() + 3 * BEAT
        while time.monotonic() < end:
            pass
        await eventually(lambda: sum(lag.counts))
    finally:
        lag.stop()

    assert lag.largest() >= 2 * BEAT - 0.002  # the grain of the loop's timers


async def test_a_hub_measures_until_it_has_drained(open_hub: OpenHub) -> None:
    async with open_hub() as house:
        lag = house.hub.lag
        await eventually(lambda: sum(lag.counts))
    looks = sum(lag.counts)
    await asyncio.sleep(0)

    assert lag._handle is None
    assert sum(lag.counts) == looks
