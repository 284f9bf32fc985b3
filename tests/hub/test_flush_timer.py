"""When a room flushes, under a clock that only the test moves."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from collab.hub.flush_timer import FlushTime, FlushTimer
from collab.rooms.pacing import FEW_READERS


class Handle:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class SimulatedLoop:
    """The clock and the timers of an event loop."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, int, Handle]] = []
        self._numbers = count()

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[[], None]) -> Handle:
        return self.call_later(0, callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        handle = Handle(callback)
        heapq.heappush(self._due, (self.now + delay, next(self._numbers), handle))
        return handle

    def run_until(self, moment: float) -> None:
        while self._due and self._due[0][0] <= moment:
            at, _, handle = heapq.heappop(self._due)
            self.now = max(self.now, at)
            if handle.callback is not None:
                handle.callback()
        self.now = moment


class PacedRoom:
    """A room of so many readers, flushed by its timer."""

    def __init__(self, readers: int) -> None:
        self.loop = SimulatedLoop()
        self.readers = readers
        self.has_work = self.has_presence_to_tell = False
        self.flushes: list[FlushTime] = []
        self.edits_flushed_at: list[float] = []
        loop: Any = self.loop
        assert not isinstance(loop, asyncio.AbstractEventLoop)
        self.timer = FlushTimer(loop, self, self._flush)

    def _flush(self) -> None:
        due = self.timer.begin()
        assert due is not None
        self.flushes.append(due)
        if self.has_work:
            self.edits_flushed_at.append(due.now)
        self.has_work = False
        if due.with_presence:
            self.has_presence_to_tell = False
        self.timer.schedule()

    def type(self) -> None:
        self.has_work = True
        self.timer.schedule()

    def move(self) -> None:
        self.has_presence_to_tell = True
        self.timer.schedule()

    def presence_flushes(self) -> int:
        return sum(flush.with_presence for flush in self.flushes)


def run(room: PacedRoom, seconds: float, *, moves: int = 0, types: int = 0) -> None:
    """Have so many move their cursors, and so many keys be typed, each second, evenly."""
    start = room.loop.now
    happenings = [(number / moves, room.move) for number in range(round(moves * seconds))]
    happenings += [(number / types, room.type) for number in range(round(types * seconds))]
    for moment, happen in sorted(happenings, key=lambda each: each[0]):
        room.loop.run_until(start + moment)
        happen()
    room.loop.run_until(start + seconds + 1)


def test_cursors_of_a_hundred_people_take_thirty_flushes_a_second() -> None:
    room = PacedRoom(100)
    run(room, 2, moves=1500)
    assert 58 <= len(room.flushes) == room.presence_flushes() <= 62


def test_typing_does_not_hurry_presence_and_presence_does_not_hold_up_typing() -> None:
    typing, both = PacedRoom(100), PacedRoom(100)
    run(typing, 2, types=200)
    run(both, 2, types=200, moves=200)
    assert both.presence_flushes() <= 62
    assert both.edits_flushed_at == typing.edits_flushed_at


def test_everything_is_flushed_in_the_end() -> None:
    room = PacedRoom(100)
    run(room, 0.5, moves=90, types=110)
    assert not any((room.has_work, room.has_presence_to_tell))


def test_a_single_move_in_a_large_quiet_room_is_passed_on_at_once() -> None:
    room = PacedRoom(1000)
    room.move()
    room.loop.run_until(room.loop.now)
    assert room.flushes == [FlushTime(1000.0, with_presence=True)]


def test_small_room_passes_on_each_move_at_once() -> None:
    room = PacedRoom(FEW_READERS)
    run(room, 1, moves=100)
    assert room.presence_flushes() == 100


def test_what_is_typed_while_presence_waits_goes_out_first() -> None:
    room = PacedRoom(100)
    room.move()
    room.loop.run_until(1000.001)
    room.move()
    room.type()
    room.loop.run_until(1000.01)
    assert [flush.with_presence for flush in room.flushes] == [True, False]
    room.loop.run_until(1000.1)
    assert [flush.with_presence for flush in room.flushes] == [True, False, True]


def test_nothing_to_flush_is_no_flush() -> None:
    room = PacedRoom(3)
    assert room.timer.begin() is None
