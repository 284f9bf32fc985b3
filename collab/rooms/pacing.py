"""How long a room gathers before it flushes.

A flush costs about the same for each reader, however many edits it carries. So a room with few readers flushes at once, and one with
many gathers for a moment what comes: about as long as its flush will take, and never longer than two frames of a screen. A room that has
been quiet flushes at once all the same, for then nothing else is likely to come in that moment.
"""

import math
from typing import Final

GATHERING_PER_READER: Final = 8e-6
"""Seconds; about what a write to one reader costs, so that one room's fan-out takes half a processor at most."""

FEW_READERS: Final = 16
"""Up to here a flush is cheaper than what gathering would save."""

LONGEST_GATHERING: Final = 1 / 30
"""Seconds; two frames of a screen that shows sixty."""

QUIET: Final = 12
"""A room has been quiet when it has not flushed for so many times as long as it would gather."""


class Pacing:
    """When one room may flush next. Times are in seconds."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = -math.inf

    def wait(self, now: float, readers: int) -> float:
        """Return for how long a room is to gather from now on that had nothing to tell so many readers until now."""
        if readers <= FEW_READERS:
            return 0.0
        gathering = min(readers * GATHERING_PER_READER, LONGEST_GATHERING)
        return gathering if now - self._last < QUIET * gathering else 0.0

    def flushed(self, now: float) -> None:
        """Take note of a flush."""
        self._last = now
