"""What builds upon edits still missing, kept aside until they come."""

import heapq
from collections.abc import Iterable
from itertools import count
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.structs import Run, lacks_nothing, read_structs, ready_runs
from collab.protocol.updates import DeleteSet, StateVector

_BYTES_PER_RUN: Final = 256
"""About what Python adds to each run, however short it is."""

_Key = tuple[int, int, bytes]
"""The client, the first clock, and the structs: under the same clocks somebody else's may wait, which are not to be lost for it."""


class HeldRuns:
    """Runs of structs, by client and first clock."""

    __slots__ = ("_bytes", "_keys", "_order", "_runs", "max_bytes")

    def __init__(self) -> None:
        self.max_bytes: int | None = None
        """What may be held; `None` while a log is loaded, for all that is in it was taken in once."""
        self._runs: dict[int, list[tuple[int, int, int, Run]]] = {}
        self._keys: set[_Key] = set()
        self._bytes = 0
        self._order = count()
        """Tells apart what has the same clocks."""

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, runs: Iterable[Run]) -> None:
        """Hold those of these runs that are not held yet. Raises `ProtocolError`, and holds none, when they are too many."""
        new = [run for run in runs if _key(run) not in self._keys]
        size = sum(map(_size, new))
        if self.max_bytes is not None and self._bytes + size > self.max_bytes:
            raise ProtocolError(f"more than {self.max_bytes} bytes build upon edits that are missing")
        for run in new:
            self._hold(run)

    def _hold(self, run: Run) -> None:
        self._keys.add(_key(run))
        self._bytes += _size(run)
        heapq.heappush(self._runs.setdefault(run.client, []), (run.start, run.end, next(self._order), run))

    def overlaps(self, runs: Iterable[Run]) -> bool:
        """Tell whether one of these runs may hold the same units as one that is held."""
        return any(run.client in self._runs and self._runs[run.client][0][0] < run.end for run in runs)

    def pop_ready(self, reached: StateVector) -> list[Run]:
        """Return runs that build upon nothing but what a replica with this state has, and upon each other; hold them no more.

        Those of one client follow each other, as an update may hold them; what overlaps with them is left for the next time.
        """
        chains = [run for client in tuple(self._runs) for run in self._pop_chain(client, reached)]
        ready, early = ready_runs(chains, reached)
        for run in early:
            self._hold(run)
        return [*ready]

    def _pop_chain(self, client: int, reached: StateVector) -> list[Run]:
        """Return runs that go on from what is known of a client, one of several that might. What is known whole is forgotten."""
        waiting, known = self._runs[client], reached.get(client, 0)
        first: list[Run] = []
        while waiting and waiting[0][0] <= known:
            run = self._pop(waiting)
            if run.end > known:
                first.append(run)
        if first:
            chosen = next((run for run in first if lacks_nothing(run, reached)), first[0])
            for run in first:
                if run is not chosen:
                    self._hold(run)
            first = [chosen]
            while waiting and waiting[0][0] == first[-1].end:
                first.append(self._pop(waiting))
        if not waiting:
            del self._runs[client]
        return first

    def _pop(self, waiting: list[tuple[int, int, int, Run]]) -> Run:
        run = heapq.heappop(waiting)[3]
        self._keys.discard(_key(run))
        self._bytes -= _size(run)
        return run


def _key(run: Run) -> _Key:
    return run.client, run.start, run.structs


def _size(run: Run) -> int:
    return len(run.structs) + _BYTES_PER_RUN


def is_waiting(update: bytes, seen: StateVector) -> bool:
    """Tell whether a replica that took this update in and has this state still keeps part of it aside.

    An edit, or a deletion, that builds upon one not yet seen waits for it; the CRDT holds it in memory but encodes it nowhere. Raises
    `ProtocolError` for what is no update.
    """
    structs = read_structs(update)
    return any(run.end > seen.get(run.client, 0) for run in structs.runs) or (_deletes_unseen(structs.deleted, seen))


def _deletes_unseen(deleted: DeleteSet, seen: StateVector) -> bool:
    return any(end > seen.get(client_id, 0) for client_id, ranges in deleted.items() for _, end in ranges)
