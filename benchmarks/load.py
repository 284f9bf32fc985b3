"""The load of a run: writers send what was prepared for them, at its time, and the CPU of everybody is read around the measured window."""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client
from benchmarks.measure import Window
from benchmarks.processes import ProcessTree, machine_cpu_seconds
from benchmarks.workload import Workload, schedule, sleep_until

_LEAD_SECONDS: Final = 0.1


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
class Load:
    """What was sent when, and what that took."""

    before: CpuSeconds
    after: CpuSeconds
    sent: Sequence[Sequence[float]]
    """For each writer, when each of its messages was sent, in seconds of `time.perf_counter`."""

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


async def put_on(
    processes: ProcessTree, writers: Sequence[Client], messages: Sequence[Sequence[bytes]], workload: Workload
) -> Load:
    """Have each writer send its messages as the workload says."""
    sent: list[list[float]] = [[] for _ in writers]
    processes.refresh()
    gc.collect()
    gc.disable()  # a collection among so many kept frames would show up as latency
    try:
        start = time.perf_counter() + _LEAD_SECONDS
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_write(writers, messages, sent, workload, start))
            await sleep_until(start + workload.warm_up)
            before = CpuSeconds.now(processes)
            await sleep_until(start + workload.warm_up + workload.seconds)
            after = CpuSeconds.now(processes)
    finally:
        gc.enable()
    return Load(before, after, sent)


async def _write(
    writers: Sequence[Client],
    messages: Sequence[Sequence[bytes]],
    sent: Sequence[list[float]],
    workload: Workload,
    start: float,
) -> None:
    for keystroke in schedule(workload):
        await sleep_until(start + keystroke.due)
        times = sent[keystroke.writer]
        message = messages[keystroke.writer][len(times)]
        times.append(time.perf_counter())
        writers[keystroke.writer].send(message)
