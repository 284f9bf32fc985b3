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

    __slots__ = ("_bytes", "_runs")

    def __init__(self) -> None:
        self._runs: dict[int, list[tuple[int, int, Run]]] = {}
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, runs: Iterable[Run]) -> bool:
        """Hold these runs; tell whether one of them was not held yet. Raises `ProtocolError` when more are held than may be."""
        added = False
        for run in runs:
            waiting = self._runs.setdefault(run.client, [])
            if all((start, end) != (run.start, run.end) for start, end, _ in waiting):
                if self._bytes + len(run.structs) > MAX_HELD_BYTES:
                    raise ProtocolError(f"more than {MAX_HELD_BYTES} bytes build upon edits that are missing")
                heapq.heappush(waiting, (run.start, run.end, run))
                self._bytes += len(run.structs)
                added = True
        return added

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
