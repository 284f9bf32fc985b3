"""The two simple parts of a Yjs update (v1): its state vector and its delete set.

A state vector is a count, then for each client its id and the clock it has reached. A delete set is a count, then for each client its id
and its deleted ranges: a count, then a clock and a length each. What stands between (the structs) is for the CRDT to read.
Source: https://github.com/yjs/yjs (src/utils/encoding.js, DeleteSet.js).
"""

from collections.abc import Iterable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_uint

StateVector = dict[int, int]
"""The clock that each client id has reached: the number of its elements that are known."""

DeleteSet = dict[int, list[tuple[int, int]]]
"""The deleted ranges of each client id, each as its first clock and the one behind its last."""

_BYTES_PER_PAIR: Final = 2


class Budget:
    """How many of something an update may still declare."""

    __slots__ = ("_left", "_limit", "_what")

    def __init__(self, what: str, limit: int | None) -> None:
        self._what = what
        self._limit = self._left = limit

    def spend(self, count: int) -> int:
        """Return this count, which leaves so much less. Raises `ProtocolError` when that is more than is left."""
        if self._left is not None:
            self._left -= count
            if self._left < 0:
                raise ProtocolError(f"an update of more than {self._limit} {self._what} came")
        return count


def decode_state_vector(encoded: bytes) -> StateVector:
    """Decode a state vector to its end. Raises `ProtocolError` when it is none."""
    reader = Reader(encoded)
    count = reader.var_uint()
    _check_count("clients", count, reader)
    state_vector = {reader.var_uint(): reader.var_uint() for _ in range(count)}
    reader.end()
    return state_vector


def encode_state_vector(state_vector: StateVector) -> bytes:
    """Encode a state vector."""
    pairs = [var_uint(client) + var_uint(clock) for client, clock in state_vector.items()]
    return var_uint(len(pairs)) + b"".join(pairs)


def decode_delete_set(encoded: bytes, max_entries: int | None = None) -> DeleteSet:
    """Decode a delete set to its end. Raises `ProtocolError` when it is none, or declares more clients and ranges together."""
    reader = Reader(encoded)
    budget = Budget("clients and deleted ranges", max_entries)
    read = reader.var_uint
    clients = budget.spend(read())
    _check_count("clients", clients, reader)
    deleted: DeleteSet = {}
    for _ in range(clients):
        client_id, count = read(), budget.spend(read())
        _check_count("ranges", count, reader)
        ranges = deleted.setdefault(client_id, []) if count else []
        for _ in range(count):
            clock = read()
            ranges.append((clock, clock + read()))
    reader.end()
    return deleted


def _check_count(what: str, count: int, reader: Reader) -> None:
    if count * _BYTES_PER_PAIR > reader.remaining():
        raise ProtocolError(f"{count} {what} are declared in {reader.remaining()} bytes")


def covers(whole: DeleteSet, part: DeleteSet) -> bool:
    """Tell whether everything deleted in `part` is deleted in `whole` too."""
    return all(_covers_ranges(whole.get(client_id, []), ranges) for client_id, ranges in part.items())


def _covers_ranges(whole: list[tuple[int, int]], part: list[tuple[int, int]]) -> bool:
    covered = merged(whole)
    at = 0
    for start, end in sorted(part):
        while at < len(covered) and covered[at][1] < end:
            at += 1
        if at == len(covered) or covered[at][0] > start:
            return False
    return True


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges that cover the same, sorted and apart from each other."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
