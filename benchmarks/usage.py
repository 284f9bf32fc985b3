"""What a stretch of time took: CPU of the server, of the generator and of everybody else, and the server's memory."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from benchmarks.failures import RunFailed
from benchmarks.measure import Window
from benchmarks.processes import ProcessTree, machine_cpu_seconds

AT_REST: Final = 0.2
"""Of a core, at most, that a server takes which only keeps its connections."""

_LOOK_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """CPU times at one moment of `time.perf_counter`."""

    at: float
    server: float
    generator: float
    machine: float

    @classmethod
    def now(cls, processes: ProcessTree) -> "CpuSeconds":
        return cls(time.perf_counter(), processes.cpu_seconds(), time.process_time(), machine_cpu_seconds())


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used between two moments."""

    before: CpuSeconds
    after: CpuSeconds

    @property
    def window(self) -> Window:
        """The measured time."""
        return Window(self.before.at, self.after.at)

    @property
    def server_seconds(self) -> float:
        """CPU time of the server in the window."""
        return self.after.server - self.before.server

    @property
    def server_share(self) -> float:
        """The server's share of one core."""
        return self.server_seconds / self.window.seconds

    @property
    def generator_share(self) -> float:
        """The generator's own share of one core."""
        return (self.after.generator - self.before.generator) / self.window.seconds

    @property
    def others_share(self) -> float:
        """What all other processes of the machine took meanwhile, in cores."""
        machine = (self.after.machine - self.before.machine) / self.window.seconds
        return max(machine - self.server_share - self.generator_share, 0.0)


async def at_rest(processes: ProcessTree, within: float) -> None:
    """Wait until a server has done what it was told. Raises `RunFailed` where it is still busy after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        before = processes.cpu_seconds()
        await asyncio.sleep(_LOOK_SECONDS)
        if processes.cpu_seconds() - before < AT_REST * _LOOK_SECONDS:
            return
        if time.monotonic() > deadline:
            raise RunFailed(f"the server was still busy after {within:g} s of rest")


class Memory:
    """Watches how far the resident memory of a server rises above what it was."""

    def __init__(self, processes: ProcessTree) -> None:
        self._processes = processes
        self._before = processes.resident_bytes()
        self.growth = 0

    async def watch(self) -> None:
        """Look again and again until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_POLL_SECONDS)

    def look(self) -> None:
        """Look once."""
        self.growth = max(self.growth, self._processes.resident_bytes() - self._before)
