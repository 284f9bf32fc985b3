"""Which edits a Yjs update carries: the ranges of clocks in its structs, however many edits a server merged into it.

An update (v1) begins with a count of clients; for each comes a count of structs, the client id and the clock of the first struct. A
struct is an info byte and, for an item, its origins or its parent, and its content, whose length is how far the clock goes on. Only the
content that the workloads write is read. Source: https://github.com/yjs/yjs (src/utils/encoding.js, src/structs/Item.js).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

_GC: Final = 0
_DELETED: Final = 1
_STRING: Final = 4
_SKIP: Final = 10

_CONTENT: Final = 0x1F
_HAS_PARENT_KEY: Final = 0x20
_HAS_RIGHT_ORIGIN: Final = 0x40
_HAS_ORIGIN: Final = 0x80


class ClockRange(NamedTuple):
    """Edits of one client: from the clock `start` up to, not including, `end`."""

    client_id: int
    start: int
    end: int


@lru_cache(maxsize=100_000)  # all readers receive the same updates
def clock_ranges(update: bytes) -> tuple[ClockRange, ...]:
    """Read the ranges that an update carries, in its order.

    Raises `ValueError` for content that no workload writes, and `IndexError` for bytes that end too early.
    """
    cursor = _Cursor(update)
    return tuple(found for _ in range(cursor.var_uint()) for found in _client_ranges(cursor))


class _Cursor:
    """Reads on through an update."""

    def __init__(self, update: bytes) -> None:
        self._update = update
        self._at = 0

    def byte(self) -> int:
        value = self._update[self._at]
        self._at += 1
        return value

    def var_uint(self) -> int:
        value = shift = 0
        while (byte := self.byte()) >= 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def string(self) -> str:
        length = self.var_uint()
        start, self._at = self._at, self._at + length
        if self._at > len(self._update):
            raise IndexError(f"{length} bytes are declared at byte {start}, but {len(self._update) - start} are left")
        return self._update[start : self._at].decode()

    def skip_id(self) -> None:
        self.var_uint()
        self.var_uint()


def _client_ranges(cursor: _Cursor) -> Iterator[ClockRange]:
    structs, client_id, start = cursor.var_uint(), cursor.var_uint(), cursor.var_uint()
    end = start
    for _ in range(structs):
        info = cursor.byte()
        if info != _SKIP:
            end += _struct_length(info, cursor)
            continue
        if end > start:
            yield ClockRange(client_id, start, end)
        start = end = end + cursor.var_uint()
    if end > start:
        yield ClockRange(client_id, start, end)


def _struct_length(info: int, cursor: _Cursor) -> int:
    kind = info & _CONTENT
    if kind == _GC:
        return cursor.var_uint()
    _skip_position(info, cursor)
    if kind == _STRING:
        return len(cursor.string().encode("utf-16-le")) // 2
    if kind == _DELETED:
        return cursor.var_uint()
    raise ValueError(f"content of kind {kind} came; expected 1 (deleted) or 4 (string)")


def _skip_position(info: int, cursor: _Cursor) -> None:
    for flag in (_HAS_ORIGIN, _HAS_RIGHT_ORIGIN):
        if info & flag:
            cursor.skip_id()
    if info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
        return  # the parent is that of the origin
    if cursor.var_uint():
        cursor.string()
    else:
        cursor.skip_id()
    if info & _HAS_PARENT_KEY:
        cursor.string()


class Coverage:
    """How far one reader has come: for each client, the clock up to which it has every edit."""

    def __init__(self) -> None:
        self._reached: dict[int, int] = {}

    def take(self, update: bytes) -> Iterator[ClockRange]:
        """Take an update in and yield what was new in it.

        Raises `ValueError` where an edit before it is missing: a replica would hold it back, so it has not arrived yet, and a server that
        leaves gaps is not measured.
        """
        for client_id, start, end in clock_ranges(update):
            reached = self._reached.get(client_id, 0)
            if start > reached:
                raise ValueError(f"clock {start} of client {client_id} came; expected {reached} or less")
            if end > reached:
                self._reached[client_id] = end
                yield ClockRange(client_id, reached, end)
