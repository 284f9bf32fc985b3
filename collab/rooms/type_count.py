"""How many types a document holds, and thereby how deep they may nest."""

from collections.abc import Callable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.structs import most_types, read_structs

_PART_BETWEEN_COUNTS: Final = 16
"""A sixteenth of the limit must come between two counts of a whole document, which take up to a second."""


class TypeCount:
    """A count that the types of a document do not exceed.

    Of a snapshot it is a guess from above, and types that come twice, or were deleted, count all the same; where that is too many, the
    document itself is counted.
    """

    __slots__ = ("_at_most", "_since_counted", "limit")

    def __init__(self, snapshot: bytes | None = None, counted: int | None = None) -> None:
        """Count the types of a snapshot, unless they were `counted`."""
        self.limit: int | None = None
        """What may come to be; `None` while a log is loaded, for all that is in it was taken in once."""
        self._at_most = counted or (0 if snapshot is None else most_types(snapshot))
        self._since_counted: int | None = None if counted is None else 0
        """How many came since the document was counted; `None` when it never was."""

    def add(self, types: int, state: Callable[[], bytes], *, is_bounded: bool = True) -> None:
        """Count what comes, to a document with this state. Raises `ProtocolError`, and counts nothing, when it is too much.

        What is not bounded is only counted: a restore brings back types in the place of others, which count until the document is counted.
        """
        limit = self.limit if is_bounded else None
        if limit is not None and self._at_most + types > limit and self._is_worth_counting(types):
            self._at_most, self._since_counted = read_structs(state()).types, 0
        if self._since_counted is not None:
            self._since_counted += types
        if limit is not None and self._at_most + types > limit:
            raise ProtocolError(
                f"an update with {types} types came for a document of {self._at_most}; {limit} are allowed in all"
            )
        self._at_most += types

    def _is_worth_counting(self, types: int) -> bool:
        return self._since_counted is None or self._since_counted + types > (self.limit or 0) // _PART_BETWEEN_COUNTS
