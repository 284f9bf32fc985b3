"""What builds upon edits still missing, kept aside until they come."""

import heapq
from collections.abc import Iterable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.structs import Run
from collab.protocol.updates import StateVector

MAX_HELD_BYTES: Final = 16 * 1024 * 1024
"""An honest client's missing edits are a moment away; whoever never sends them must not fill the memory."""


class HeldRuns:
    """Runs of structs, by client and first clock."""

    __slots__ = ("_bytes", "_runs", "max_bytes")

    def __init__(self) -> None:
        self.max_bytes: int | None = None
        """What may be held; `None` while a log is loaded, for all that is in it was taken in once."""
        self._runs: dict[int, list[tuple[int, int, Run]]] = {}
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, runs: Iterable[Run]) -> bool:
        """Hold these runs; tell whether one of them was not held yet. Raises `ProtocolError`, and holds none, when they are too many."""
        new = [run for run in runs if not self._holds(run)]
        size = sum(len(run.structs) for run in new)
        if self.max_bytes is not None and self._bytes + size > self.max_bytes:
            raise ProtocolError(f"more than {self.max_bytes} bytes build upon edits that are missing")
        for run in new:
            heapq.heappush(self._runs.setdefault(run.client, []), (run.start, run.end, run))
        self._bytes += size
        return bool(new)

    def _holds(self, run: Run) -> bool:
        return any((start, end) == (run.start, run.end) for start, end, _ in self._runs.get(run.client, ()))

    def pop_ready(self, reached: StateVector) -> Run | None:
        """Return a run that begins where, or before, a replica with this state ends, and hold it no more."""
        for client, waiting in self._runs.items():
            if waiting[0][0] <= reached.get(client, 0):
                run = heapq.heappop(waiting)[2]
                self._bytes -= len(run.structs)
                if not waiting:
                    del self._runs[client]
                return run
        return None
