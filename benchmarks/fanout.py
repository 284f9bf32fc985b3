"""One room, many writers, more readers: one measured run on one server."""

import asyncio
import gc
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client, Replica, connected
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.measure import Reading, Window, check_undisturbed, percentile, read
from benchmarks.processes import ProcessTree, RunningServer, machine_cpu_seconds
from benchmarks.workload import Script, Workload, schedule

_CONVERGENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 1.0
_LEAD_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, memory in bytes."""

    cpu_per_delivery: float
    cpu_share: float
    """The server's share of one core."""

    p50: float
    p99: float
    deliveries: float
    """Per second, to all readers together."""

    frames: float
    """With edits, per second and reader."""

    idle_memory: int
    """The server's resident memory with everyone connected and nobody writing."""

    generator_share: float
    """The generator's own share of one core."""

    others_share: float
    """What all other processes of the machine took meanwhile, in cores: in a quiet run next to nothing."""


async def run(
    server: RunningServer, dialect: ClientDialect, door: str, workload: Workload, scripts: Sequence[Script]
) -> Outcome:
    """Run the workload once in a room nobody has used. Raises `RunFailed` when it does not count."""
    async with connected(workload.writers + workload.readers, dialect, server.port, door) as clients:
        readers, writers = clients[: workload.readers], clients[workload.readers :]
        await asyncio.sleep(_IDLE_SECONDS)
        idle_memory = server.processes.resident_bytes()
        measured = await _measure(server.processes, writers, dialect, workload, scripts)
        await _converge(readers, writers, dialect, scripts)
        readings = [
            read(client.arrivals, dialect, measured.sent, measured.window) for client in _probes(readers, workload)
        ]
    return _outcome(measured, readings, workload, idle_memory)


@dataclass(frozen=True, slots=True)
class _CpuSeconds:
    at: float
    server: float
    generator: float
    machine: float

    @classmethod
    def now(cls, processes: ProcessTree) -> "_CpuSeconds":
        return cls(time.perf_counter(), processes.cpu_seconds(), time.process_time(), machine_cpu_seconds())


@dataclass(frozen=True, slots=True)
class _Measured:
    before: _CpuSeconds
    after: _CpuSeconds
    sent: dict[int, list[float]]

    @property
    def window(self) -> Window:
        return Window(self.before.at, self.after.at)

    @property
    def server_seconds(self) -> float:
        return self.after.server - self.before.server

    @property
    def generator_seconds(self) -> float:
        return self.after.generator - self.before.generator

    @property
    def others_seconds(self) -> float:
        machine = self.after.machine - self.before.machine
        return max(machine - self.server_seconds - self.generator_seconds, 0.0)


async def _measure(
    processes: ProcessTree,
    writers: Sequence[Client],
    dialect: ClientDialect,
    workload: Workload,
    scripts: Sequence[Script],
) -> _Measured:
    messages = [[dialect.update(update) for update in script.updates] for script in scripts]
    sent: dict[int, list[float]] = {script.client_id: [] for script in scripts}
    processes.refresh()
    gc.collect()
    gc.disable()  # a collection among so many kept frames would show up as latency
    try:
        start = time.perf_counter() + _LEAD_SECONDS
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_write(writers, messages, list(sent.values()), workload, start))
            await _sleep_until(start + workload.warm_up)
            before = _CpuSeconds.now(processes)
            await _sleep_until(start + workload.warm_up + workload.seconds)
            after = _CpuSeconds.now(processes)
    finally:
        gc.enable()
    return _Measured(before, after, sent)


async def _write(
    writers: Sequence[Client],
    messages: Sequence[Sequence[bytes]],
    sent: Sequence[list[float]],
    workload: Workload,
    start: float,
) -> None:
    for keystroke in schedule(workload):
        await _sleep_until(start + keystroke.due)
        times = sent[keystroke.writer]
        message = messages[keystroke.writer][len(times)]
        times.append(time.perf_counter())
        writers[keystroke.writer].send(message)


async def _sleep_until(moment: float) -> None:
    if (seconds := moment - time.perf_counter()) > 0:
        await asyncio.sleep(seconds)


async def _converge(
    readers: Sequence[Client], writers: Sequence[Client], dialect: ClientDialect, scripts: Sequence[Script]
) -> None:
    """Wait until every client holds everything, and every edit is acknowledged where the dialect does that."""
    replicas = [Replica(client, dialect) for client in readers]
    replicas += [Replica(client, dialect, script.updates) for client, script in zip(writers, scripts, strict=True)]
    deadline = time.monotonic() + _CONVERGENCE_SECONDS
    while complaint := _complaint(replicas, scripts):
        if time.monotonic() > deadline:
            raise RunFailed(complaint)
        await asyncio.sleep(_POLL_SECONDS)


def _complaint(replicas: Sequence[Replica], scripts: Sequence[Script]) -> str | None:
    for replica in replicas:
        replica.catch_up()
    expected = {script.client_id: len(script.updates) for script in scripts}
    complete = sum(replica.state_vector == expected for replica in replicas)
    if complete < len(replicas):
        return f"{complete} of {len(replicas)} clients have every edit"
    texts = {replica.text for replica in replicas}
    if len(texts) > 1:
        return f"{len(replicas)} clients hold {len(texts)} different texts"
    missing = sum(replica.unacknowledged for replica in replicas)
    return f"{missing} edits were not acknowledged" if missing else None


def _probes(readers: Sequence[Client], workload: Workload) -> list[Client]:
    count = min(workload.probes, len(readers))
    return [readers[number * len(readers) // count] for number in range(count)]


def _outcome(measured: _Measured, readings: Sequence[Reading], workload: Workload, idle_memory: int) -> Outcome:
    seconds = measured.window.seconds
    generator_share, others_share = measured.generator_seconds / seconds, measured.others_seconds / seconds
    check_undisturbed(generator_share, others_share, os.cpu_count() or 1)
    latencies = [latency for reading in readings for latency in reading.latencies]
    each_reader = sum(reading.deliveries for reading in readings) / len(readings)
    deliveries = each_reader * workload.readers
    return Outcome(
        cpu_per_delivery=measured.server_seconds / deliveries,
        cpu_share=measured.server_seconds / seconds,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        deliveries=deliveries / seconds,
        frames=sum(reading.frames for reading in readings) / len(readings) / seconds,
        idle_memory=idle_memory,
        generator_share=generator_share,
        others_share=others_share,
    )
