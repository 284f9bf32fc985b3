"""How often a room flushes.

A flush costs about the same for each reader, however many edits it carries. So a room with few readers flushes at once, and one with
many gathers edits for a moment, as long as keeps its share of the processor flat; never longer than two frames of a screen. The first
edit after a pause always leaves at once.
"""

from typing import Final

PAUSE_PER_READER: Final = 25e-6
"""Seconds; about four times what a write to one reader costs, so that one room's fan-out takes a quarter of a processor at most."""

FEW_READERS: Final = 16
"""Up to here a flush is cheaper than what gathering would save."""

LONGEST_PAUSE: Final = 1 / 30
"""Seconds; two frames of a screen that shows sixty."""


def pause_after_flush(readers: int) -> float:
    """Return the least time in seconds between two flushes of a room with so many readers."""
    if readers <= FEW_READERS:
        return 0.0
    return min(readers * PAUSE_PER_READER, LONGEST_PAUSE)
