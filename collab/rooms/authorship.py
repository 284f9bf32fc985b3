"""Who delivered what of a document, and when: each unit of content, and each deletion, by whoever brought it first.

Authors are numbers here, and times whole seconds since 1970. What somebody delivers within a minute, unit after unit, is kept as one
delivery, so that this stays small beside the content however it was typed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_uint
from collab.protocol.messages import EMPTY_UPDATE
from collab.protocol.structs import read_structs
from collab.protocol.updates import decode_delete_set

MERGED_WITHIN: Final = 60
"""Seconds from the first delivery within which the next units of the same client and author join it."""

_FORMAT: Final = 1
_BYTES_PER_DELIVERY: Final = 4


class Delivery(NamedTuple):
    """Units of one client that somebody delivered."""

    start: int
    end: int
    author: int | None
    """A number; `None` for a guest, and where nobody is known."""

    at: int


class Deliveries:
    """Which units of each client were delivered by whom; the first delivery of a unit stands."""

    __slots__ = ("_by_client",)

    def __init__(self) -> None:
        self._by_client: dict[int, list[Delivery]] = {}

    def add(self, client: int, start: int, end: int, author: int | None, at: int) -> None:
        """Take note of a delivery, as far as nobody has delivered that before."""
        known = self._by_client.setdefault(client, [])
        while start < end:
            index = bisect_right(known, start, key=_start_of)
            before = known[index - 1] if index else None
            if before is not None and start < before.end:
                start = before.end
                continue
            stop = min(end, known[index].start) if index < len(known) else end
            if (
                before is not None
                and before.end == start
                and before.author == author
                and 0 <= at - before.at < MERGED_WITHIN
            ):
                known[index - 1] = before._replace(end=stop)
            else:
                known.insert(index, Delivery(start, stop, author, at))
            start = stop

    def within(self, client: int, start: int, end: int) -> Iterator[Delivery]:
        """Return what is known of these units, in order, cut to them."""
        known = self._by_client.get(client, [])
        for index in range(max(0, bisect_right(known, start, key=_start_of) - 1), len(known)):
            delivery = known[index]
            if delivery.start >= end:
                return
            if delivery.end > start:
                yield delivery._replace(start=max(start, delivery.start), end=min(end, delivery.end))

    def authors(self) -> set[int | None]:
        """Return everybody who has delivered something."""
        return {delivery.author for known in self._by_client.values() for delivery in known}

    def encode(self) -> bytes:
        """Write it, each number as its difference to the one before."""
        clients = {client: known for client, known in sorted(self._by_client.items()) if known}
        written = [var_uint(len(clients))]
        for client, known in clients.items():
            written += (var_uint(client), var_uint(len(known)))
            clock = at = 0
            for delivery in known:
                written += (
                    var_uint(delivery.start - clock),
                    var_uint(delivery.end - delivery.start),
                    var_uint(0 if delivery.author is None else delivery.author + 1),
                    var_uint(_zigzag(delivery.at - at)),
                )
                clock, at = delivery.end, delivery.at
        return b"".join(written)

    @classmethod
    def read(cls, reader: Reader) -> "Deliveries":
        """Read what `encode` wrote. Raises `ProtocolError` for anything else."""
        read = cls()
        for _ in range(reader.var_uint()):
            client, count = reader.var_uint(), reader.var_uint()
            if count * _BYTES_PER_DELIVERY > reader.remaining():
                raise ProtocolError(f"{count} deliveries are declared in {reader.remaining()} bytes")
            if client in read._by_client:
                raise ProtocolError(f"client {client} came twice; expected each client once")
            known = read._by_client[client] = []
            clock = at = 0
            for _ in range(count):
                start = clock + reader.var_uint()
                clock = start + reader.var_uint()
                author = reader.var_uint()
                at += _unzigzag(reader.var_uint())
                known.append(Delivery(start, clock, author - 1 if author else None, at))
        return read


class Authorship:
    """Who wrote, and who deleted, what of a document."""

    __slots__ = ("deleted", "written")

    def __init__(self, encoded: bytes | None = None) -> None:
        """Begin where another one ended. Raises `ProtocolError` for bytes that `encode` did not write."""
        self.written = Deliveries()
        self.deleted = Deliveries()
        if encoded is not None:
            reader = Reader(encoded)
            if (number := reader.var_uint()) != _FORMAT:
                raise ProtocolError(f"authorship of format {number} came; expected {_FORMAT}")
            self.written = Deliveries.read(reader)
            self.deleted = Deliveries.read(reader)
            reader.end()

    def add(self, update: bytes, author: int | None, at: int) -> None:
        """Take note of an update of the log. Raises `ProtocolError` for what is no update."""
        structs = read_structs(update)
        for run in structs.runs:
            self.written.add(run.client, run.start, run.end, author, at)
        for client, ranges in decode_delete_set(structs.deletions).items():
            for start, end in ranges:
                self.deleted.add(client, start, end, author, at)

    def encode(self) -> bytes:
        """Write it."""
        return var_uint(_FORMAT) + self.written.encode() + self.deleted.encode()


def fold(encoded: bytes | None, rows: Iterable[tuple[bytes, int | None, int]]) -> bytes:
    """Return the authorship of a snapshot and the updates after it, each with its author and time, in the order of the log."""
    authorship = Authorship(encoded)
    for update, author, at in rows:
        authorship.add(update, author, at)
    return authorship.encode()


def participants(authorship: Authorship, before: bytes | None, after: bytes) -> set[int | None]:
    """Return who has delivered what one state of a document has and an earlier one, or the empty beginning, has not.

    Raises `ProtocolError` for what is no state.
    """
    old, new = read_structs(EMPTY_UPDATE if before is None else before), read_structs(after)
    reached = {run.client: run.end for run in old.runs}
    found: set[int | None] = set()
    for run in new.runs:
        written = authorship.written.within(run.client, reached.get(run.client, 0), run.end)
        found.update(delivery.author for delivery in written)
    deleted = decode_delete_set(old.deletions)
    for client, ranges in decode_delete_set(new.deletions).items():
        for start, end in _without(ranges, sorted(deleted.get(client, ()))):
            found.update(delivery.author for delivery in authorship.deleted.within(client, start, end))
    return found


def _without(ranges: Iterable[tuple[int, int]], known: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return the parts of the ranges that are in none of the known ones, which are sorted."""
    for start, end in ranges:
        at = start
        for index in range(max(0, bisect_right(known, (start, start)) - 1), len(known)):
            known_start, known_end = known[index]
            if known_start >= end:
                break
            if known_start > at:
                yield at, known_start
            at = max(at, known_end)
        if at < end:
            yield at, end


def _start_of(delivery: Delivery) -> int:
    return delivery.start


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _unzigzag(value: int) -> int:
    return value // 2 if value % 2 == 0 else -(value + 1) // 2
