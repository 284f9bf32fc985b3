"""One room, many writers, more readers: one measured run on one server."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client, Replica, connected
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.load import Load, put_on
from benchmarks.measure import Reading, check_undisturbed, percentile, read
from benchmarks.processes import RunningServer
from benchmarks.workload import Script, Workload

_CONVERGENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 1.0


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
        messages = [[dialect.update(update) for update in script.updates] for script in scripts]
        load = await put_on(server.processes, writers, messages, workload)
        await _converge(readers, writers, dialect, scripts)
        sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
        readings = [read(client.arrivals, dialect, sent, load.window) for client in _probes(readers, workload)]
    return _outcome(load, readings, workload, idle_memory)


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


def _outcome(load: Load, readings: Sequence[Reading], workload: Workload, idle_memory: int) -> Outcome:
    seconds = load.window.seconds
    check_undisturbed(load.generator_share, load.others_share, os.cpu_count() or 1)
    latencies = [latency for reading in readings for latency in reading.latencies]
    each_reader = sum(reading.deliveries for reading in readings) / len(readings)
    deliveries = each_reader * workload.readers
    return Outcome(
        cpu_per_delivery=load.server_seconds / deliveries,
        cpu_share=load.server_share,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        deliveries=deliveries / seconds,
        frames=sum(reading.frames for reading in readings) / len(readings) / seconds,
        idle_memory=idle_memory,
        generator_share=load.generator_share,
        others_share=load.others_share,
    )
