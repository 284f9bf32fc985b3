"""Connections on which nothing happens: what each takes up, and whether the server rests."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks import units
from benchmarks.clients import connected_as
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.usage import CpuSeconds, Usage

ROOMS: Final = 500
IN_EACH: Final = 4
_SETTLING_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Memory in bytes, shares of one core."""

    memory_each: float
    """Resident memory for each connection, over what the server took before anybody came."""

    memory: int
    """All of it."""

    cpu_share: float
    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column(
        "memory for a connection",
        lambda run: run.memory_each,
        units.kilobytes,
        TO_THE_BEST_PEER,
        panel="memory for a connection",
    ),
    Column("memory", lambda run: run.memory, units.mebibytes),
    Column("CPU share", lambda run: run.cpu_share, units.share, TO_THE_BEST_PEER, panel="CPU share"),
)


def trial(seconds: float) -> Trial[Outcome]:
    """Return what connects everybody, and then watches for so long."""
    return partial(_run, seconds)


async def _run(seconds: float, stand: Stand) -> Outcome:
    dialects = [stand.dialect(str(room)) for room in range(ROOMS) for _ in range(IN_EACH)]
    async with stand.serving() as server:
        await asyncio.sleep(_SETTLING_SECONDS)
        server.processes.refresh()
        before_anybody = server.processes.resident_bytes()
        async with connected_as(dialects, server.port, stand.door) as clients:
            await asyncio.sleep(_SETTLING_SECONDS)
            server.processes.refresh()
            before = CpuSeconds.now(server.processes)
            await asyncio.sleep(seconds)
            usage = Usage(before, CpuSeconds.now(server.processes))
            memory = server.processes.resident_bytes()
            for client in clients:
                client.check()
    return Outcome(
        memory_each=(memory - before_anybody) / len(dialects),
        memory=memory,
        cpu_share=usage.server_share,
        generator_share=usage.generator_share,
        others_share=usage.others_share,
    )
