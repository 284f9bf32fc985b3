"""The structs of a Yjs update (v1): walked, not built, to know what the CRDT is about to be given.

An update is a count of clients, then for each a count of structs, its id and its first clock, then the structs, whose clocks follow each
other; behind all of them its deletions. A struct is an item (where it goes, and its content), a placeholder for something collected
(GC), or a gap (Skip) for what the sender itself lacks.
Source: https://github.com/yjs/yjs (src/utils/encoding.js).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

from collab.errors import ProtocolError
from collab.protocol.lib0 import var_uint
from collab.protocol.limits import Limits
from collab.protocol.struct_reader import GC, HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, KIND, SKIP, TYPE, StructReader
from collab.protocol.updates import Budget, DeleteSet, StateVector, decode_delete_set

MAX_CLOCK: Final = 2**31 - 1
"""The CRDT counts in 32 bits; no document gets near."""

NO_DELETIONS: Final = b"\x00"

_TYPE_INFOS: Final = bytes(TYPE | flags for flags in range(0, 0x100, HAS_KEY))


class Run(NamedTuple):
    """Structs of one client whose clocks follow each other without a gap, as they are encoded."""

    client: int
    start: int
    end: int
    """The clock behind the last struct."""

    held: int
    """How many structs they are."""

    structs: bytes
    needs: tuple[tuple[int, int], ...] = ()
    """The clocks of other clients that these structs stand beside or in, the highest of each."""


class Structs(NamedTuple):
    """An update, taken apart."""

    runs: tuple[Run, ...]
    """Of each client in the order of their clocks."""

    deletions: bytes
    deleted: DeleteSet
    """The deletions, decoded."""

    types: int
    """How many of the structs are types, which may hold others."""

    def ready(self, reached: StateVector) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        """Return the runs that build upon nothing but what a replica with this state has, and upon each other; and the others."""
        return ready_runs(self.runs, reached)


class WalkedUpdate(bytes):
    """An update that was taken apart already, where that blocked nobody."""

    structs: Structs
    limits: Limits | None = None
    """Those that it was found to be within."""

    pieces: tuple[bytes, ...] = ()
    """The same, cut into what may be given to the CRDT one after the other; empty where it was not cut."""

    @classmethod
    def of(cls, update: bytes, limits: Limits | None = None) -> Self:
        """Take an update apart. Raises as `read_structs` does."""
        walked = cls(update)
        walked.structs, walked.limits = read_structs(update, limits), limits
        return walked


def ready_runs(runs: Sequence[Run], reached: StateVector) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Do as `Structs.ready` does, for any runs, those of each client in the order of their clocks."""
    if len(runs) == 1 and lacks_nothing(runs[0], reached):  # a keystroke
        return tuple(runs), ()
    late = _too_early(runs, reached)
    if not late:
        return tuple(runs), ()
    ready = [run for index, run in enumerate(runs) if index not in late]
    return tuple(ready), tuple([runs[index] for index in sorted(late)])


def lacks_nothing(run: Run, reached: StateVector) -> bool:
    """Tell whether a run builds upon nothing but what a replica with this state has."""
    if run.start > reached.get(run.client, 0):
        return False
    return not run.needs or all(clock < reached.get(client, 0) for client, clock in run.needs)


def _too_early(runs: Sequence[Run], reached: StateVector) -> set[int]:
    """Return which runs lack something: first all are thought to be there, then those that lack something are taken away."""
    reach: dict[int, int] = {}
    late: set[int] = set()
    for index, run in enumerate(runs):
        known = reach.get(run.client, reached.get(run.client, 0))
        if run.start <= known:
            reach[run.client] = max(known, run.end)
        else:
            late.add(index)
    lacking = [
        index
        for index, run in enumerate(runs)
        if index not in late and any(clock >= reach.get(client, reached.get(client, 0)) for client, clock in run.needs)
    ]
    if lacking:
        _take_away(runs, lacking, reached, late)
    return late


