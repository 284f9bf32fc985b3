"""What rows of a log by several authors say differently of the same units.

Only one of them stands in the document: the first, unless that waited for an edit that was missing.
"""

from collections.abc import Iterator

from collab.protocol.items import EncodedItem, Struct, items_by_client
from collab.protocol.struct_reader import DELETED
from collab.protocol.structs import Run, Structs
from collab.protocol.updates import StateVector
from collab.rooms.deliveries import UNKNOWN_TIME, Deliveries, Range
from collab.rooms.overlap import parts_between


class Disputes:
    """The rows that were read so far, and which of them was the first with each unit that may have waited."""

    __slots__ = ("_first", "_reached", "_ready", "_rows")

    def __init__(self, reached: StateVector) -> None:
        """`reached` is the state that the rows begin with."""
        self._reached = reached
        self._ready: frozenset[Run] = frozenset()
        self._rows: list[_Row] = []
        self._first = Deliveries()
        """With the index of a row in the place of an author."""

    def read(self, update: bytes, structs: Structs, author: int | None) -> None:
        """Go on with the next row."""
        self._rows.append(_Row(update, author))
        ready, _ = structs.ready(self._reached)
        self._ready = frozenset(ready)
        for run in ready:
            self._reached[run.client] = max(run.end, self._reached.get(run.client, 0))

    def is_first(self, run: Run, start: int, end: int) -> None:
        """Take note that nobody has delivered these units of a run of this row before."""
        if run not in self._ready:
            self._first.add(run.client, start, end, len(self._rows) - 1, UNKNOWN_TIME)

    def about(self, run: Run) -> Iterator[Range]:
        """Return those units of a run of this row that a row by somebody else was the first with, and says something else of."""
        row = self._rows[-1]
        for start, end, index, _ in self._first.within(run.client, run.start, run.end):
            first = row if index is None else self._rows[index]
            if first.author != row.author:
                for part in parts_between((start, end), first.structs(run.client), row.structs(run.client)):
                    if _is_alive(part.other) and not part.is_same_content:  # else nothing of this row is there to see
                        yield part.start, part.end


class _Row:
    """An update, taken apart when it is compared with another."""

    __slots__ = ("_structs", "_update", "author")

    def __init__(self, update: bytes, author: int | None) -> None:
        self.author = author
        self._update = update
        self._structs: dict[int, list[Struct]] | None = None

    def structs(self, client: int) -> list[Struct]:
        if self._structs is None:
            self._structs = items_by_client(self._update)
        return self._structs[client]


def _is_alive(struct: Struct | None) -> bool:
    return isinstance(struct, EncodedItem) and struct.kind != DELETED
