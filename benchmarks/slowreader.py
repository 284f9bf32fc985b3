"""One room, in which somebody reads nothing for a while: what that costs the server, and the others, and how the reader comes back."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import units
from benchmarks.charts import Bars, Chart, bar_chart
from benchmarks.clients import Client, Replica, joined
from benchmarks.clocks import clock_ranges
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.load import put_on
from benchmarks.measure import check_generator, percentile, read
from benchmarks.processes import RunningServer
from benchmarks.report import bar, machine
from benchmarks.rounds import started
from benchmarks.usage import Memory
from benchmarks.workload import Script, Workload, write_scripts
from collab.protocol.messages import SyncStep2, SyncUpdate

WORKLOAD: Final = Workload(writers=20, readers=50, rate=10, seconds=18, warm_up=2, probes=5, letters=5_000)
"""20 MB in 20 s."""

RECEIVE_BUFFER: Final = 4 * 1024
"""Bytes that the kernel keeps for the reader that does not read; without this it would take megabytes on its behalf."""

_CONVERGENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Return:
    """How the reader came back. Times in seconds, sizes in bytes."""

    frames: int
    """Frames with edits that came after it read again: those that waited for it on the way, and what it had missed."""

    largest: int
    seconds: float
    """Until it held everything."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. Times in seconds, sizes in bytes."""

    p99: float
    """From the writers to the other readers."""

    growth: int
    """Of the server's resident memory, at most, from everybody's arrival until the writers have ended and all others hold everything."""

    growth_at_return: int
    """The same until the reader has come back."""

    generator_share: float
    others_share: float
    back: Return | None
    """`None` where nobody stopped reading."""


async def run(contender: Contender, scripts: Sequence[Script], *, stuck: bool) -> Outcome:
    """Start a server of its own and run the workload once, with or without a reader that reads nothing while the others write."""
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        async with started(contender.server, Path(scratch)) as server:
            try:
                return await _run(server, contender, contender.dialect("slowreader"), scripts, stuck)
            finally:
                clock_ranges.cache_clear()  # it keeps what it has read, and these are megabytes


async def _run(
    server: RunningServer, contender: Contender, dialect: ClientDialect, scripts: Sequence[Script], stuck: bool
) -> Outcome:
    every = WORKLOAD.readers // WORKLOAD.probes
    readers = [Client(dialect, keeps=number % every == 0) for number in range(WORKLOAD.readers - 1)]
    slow = Client(dialect, receive_buffer=RECEIVE_BUFFER if stuck else None)
    writers = [Client(dialect, keeps=False) for _ in scripts]
    messages = [[dialect.update(update) for update in script.updates] for script in scripts]
    async with joined([*readers, slow, *writers], server.port, contender.door):
        memory = Memory(server.processes)
        watching = asyncio.create_task(memory.watch())
        if stuck:
            slow.stop_reading()
        load = await put_on(server.processes, writers, messages, WORKLOAD)
        probes = [client for client in readers if client.keeps]
        for probe in probes:
            await _complete(Replica(probe, dialect), scripts)
        memory.look()
        growth = memory.growth
        back = await _come_back(slow, dialect, scripts) if stuck else None
        memory.look()
        watching.cancel()
        sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
        readings = [read(probe.arrivals, dialect, sent, load.window, letters=WORKLOAD.letters) for probe in probes]
        for client in (*readers, *writers):
            client.check()
    check_generator(load.generator_share)
    return Outcome(
        p99=percentile([latency for reading in readings for latency in reading.latencies], 0.99),
        growth=growth,
        growth_at_return=memory.growth,
        generator_share=load.generator_share,
        others_share=load.others_share,
        back=back,
    )


async def _come_back(slow: Client, dialect: ClientDialect, scripts: Sequence[Script]) -> Return:
    before, start = len(slow.arrivals), time.perf_counter()
    slow.resume_reading()
    await _complete(Replica(slow, dialect), scripts)
    seconds = slow.arrivals[-1].at - start
    sizes = [
        len(message)
        for _, message in slow.arrivals[before:]
        if isinstance(dialect.hear(message), SyncStep2 | SyncUpdate)
    ]
    return Return(len(sizes), max(sizes), seconds)


async def _complete(replica: Replica, scripts: Sequence[Script]) -> None:
    """Wait until a client holds everything."""
    expected = {script.client_id: len(script.updates) * WORKLOAD.letters for script in scripts}
    deadline = time.monotonic() + _CONVERGENCE_SECONDS
    replica.catch_up()
    while replica.state_vector != expected:
        if time.monotonic() > deadline:
            raise RunFailed("a reader does not have every edit")
        await asyncio.sleep(_POLL_SECONDS)
        replica.catch_up()


