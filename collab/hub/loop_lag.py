"""How late the event loop is: what somebody waits whose turn comes while something else keeps the loop.

A timer fires on a fixed beat, and notes by how much it came late. It sees a blockage that covers a moment at which it is due: one longer
than the beat always, as at most one beat less than it was, and a shorter one as often as it is long. Each look costs some 40 us, for it
wakes the loop, so the beat is no shorter than the histogram needs, and slow while no room is open: then nobody waits. A thread that watches
the loop would see no more, and take the interpreter's lock from it.

Timers of uvloop have a grain of a millisecond, and the machine adds its own: a reading of two or less says nothing.
"""

import asyncio
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from typing import Final

BEAT: Final = 0.025
"""Seconds between two looks while a room is open."""

BEAT_AT_REST: Final = 0.1
"""Seconds between two looks while none is."""

BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""Upper bounds of the classes that lags are counted in, in seconds; a last class has none."""

MINUTE: Final = 60
"""Seconds that `largest` looks back."""


class LoopLag:
    """Measures the loop that it was started in; times are in seconds."""

    def __init__(self, is_awake: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        """`is_awake` tells whether anybody may wait for the loop. The loop's own clock stands still while something keeps it."""
        self.counts = [0] * (len(BOUNDS) + 1)
        """How many looks found a lag of each class."""
        self.total = 0.0
        """The sum of all lags."""
        self._is_awake = is_awake
        self._clock = clock
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._largest: deque[tuple[int, float]] = deque()
        """The largest of each second, the oldest first, without those that a later one exceeds."""

    def start(self) -> None:
        """Begin to look, in the running loop, until `stop`."""
        self._set(asyncio.get_running_loop())

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        beat = BEAT if self._is_awake() else BEAT_AT_REST
        self._due = self._clock() + beat
        self._handle = loop.call_later(beat, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.note(self._clock() - self._due)
        self._set(loop)

    def note(self, lag: float) -> None:
        """Count a lag that ends now; a timer that came early, by its grain, was on time."""
        lag = max(0.0, lag)
        self.counts[bisect_left(BOUNDS, lag)] += 1
        self.total += lag
        largest = self._largest
        while largest and largest[-1][1] <= lag:
            largest.pop()
        second = int(self._clock())
        if not largest or largest[-1][0] != second:
            largest.append((second, lag))
        self._forget()

    def largest(self) -> float:
        """Return the largest lag of the last minute."""
        self._forget()
        return self._largest[0][1] if self._largest else 0.0

    def _forget(self) -> None:
        oldest = int(self._clock()) - MINUTE
        while self._largest and self._largest[0][0] < oldest:
            self._largest.popleft()