def _take_away(runs: Sequence[Run], lacking: list[int], reached: StateVector, late: set[int]) -> None:
    """Add these runs to the late ones, with those behind them and those that need one of them. The work is in proportion to the runs."""
    of_client: dict[int, list[int]] = {}
    needing: dict[int, list[tuple[int, int]]] = {}
    for index, run in enumerate(runs):
        if index not in late:
            of_client.setdefault(run.client, []).append(index)
            for client, clock in run.needs:
                needing.setdefault(client, []).append((clock, index))
    for needed in needing.values():
        needed.sort()
    lacking.sort(reverse=True)
    while lacking:
        index = lacking.pop()
        if index in late:
            continue
        client = runs[index].client
        left = of_client[client]
        first = bisect_left(left, index)
        late.update(left[first:])
        del left[first:]
        end = max(reached.get(client, 0), runs[left[-1]].end if left else 0)
        needed = needing.get(client, [])
        while needed and needed[-1][0] >= end:
            lacking.append(needed.pop()[1])


def read_structs(update: bytes, limits: Limits | None = None) -> Structs:
    """Take an update apart. Raises `ProtocolError` for what no client writes, and for what would harm the CRDT.

    With limits it also does for more entries, for more values, and for values that nest deeper.
    """
    reader = StructReader(update, limits)
    max_entries = None if limits is None else limits.update_entries
    budget = Budget("clients and structs", max_entries)
    runs: list[Run] = []
    clients: set[int] = set()
    for _ in range(budget.spend(reader.var_uint())):
        client = _read_client(reader, update, runs, budget)
        if client in clients:
            raise ProtocolError(f"client {client} came twice; expected each client once")
        clients.add(client)
    deletions = update[reader.position :]
    deleted = {} if deletions == NO_DELETIONS else decode_delete_set(deletions, max_entries)
    return Structs(tuple(runs), deletions, deleted, reader.types)


def most_types(update: bytes) -> int:
    """Return what the types in an update do not exceed, the count of bytes that may begin one: far quicker than taking it apart."""
    return len(update) - len(update.translate(None, _TYPE_INFOS))


def write_structs(runs: Iterable[Run], deletions: bytes) -> bytes:
    """Write an update with these runs, those of each client in the order of their clocks."""
    by_client: dict[int, list[Run]] = {}
    for run in runs:
        by_client.setdefault(run.client, []).append(run)
    return var_uint(len(by_client)) + b"".join(map(_write_client, by_client.values())) + deletions


def _write_client(runs: list[Run]) -> bytes:
    count, clock = 0, runs[0].start
    written: list[bytes] = []
    for run in runs:
        if run.start > clock:
            written += (bytes((SKIP,)), var_uint(run.start - clock))
            count += 1
        written.append(run.structs)
        count, clock = count + run.held, run.end
    return var_uint(count) + var_uint(runs[0].client) + var_uint(runs[0].start) + b"".join(written)


def _read_client(reader: StructReader, update: bytes, runs: list[Run], budget: Budget) -> int:
    count, client, clock = budget.spend(reader.var_uint()), reader.var_uint(), reader.var_uint()
    start, first, held = clock, reader.position, 0
    for _ in range(count):
        at = reader.position
        info = reader.byte()
        length = read_struct(info, reader)
        if length < 1 or clock + length > MAX_CLOCK:
            raise ProtocolError(f"a struct of length {length} came at clock {clock}; expected 1 to {MAX_CLOCK - clock}")
        clock += length
        if info == SKIP:
            if held:
                runs.append(Run(client, start, clock - length, held, update[first:at], reader.needed(client)))
            start, first, held = clock, reader.position, 0
        else:
            held += 1
    if held:
        runs.append(Run(client, start, clock, held, update[first : reader.position], reader.needed(client)))
    return client


def read_struct(info: int, reader: StructReader) -> int:
    """Pass over a struct and return its length in clocks."""
    if info in (SKIP, GC):
        return reader.var_uint()
    has_neighbour = info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)
    if info & HAS_ORIGIN:
        reader.id()
    if info & HAS_RIGHT_ORIGIN:
        reader.id()
    if not has_neighbour:
        reader.place(info)
    return reader.content(info & KIND)
