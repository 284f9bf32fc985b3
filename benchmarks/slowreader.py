"""One room, in which somebody reads nothing for a while: what that costs the server, and the others, and how the reader comes back."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import units
from benchmarks.clients import Client, Replica, joined
from benchmarks.clocks import clock_ranges
from benchmarks.fanout import until_converged
from benchmarks.load import put_on
from benchmarks.measure import percentile, read
from benchmarks.processes import RunningServer
from benchmarks.report import Column
from benchmarks.rounds import Stand, Trial, started
from benchmarks.usage import Memory
from benchmarks.workload import Script, Workload, write_scripts
from collab.protocol.messages import SyncStep2, SyncUpdate

WORKLOAD: Final = Workload(writers=20, readers=50, rate=10, seconds=18, warm_up=2, probes=5, letters=5_000)

SECONDS: Final = WORKLOAD.seconds + WORKLOAD.warm_up
MEGABYTES: Final = WORKLOAD.writers * WORKLOAD.keystrokes * WORKLOAD.letters / 1e6

RECEIVE_BUFFER: Final = 4 * 1024
"""Bytes that the kernel keeps for the reader that does not read; without this it would take megabytes on its behalf."""


@dataclass(frozen=True, slots=True)
class Return:
    """How the reader came back. Times in seconds, sizes in bytes."""

    frames: int
    """Frames with edits that came after it read again: those that waited for it on the way, and what it had missed."""

    largest: int
    seconds: float
    """Until it held everything."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The workload, once. Times in seconds, sizes in bytes."""

    p99: float
    """From the writers to the other readers."""

    growth: int
    """Of the server's resident memory, at most, from everybody's arrival until the writers have ended and all others hold everything."""

    growth_at_return: int
    """The same until the reader that was stuck has come back."""

    back: Return
    """Of nothing, where nobody was stuck."""

    generator_share: float
    others_share: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: the workload while all read, and while one does not, each on a server of its own."""

    all_read: Stretch
    one_stuck: Stretch

    @property
    def generator_share(self) -> float:
        """The larger share of a core."""
        return max(self.all_read.generator_share, self.one_stuck.generator_share)

    @property
    def others_share(self) -> float:
        """The larger share of a core."""
        return max(self.all_read.others_share, self.one_stuck.others_share)


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column("p99", lambda run: run.all_read.p99, units.milliseconds),
    Column("one stuck", lambda run: run.one_stuck.p99, units.milliseconds, panel="p99 of the others, one stuck"),
    Column("memory grows by", lambda run: run.all_read.growth, units.megabytes),
    Column("one stuck", lambda run: run.one_stuck.growth, units.megabytes),
    Column(
        "at its return",
        lambda run: run.one_stuck.growth_at_return,
        units.megabytes,
        panel="memory grows by, at its return",
    ),
    Column("frames then", lambda run: run.one_stuck.back.frames, units.number),
    Column("the largest", lambda run: run.one_stuck.back.largest, units.size),
    Column("complete after", lambda run: run.one_stuck.back.seconds, units.whole_seconds),
)


def trial() -> Trial[Outcome]:
    """Return what runs the workload twice, without a reader that reads nothing and with one."""
    scripts = write_scripts(WORKLOAD)

    async def run(stand: Stand) -> Outcome:
        try:
            all_read = await _on_a_new_server(stand, scripts, stuck=False)
            one_stuck = await _on_a_new_server(stand, scripts, stuck=True)
        finally:
            clock_ranges.cache_clear()  # it keeps what it has read, and these are megabytes
        return Outcome(all_read, one_stuck)

    return run


async def _on_a_new_server(stand: Stand, scripts: Sequence[Script], *, stuck: bool) -> Stretch:
    """Run on a server that finds nothing: a version of what another kept would be made meanwhile, and take memory."""
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        async with started(stand.contender.server, Path(scratch)) as server:
            return await _run(server, stand, scripts, stuck=stuck)


async def _run(server: RunningServer, stand: Stand, scripts: Sequence[Script], *, stuck: bool) -> Stretch:
    dialect = stand.dialect()
    every = WORKLOAD.readers // WORKLOAD.probes
    readers = [Client(dialect, keeps=number % every == 0) for number in range(WORKLOAD.readers - 1)]
    slow = Client(dialect, receive_buffer=RECEIVE_BUFFER if stuck else None)
    writers = [Client(dialect, keeps=False) for _ in scripts]
    messages = [[dialect.update(update) for update in script.updates] for script in scripts]
    expected = {script.client_id: len(script.updates) * WORKLOAD.letters for script in scripts}
    async with joined([*readers, slow, *writers], server.port, stand.door):
        memory = Memory(server.processes)
        watching = asyncio.create_task(memory.watch())
        if stuck:
            slow.stop_reading()
        load = await put_on(server.processes, writers, messages, WORKLOAD)
        probes = [client for client in readers if client.keeps]
        await until_converged([([Replica(probe, dialect) for probe in probes], expected)])
        memory.look()
        growth = memory.growth
        before, start = len(slow.arrivals), time.perf_counter()
        if stuck:
            slow.resume_reading()
        await until_converged([([Replica(slow, dialect)], expected)])
        back = _return_of(slow, before, start)
        memory.look()
        watching.cancel()
        sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
        readings = [read(probe.arrivals, dialect, sent, load.window, letters=WORKLOAD.letters) for probe in probes]
        for client in (*readers, *writers):
            client.check()
    return Stretch(
        p99=percentile([latency for reading in readings for latency in reading.latencies], 0.99),
        growth=growth,
        growth_at_return=memory.growth,
        back=back,
        generator_share=load.generator_share,
        others_share=load.others_share,
    )


def _return_of(slow: Client, before: int, start: float) -> Return:
    """Tell how a reader came back that had so many frames before it read again at that moment."""
    sizes = [
        len(message)
        for _, message in slow.arrivals[before:]
        if isinstance(slow.dialect.hear(message), SyncStep2 | SyncUpdate)
    ]
    return Return(len(sizes), max(sizes, default=0), slow.arrivals[-1].at - start)
