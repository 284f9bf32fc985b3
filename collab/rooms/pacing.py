"""How often a room flushes.

A flush costs about the same for each reader, however many edits it carries. So a room with few readers flushes at once, and one with
many gathers edits when they come fast, as long as keeps its share of the processor flat; never longer than two frames of a screen. What
comes now and then always leaves at once: a room that has been quiet may flush twice in a row before it has to wait.
"""

import math
from typing import Final

COST_PER_READER: Final = 25e-6
"""Seconds; about three times what a write to one reader costs, so that one room's fan-out takes a third of a processor at most."""

FEW_READERS: Final = 16
"""Up to here a flush is cheaper than what gathering would save."""

LONGEST_PAUSE: Final = 1 / 30
"""Seconds; two frames of a screen that shows sixty."""


class Pacing:
    """When one room may flush next: a leaky bucket that holds two flushes (ITU-T I.371, the generic cell rate algorithm)."""

    __slots__ = ("_empty_at", "_next")

    def __init__(self) -> None:
        self._empty_at = -math.inf
        """When the bucket has leaked what the flushes so far put into it."""
        self._next = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until the next flush may be; none or less when it may be now."""
        return self._next - now

    def flushed(self, now: float, readers: int) -> None:
        """Take note of a flush to so many readers."""
        if readers > FEW_READERS:
            pause = min(readers * COST_PER_READER, LONGEST_PAUSE)
            self._empty_at = max(self._empty_at, now) + pause
            self._next = self._empty_at - pause
