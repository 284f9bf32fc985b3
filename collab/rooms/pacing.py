"""How long a room gathers before it flushes.

A flush costs about the same for each reader, however many edits it carries. So a room with few readers flushes at once, and one with
many gathers for a moment what comes: some three times what its flush will take, and never longer than two frames of a screen. A room that
has been quiet flushes at once all the same, for then nothing else is likely to come in that moment.

Cursors bear more: nobody sees a tenth move within two frames, and where many move, all of them fit into one message. So presence has a
pace of its own, whatever is typed meanwhile.
"""

import math
from typing import Final

GATHERING_PER_READER: Final = 16e-6
"""Seconds; about three times what a write to one reader costs, so that one room's fan-out takes a quarter of a processor at most."""

FEW_READERS: Final = 16
"""Up to here a flush is cheaper than what gathering would save."""

LONGEST_GATHERING: Final = 1 / 30
"""Seconds; two frames of a screen that shows sixty."""

PRESENCE_PER_READER: Final = 1 / 3000
"""Seconds between two flushes of presence, for each reader; in a room of a hundred, thirty times a second."""

TIMER_GRAIN: Final = 1e-3
"""Seconds by which a timer may come early: uvloop counts in whole milliseconds."""

QUIET: Final = 12
"""A room has been quiet when it has not flushed for so many times as long as it would gather."""


class Pacing:
    """When one room may flush next. Times are in seconds."""

    __slots__ = ("_last", "_last_presence")

    def __init__(self) -> None:
        self._last = self._last_presence = -math.inf

    def wait(self, now: float, readers: int) -> float:
        """Return for how long a room is to gather from now on that had nothing to tell so many readers until now."""
        if readers <= FEW_READERS:
            return 0.0
        gathering = min(readers * GATHERING_PER_READER, LONGEST_GATHERING)
        return gathering if now - self._last < QUIET * gathering else 0.0

    def wait_with_presence(self, now: float, readers: int) -> float:
        """Return for how long presence is to wait from now on; 0 or less where it need not."""
        if readers <= FEW_READERS:
            return 0.0
        return self._last_presence + min(readers * PRESENCE_PER_READER, LONGEST_GATHERING) - now

    def presence_is_due(self, now: float, readers: int) -> bool:
        """Tell whether a flush now is to pass presence on."""
        return self.wait_with_presence(now, readers) < TIMER_GRAIN

    def flushed(self, now: float, *, edits: bool, presence: bool) -> None:
        """Take note of a flush, and of what it passed on."""
        if edits:
            self._last = now
        if presence:
            self._last_presence = now
