"""One room, in which somebody reads nothing for a while: what that costs the server and the others, then and when the reader comes back."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks import units
from benchmarks.clients import Client, Replica, joined
from benchmarks.clocks import ClockRange, clock_ranges
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.fanout import until_converged
from benchmarks.load import put_on
from benchmarks.measure import SendTimes, Window, percentile, read
from benchmarks.processes import RunningServer
from benchmarks.report import Column
from benchmarks.rounds import Stand, Trial, started
from benchmarks.usage import Memory
from benchmarks.workload import Script, Workload, write_scripts
from collab.protocol.messages import SyncStep2, SyncUpdate

STUCK_SECONDS: Final = 20.0
"""For which the one reader reads nothing, from the first edit on."""

RETURN_SECONDS: Final = 4.0
"""For which the others are then looked at, while it gets what it has missed."""

_SETTLING_SECONDS: Final = 2.0
"""Until what was sent last has come: no arrival is noted while replicas take in megabytes."""

_WARM_UP: Final = 2.0
WORKLOAD: Final = Workload(
    writers=20,
    readers=50,
    rate=10,
    seconds=STUCK_SECONDS - _WARM_UP + RETURN_SECONDS,
    warm_up=_WARM_UP,
    probes=5,
    letters=5_000,
)
MEGABYTES: Final = WORKLOAD.writers * WORKLOAD.rate * WORKLOAD.letters / 1e6
"""That are written each second."""

RECEIVE_BUFFER: Final = 4 * 1024
"""Bytes that the kernel keeps for the reader that does not read; without this it would take megabytes on its behalf."""


@dataclass(frozen=True, slots=True)
class Return:
    """How the reader came back. Times in seconds, sizes in bytes."""

    frames: int
    """Frames with edits that came after it read again and until it had caught up: those that waited on the way, and what it had missed."""

    largest: int
    seconds: float
    """Until it held everything that had been sent when it read again."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The workload, once. Times in seconds, sizes in bytes."""

    p99: float
    """From the writers to the other readers, in the first 20 s without the warm-up."""

    p99_at_return: float
    """The same in the seconds after them."""

    growth: int
    """Of the server's resident memory, at most, from everybody's arrival on, in the first 20 s."""

    growth_at_return: int
    """The same until the writers have ended and everybody holds everything."""

    back: Return
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
    Column("then", lambda run: run.all_read.p99_at_return, units.milliseconds),
    Column(
        "at its return",
        lambda run: run.one_stuck.p99_at_return,
        units.milliseconds,
        panel="p99 of the others, at its return",
    ),
    Column("memory grows by", lambda run: run.all_read.growth, units.megabytes),
    Column("one stuck", lambda run: run.one_stuck.growth, units.megabytes, panel="memory grows by, one stuck"),
    Column("in the end", lambda run: run.all_read.growth_at_return, units.megabytes),
    Column("after its return", lambda run: run.one_stuck.growth_at_return, units.megabytes),
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
        returning = asyncio.create_task(_return(slow, memory))
        load = await put_on(server.processes, writers, messages, WORKLOAD)
        growth, again = await returning
        for client in (*readers, slow, *writers):
            client.check()
        await asyncio.sleep(_SETTLING_SECONDS)
        probes = [client for client in readers if client.keeps]
        await until_converged([([Replica(client, dialect) for client in (*probes, slow)], expected)])
        memory.look()
        watching.cancel()
        sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
    windows = Window(load.window.start, again.at), Window(again.at, load.window.end)
    p99, p99_at_return = (_p99(probes, dialect, sent, window) for window in windows)
    return Stretch(
        p99=p99,
        p99_at_return=p99_at_return,
        growth=growth,
        growth_at_return=memory.growth,
        back=_return_of(slow, again, sent),
        generator_share=load.generator_share,
        others_share=load.others_share,
    )


class _Again(NamedTuple):
    """The moment at which the reader reads again, and how many frames it had before."""

    at: float
    frames: int


async def _return(slow: Client, memory: Memory) -> tuple[int, _Again]:
    """Have the reader read again after its time; return how far memory had grown until then."""
    await asyncio.sleep(STUCK_SECONDS)
    memory.look()
    again = _Again(time.perf_counter(), len(slow.arrivals))
    growth = memory.growth
    slow.resume_reading()
    return growth, again


def _p99(probes: Sequence[Client], dialect: ClientDialect, sent: SendTimes, window: Window) -> float:
    readings = [read(probe.arrivals, dialect, sent, window, letters=WORKLOAD.letters) for probe in probes]
    return percentile([latency for reading in readings for latency in reading.latencies], 0.99)


def _return_of(slow: Client, again: _Again, sent: SendTimes) -> Return:
    """Tell how a reader came back at that moment. What it has missed may come after what was new meanwhile."""
    missing = {client_id: bisect_left(times, again.at) * WORKLOAD.letters for client_id, times in sent.items()}
    ranges: list[ClockRange] = []
    sizes: list[int] = []
    for number, (at, message) in enumerate(slow.arrivals):
        heard = slow.dialect.hear(message)
        if not isinstance(heard, SyncStep2 | SyncUpdate):
            continue
        ranges += clock_ranges(heard.update)
        if number < again.frames:
            continue
        sizes.append(len(message))
        if _covers(ranges, missing):
            return Return(len(sizes), max(sizes), at - again.at)
    raise RunFailed("the reader that was stuck never got everything that it had missed")


def _covers(ranges: list[ClockRange], expected: Mapping[int, int]) -> bool:
    """Tell whether the ranges, which this sorts, hold each client's edits up to its clock."""
    ranges.sort()
    reached = dict.fromkeys(expected, 0)
    for client_id, start, end in ranges:
        if start <= reached[client_id]:
            reached[client_id] = max(reached[client_id], end)
    return all(reached[client_id] >= clock for client_id, clock in expected.items())
