"""What builds upon edits still missing, kept aside until they come."""

import heapq
from collections.abc import Iterable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.structs import Run
from collab.protocol.updates import StateVector

MAX_HELD_BYTES: Final = 16 * 1024 * 1024
"""An honest client's missing edits are a moment away; whoever never sends them must not fill the memory."""

_BYTES_PER_RUN: Final = 256
"""About what Python adds to each run, however short it is."""

_Key = tuple[int, int, int]
"""The client, the first clock, and the one behind the last."""


class HeldRuns:
    """Runs of structs, by client and first clock."""

    __slots__ = ("_bytes", "_keys", "_runs", "max_bytes")

    def __init__(self) -> None:
        self.max_bytes: int | None = None
        """What may be held; `None` while a log is loaded, for all that is in it was taken in once."""
        self._runs: dict[int, list[tuple[int, int, Run]]] = {}
        self._keys: set[_Key] = set()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, runs: Iterable[Run]) -> None:
        """Hold those of these runs that are not held yet. Raises `ProtocolError`, and holds none, when they are too many."""
        new = [run for run in runs if _key(run) not in self._keys]
        size = sum(map(_size, new))
        if self.max_bytes is not None and self._bytes + size > self.max_bytes:
            raise ProtocolError(f"more than {self.max_bytes} bytes build upon edits that are missing")
        for run in new:
            self._keys.add(_key(run))
            heapq.heappush(self._runs.setdefault(run.client, []), (run.start, run.end, run))
        self._bytes += size

    def pop_ready(self, reached: StateVector) -> list[Run]:
        """Return runs that begin where, or before, a replica with this state ends, and hold them no more.

        Those of one client follow each other, as an update may hold them; what overlaps with them is left for the next time.
        """
        ready: list[Run] = []
        for client in tuple(self._runs):
            ready += self._pop_chain(client, reached.get(client, 0))
        return ready

    def _pop_chain(self, client: int, end: int) -> list[Run]:
        waiting = self._runs[client]
        chain: list[Run] = []
        while waiting and (waiting[0][0] == end if chain else waiting[0][0] <= end):
            run = heapq.heappop(waiting)[2]
            self._keys.discard(_key(run))
            self._bytes -= _size(run)
            chain.append(run)
            end = run.end
        if not waiting:
            del self._runs[client]
        return chain


def _key(run: Run) -> _Key:
    return run.client, run.start, run.end


def _size(run: Run) -> int:
    return len(run.structs) + _BYTES_PER_RUN