Outcomes = dict[str, dict[bool, list[Outcome | RunFailed]]]
"""For each contender's label, without a stuck reader and with one, what its runs came to."""


async def slow_reader(rounds: int, say: Callable[[str], None]) -> Outcomes:
    """Measure every contender in each round, without a reader that is stuck and with one."""
    scripts = write_scripts(WORKLOAD)
    outcomes: Outcomes = {contender.label: {False: [], True: []} for contender in CONTENDERS}
    for number in range(1, rounds + 1):
        for contender in CONTENDERS:
            for stuck in (False, True):
                outcome: Outcome | RunFailed
                try:
                    outcome = await run(contender, scripts, stuck=stuck)
                except RunFailed as failure:
                    outcome = failure
                outcomes[contender.label][stuck].append(outcome)
                say(f"round {number}  {contender.label:32} {_progress(outcome, stuck=stuck)}")
    return outcomes


def _progress(outcome: Outcome | RunFailed, *, stuck: bool) -> str:
    title = "one stuck" if stuck else "all read "
    if isinstance(outcome, RunFailed):
        return f"{title}  does not count: {outcome}"
    back = outcome.back
    came_back = (
        ""
        if back is None
        else (
            f"   then {back.frames} frames, the largest {back.largest / 1e6:.2f} MB, complete after {back.seconds:.2f} s"
        )
    )
    return (
        f"{title}  p99 {outcome.p99 * 1e3:7.1f} ms   memory +{outcome.growth / 1e6:.1f} MB, "
        f"+{outcome.growth_at_return / 1e6:.1f} MB at the end   generator {outcome.generator_share:.0%}, "
        f"others {outcome.others_share:.0%} of a core{came_back}"
    )


def slow_reader_table(outcomes: Outcomes, rounds: int) -> str:
    """Return the medians as a Markdown table."""
    megabytes = WORKLOAD.writers * WORKLOAD.keystrokes * WORKLOAD.letters / 1e6
    lines = [
        (
            f"{WORKLOAD.writers} writers send {megabytes:g} MB in {WORKLOAD.seconds + WORKLOAD.warm_up:g} s to {WORKLOAD.readers} "
            f"readers in one room, one of which reads nothing meanwhile; the median of {rounds} interleaved "
            f"{'round' if rounds == 1 else 'rounds'}, each on a server of its own. {machine()}, shared by server and generator."
        ),
        "",
        "| server | p99 | one stuck | memory grows by | one stuck | at its return | frames then | the largest | complete after | runs |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(label, runs) for label, runs in outcomes.items()),
    ]
    return "\n".join(lines)


def _line(label: str, runs: Mapping[bool, Sequence[Outcome | RunFailed]]) -> str:
    without, stuck = ([run for run in runs[which] if isinstance(run, Outcome)] for which in (False, True))
    back = [run.back for run in stuck if run.back is not None]
    counted = f"{len(without)} and {len(stuck)} of {len(runs[True])}"
    if not (without and back):
        return f"| {label} {'| - ' * 8}| {counted} |"
    cells = [
        f"{median(run.p99 for run in without) * 1e3:.1f} ms",
        f"{median(run.p99 for run in stuck) * 1e3:.1f} ms",
        f"{median(run.growth for run in without) / 1e6:.0f} MB",
        f"{median(run.growth for run in stuck) / 1e6:.0f} MB",
        f"{median(run.growth_at_return for run in stuck) / 1e6:.0f} MB",
        f"{median(each.frames for each in back):,.0f}",
        f"{median(each.largest for each in back) / 1e6:.1f} MB",
        f"{median(each.seconds for each in back):.1f} s",
    ]
    return f"| {label} | {' | '.join(cells)} | {counted} |"


def slow_reader_chart(outcomes: Outcomes) -> Chart:
    """Draw what the stuck reader costs the others and the server."""
    return bar_chart(
        [
            _panel("p99 of the others, one stuck", outcomes, lambda run: run.p99, units.milliseconds),
            _panel("memory grows by, at its return", outcomes, lambda run: run.growth_at_return, units.megabytes),
        ]
    )


def _panel(title: str, outcomes: Outcomes, figure: Callable[[Outcome], float], write: Callable[[float], str]) -> Bars:
    stuck = {label: [run for run in runs[True] if isinstance(run, Outcome)] for label, runs in outcomes.items()}
    return Bars(
        title, [bar(contender, [figure(run) for run in stuck[contender.label]], write) for contender in CONTENDERS]
    )
