"""The load of a run: writers send what was prepared for them, at its time, and the CPU of everybody is read around the measured window."""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client
from benchmarks.processes import ProcessTree
from benchmarks.usage import CpuSeconds, Usage, at_rest
from benchmarks.workload import Workload, schedule, sleep_until

_LEAD_SECONDS: Final = 0.1
_BEGINNERS_A_SECOND: Final = 500
_REST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Load(Usage):
    """What was sent when, and what that took."""

    sent: Sequence[Sequence[float]]
    """For each writer, when each of its messages was sent, in seconds of `time.perf_counter`."""


async def put_on(
    processes: ProcessTree, writers: Sequence[Client], messages: Sequence[Sequence[bytes]], workload: Workload
) -> Load:
    """Have each writer send its messages as the workload says."""
    sent: list[list[float]] = [[] for _ in writers]
    if workload.begun:
        await _begin(writers, messages, sent)
        await at_rest(processes, _REST_SECONDS)
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


async def _begin(writers: Sequence[Client], messages: Sequence[Sequence[bytes]], sent: Sequence[list[float]]) -> None:
    """Have each writer send its first message, one after the other."""
    start = time.perf_counter()
    for number, (writer, own, times) in enumerate(zip(writers, messages, sent, strict=True)):
        await sleep_until(start + number / _BEGINNERS_A_SECOND)
        times.append(time.perf_counter())
        writer.send(own[0])


async def _write(
    writers: Sequence[Client],
    messages: Sequence[Sequence[bytes]],
    sent: Sequence[list[float]],
    workload: Workload,
    start: float,
) -> None:
    for due, writer, updates in schedule(workload):
        await sleep_until(start + due)
        times = sent[writer]
        for message in messages[writer][len(times) : len(times) + updates]:
            times.append(time.perf_counter())
            writers[writer].send(message)
