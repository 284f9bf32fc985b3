"""One room in which people type faster and faster: how many deliveries a server makes before the readers notice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from typing import Final

from benchmarks import units
from benchmarks.clients import Client, Replica, connected
from benchmarks.dialects import ClientDialect
from benchmarks.drains import drained
from benchmarks.failures import GeneratorBusy, RunFailed
from benchmarks.fanout import until_converged
from benchmarks.load import put_on
from benchmarks.measure import check_generator, percentile, probes, read
from benchmarks.processes import RunningServer
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.workload import Script, Workload, write_scripts

WORKLOAD: Final = Workload(warm_up=2, probes=4, turn=0.02)
SLOWEST: Final = 0.25
"""Seconds of the p99 that people begin to notice."""

_SETTLING_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The most that one run came to. Times in seconds, shares of one core."""

    deliveries: float
    """Per second, to all readers together."""

    p50: float
    p99: float
    cpu_share: float
    generator_share: float
    others_share: float
    has_more: bool = False
    """Whether the generator could not go on, and the server might have."""


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column(
        "deliveries/s",
        lambda run: run.deliveries,
        units.number,
        TO_THE_BEST_PEER,
        best=max,
        panel="deliveries/s (more is better)",
    ),
    Column("p50 then", lambda run: run.p50, units.milliseconds),
    Column("p99 then", lambda run: run.p99, units.milliseconds, panel="p99 then"),
    Column("CPU share then", lambda run: run.cpu_share, units.share),
    Column("of the generator", lambda run: run.generator_share, units.share),
    Column(
        "ended by",
        lambda run: run.has_more,
        lambda has_more: "the generator" if has_more else "the server",
        over_runs=max,
    ),
)


def trial(seconds: float) -> Trial[Outcome]:
    """Return what doubles the rate, measuring each for so long, until the server cannot follow."""
    return partial(_run, replace(WORKLOAD, seconds=seconds))


async def _run(workload: Workload, stand: Stand) -> Outcome:
    best: Outcome | None = None
    async with stand.serving() as server:
        for doubling in count():
            faster = replace(workload, rate=workload.rate * 2**doubling)
            try:
                outcome = await _at(faster, server, stand.dialect(str(doubling)), stand.door)
            except RunFailed as failure:
                if best is None:
                    raise
                return replace(best, has_more=isinstance(failure, GeneratorBusy))
            if outcome.p99 >= SLOWEST:
                break
            best = outcome
            await asyncio.sleep(_SETTLING_SECONDS)
    if best is None:
        raise RunFailed(f"the p99 was {SLOWEST * 1e3:g} ms or more from the beginning")
    return best


_scripts = cache(write_scripts)


async def _at(workload: Workload, server: RunningServer, dialect: ClientDialect, door: str) -> Outcome:
    """Measure one rate. Raises `RunFailed` where not all converge, or the generator had too much to do."""
    scripts = _scripts(workload)
    messages = [[dialect.update(update) for update in script.updates] for script in scripts]
    async with connected(workload.readers + workload.writers, dialect, server.port, door) as clients:
        readers, writers = clients[: workload.readers], clients[workload.readers :]
        watched = probes(readers, workload.probes)
        unwatched = [client for client in clients if client not in watched]
        async with drained(unwatched) as drain:
            load = await put_on(server.processes, writers, messages, workload)
            check_generator(load.generator_share)
            await _converge(watched, scripts)
            await drain.settle()
        async with connected(1, dialect, server.port, door) as fresh:
            await _converge([*watched, *fresh], scripts)
    sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
    readings = [read(client.arrivals, dialect, sent, load.window) for client in watched]
    latencies = [latency for reading in readings for latency in reading.latencies]
    each_reader = sum(reading.deliveries for reading in readings) / len(readings)
    return Outcome(
        deliveries=each_reader * workload.readers / load.window.seconds,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        cpu_share=load.server_share,
        generator_share=load.generator_share,
        others_share=load.others_share,
    )


async def _converge(clients: Sequence[Client], scripts: Sequence[Script]) -> None:
    expected = {script.client_id: len(script.updates) for script in scripts}
    await until_converged([([Replica(client, client.dialect) for client in clients], expected)])
