"""A sum of bytes that all clients together may have under way: the limit of each, times their number, would be none."""

from typing import Final

from collab.errors import ServerBusy

PIECE_BYTES: Final = 64
"""What a piece of bytes takes beside them; whoever sends two at a time would otherwise hold thirty times of what is counted."""


class Budget:
    """Counts the bytes that are kept of what has not come whole."""

    __slots__ = ("_kept", "_max_bytes", "_what")

    def __init__(self, max_bytes: int, what: str) -> None:
        """Make it; `what` names what is under way, for the sentence of a refusal."""
        self._kept = 0
        self._max_bytes = max_bytes
        self._what = what

    def take(self, count: int) -> None:
        """Count bytes that are to be kept. Raises `ServerBusy` where there is no room for them, and counts none then."""
        if self._kept + count > self._max_bytes:
            raise ServerBusy(
                f"{count} bytes came while {self._kept} are kept of {self._what}; {self._max_bytes} are allowed"
            )
        self._kept += count

    def give_back(self, count: int) -> None:
        """Count bytes no more that were taken."""
        self._kept -= count
