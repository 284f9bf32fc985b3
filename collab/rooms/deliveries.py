"""Which units of a document were delivered by whom and when, kept small and written down.

Authors are numbers here, and times seconds since 1970, cut to the minute. What somebody delivers within a minute and stands side by side
is one delivery, in whatever order it came.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_uint

MINUTE: Final = 60
"""Seconds; times are told no more exactly."""

UNKNOWN_TIME: Final = 0

Range = tuple[int, int]
"""The first clock of some units, and the one behind their last."""

_LATEST: Final = 253_402_300_799
"""The last second that a `datetime` can tell."""

_LARGEST: Final = 2**64 - 1
"""No client id or clock is larger; what is read must be writable again."""

_BYTES_PER_DELIVERY: Final = 4


class Delivery(NamedTuple):
    """Units of one client that somebody delivered."""

    start: int
    end: int
    author: int | None
    """A number; `None` for a guest, and where nobody is known."""

    at: int
    """`UNKNOWN_TIME` where nothing is known but that it was delivered."""


class Deliveries:
    """Which units of each client were delivered by whom; the first delivery of a unit stands."""

    __slots__ = ("_by_client",)

    def __init__(self) -> None:
        self._by_client: dict[int, list[Delivery]] = {}

    def add(self, client: int, start: int, end: int, author: int | None, at: int) -> None:
        """Take note of a delivery, as far as nobody has delivered that before."""
        known = self._by_client.setdefault(client, [])
        at -= at % MINUTE
        while start < end:
            index = bisect_right(known, start, key=_start_of)
            if index and start < known[index - 1].end:
                start = known[index - 1].end
                continue
            stop = min(end, known[index].start) if index < len(known) else end
            _insert(known, index, Delivery(start, stop, author, at))
            start = stop

    def dispute(self, client: int, start: int, end: int) -> None:
        """Take note that nobody can tell who delivered these units."""
        known = self._by_client.setdefault(client, [])
        first = max(0, bisect_right(known, start, key=_start_of) - 1)
        if first < len(known) and known[first].end <= start:
            first += 1
        last = bisect_left(known, end, key=_start_of)
        rest = [delivery._replace(end=start) for delivery in known[first:last][:1] if delivery.start < start]
        rest += [delivery._replace(start=end) for delivery in known[first:last][-1:] if delivery.end > end]
        known[first:last] = rest
        self.add(client, start, end, None, UNKNOWN_TIME)

    def within(self, client: int, start: int, end: int) -> Iterator[Delivery]:
        """Return what is known of these units, in order, cut to them."""
        known = self._by_client.get(client, [])
        for index in range(max(0, bisect_right(known, start, key=_start_of) - 1), len(known)):
            delivery = known[index]
            if delivery.start >= end:
                return
            if delivery.end > start:
                yield delivery._replace(start=max(start, delivery.start), end=min(end, delivery.end))

    def forget(self, client: int, ranges: Sequence[Range]) -> None:
        """Drop what is known of these units, sorted ranges."""
        self._by_client[client] = [
            delivery._replace(start=start, end=end)
            for delivery in self._by_client.get(client, [])
            for start, end in without([(delivery.start, delivery.end)], ranges)
        ]

    def join_across(self, client: int, ranges: Sequence[Range]) -> None:
        """Make one delivery of those that are alike and have nothing between them but units of these sorted ranges, which it then has."""
        joined: list[Delivery] = []
        for delivery in self._by_client.get(client, []):
            last = joined[-1] if joined else None
            if (
                last is not None
                and _is_alike(last, delivery)
                and not any(without([(last.end, delivery.start)], ranges))
            ):
                joined[-1] = last._replace(end=delivery.end)
            else:
                joined.append(delivery)
        self._by_client[client] = joined

    def of(self, client: int) -> Sequence[Delivery]:
        """Return what is known of a client, in order."""
        return self._by_client.get(client, ())

    def __iter__(self) -> Iterator[tuple[int, Delivery]]:
        """Return each delivery with its client, those of a client in the order of their units."""
        return ((client, delivery) for client, known in self._by_client.items() for delivery in known)

    def authors(self) -> set[int | None]:
        """Return everybody who has delivered something."""
        return {delivery.author for _, delivery in self}

    def encode(self) -> bytes:
        """Write it, each number as its difference to the one before, and times in minutes."""
        clients = {client: known for client, known in sorted(self._by_client.items()) if known}
        written = [var_uint(len(clients))]
        before = at = 0
        for client, known in clients.items():
            written += (var_uint(client - before), var_uint(len(known)))
            before, clock = client, 0
            for delivery in known:
                written += (
                    var_uint(delivery.start - clock),
                    var_uint(delivery.end - delivery.start),
                    var_uint(0 if delivery.author is None else delivery.author + 1),
                    var_uint(_zigzag((delivery.at - at) // MINUTE)),
                )
                clock, at = delivery.end, delivery.at
        return b"".join(written)

    @classmethod
    def read(cls, reader: Reader) -> "Deliveries":
        """Read what `encode` wrote. Raises `ProtocolError` for anything else."""
        read = cls()
        client = at = 0
        for _ in range(reader.var_uint()):
            client += reader.var_uint()
            at = read._read_client(reader, client, at, MINUTE)
        return read

    @classmethod
    def read_first_format(cls, reader: Reader) -> "Deliveries":
        """Read what was written before: each client id whole, and its times in seconds. Raises as `read` does."""
        read = cls()
        for _ in range(reader.var_uint()):
            read._read_client(reader, reader.var_uint(), 0, 1)
        return read

    def _read_client(self, reader: Reader, client: int, at: int, seconds: int) -> int:
        """Read the deliveries of a client behind this time, in so many seconds; return the time of the last."""
        count, clock = reader.var_uint(), 0
        if count * _BYTES_PER_DELIVERY > reader.remaining():
            raise ProtocolError(f"{count} deliveries are declared in {reader.remaining()} bytes")
        if client in self._by_client:
            raise ProtocolError(f"client {client} came twice; expected each client once")
        known = self._by_client[client] = []
        for _ in range(count):
            start = clock + reader.var_uint()
            clock = start + reader.var_uint()
            author = reader.var_uint()
            at += _unzigzag(reader.var_uint()) * seconds
            if not 0 <= at <= _LATEST:
                raise ProtocolError(f"a delivery at second {at} came; expected 0 to {_LATEST}")
            _insert(known, len(known), Delivery(start, clock, author - 1 if author else None, at - at % MINUTE))
        if max(client, clock) > _LARGEST:
            raise ProtocolError(f"client {client} reaches clock {clock}; expected {_LARGEST} at most")
        return at


def without(ranges: Iterable[Range], known: Sequence[Range]) -> Iterator[Range]:
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


def _insert(known: list[Delivery], index: int, delivery: Delivery) -> None:
    """Put a delivery there, as one with those beside it that are alike."""
    first = last = index
    if index and known[index - 1].end == delivery.start and _is_alike(known[index - 1], delivery):
        first -= 1
    if index < len(known) and known[index].start == delivery.end and _is_alike(known[index], delivery):
        last += 1
    if first < last:
        ends = (delivery.start, delivery.end, *known[first][:2], *known[last - 1][:2])
        delivery = delivery._replace(start=min(ends), end=max(ends))
    known[first:last] = [delivery]


def _is_alike(one: Delivery, other: Delivery) -> bool:
    return one.author == other.author and one.at == other.at


def _start_of(delivery: Delivery) -> int:
    return delivery.start


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _unzigzag(value: int) -> int:
    return value // 2 if value % 2 == 0 else -(value + 1) // 2
