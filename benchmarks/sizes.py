"""A document of a given size: what it takes to open it, first thing after a restart and while it is open, and to type in it."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import units
from benchmarks.clients import connected
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.keystrokes import type_letters
from benchmarks.manuscripts import Manuscript, manuscript_of
from benchmarks.openings import ask
from benchmarks.processes import RunningServer
from benchmarks.reopening import open_first
from benchmarks.report import Column
from benchmarks.rounds import Stand, Trial
from benchmarks.shelves import shelve
from benchmarks.usage import CpuSeconds, Usage

COLD_OPENINGS: Final = 3
WARM_OPENINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, memory in bytes."""

    cold: float
    cold_cpu: float
    """From connecting to the whole document, first thing after a restart; and the server's CPU time for it."""

    warm: float
    warm_cpu: float
    """The same while somebody has it open."""

    p99: float
    edit_cpu: float
    """Of what one person types in it and another reads; and the server's CPU time for each edit."""

    memory: float
    """How far the server's resident memory rises with it open."""

    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column("opened after a restart", lambda run: run.cold, units.milliseconds, panel="time of an opening"),
    Column("CPU, after a restart", lambda run: run.cold_cpu, units.milliseconds, panel="CPU of an opening"),
    Column("opened while it is open", lambda run: run.warm, units.milliseconds, panel="time of an opening"),
    Column("CPU, while it is open", lambda run: run.warm_cpu, units.milliseconds, panel="CPU of an opening"),
    Column("p99 of typing in it", lambda run: run.p99, units.milliseconds, panel="typing"),
    Column("CPU of an edit", lambda run: run.edit_cpu, units.milliseconds, panel="typing"),
    Column("memory with it open", lambda run: run.memory, units.megabytes, panel="memory with it open"),
)


def trial(size: float, directory: Path) -> Trial[Outcome]:
    """Return what puts a document of so many bytes into the servers' directory, and has it opened and typed in."""

    async def run(stand: Stand) -> Outcome:
        document = manuscript_of(round(size))
        await shelve(directory, stand.room, document.updates)
        return await _run(document, stand)

    return run


async def _run(document: Manuscript, stand: Stand) -> Outcome:
    dialect = stand.dialect()
    cold = [await open_first(dialect, stand, document.holds) for _ in range(COLD_OPENINGS)]
    async with stand.serving() as server, connected(2, dialect, server.port, stand.door) as (author, reader):
        warm, warm_usage, state = await _open_again(dialect, server, stand.door)
        typed = await type_letters(author, reader, document.state_vector, server)
    if not document.holds(state):
        raise RunFailed("a client got a document that is not the whole one")
    return Outcome(
        cold=statistics.median(each.seconds for each in cold),
        cold_cpu=statistics.mean(each.usage.server_seconds for each in cold),
        warm=warm,
        warm_cpu=warm_usage.server_seconds / WARM_OPENINGS,
        p99=typed.p99,
        edit_cpu=typed.cpu,
        memory=statistics.median(each.growth for each in cold),
        generator_share=typed.generator_share,
        others_share=typed.others_share,
    )


async def _open_again(dialect: ClientDialect, server: RunningServer, door: str) -> tuple[float, Usage, bytes]:
    """Open the document one time after the other; return the median time, what all that took, and the document."""
    waits: list[float] = []
    before = CpuSeconds.now(server.processes)
    for _ in range(WARM_OPENINGS):
        start = time.perf_counter()
        async with connected(1, dialect, server.port, door) as (client,):
            waits.append(client.synced.result() - start)
    usage = Usage(before, CpuSeconds.now(server.processes))
    return statistics.median(waits), usage, await ask(dialect, server.port, door)
