"""Somebody types while others open, read and write heavy documents: how late the event loop is, and what the typist feels of it."""

import asyncio
import os
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from pycrdt import Doc, Text

from benchmarks.clients import Client, joined
from benchmarks.clocks import clock_ranges
from benchmarks.contenders import collab_command
from benchmarks.dialects import HocuspocusClient
from benchmarks.elsewhere import elsewhere
from benchmarks.failures import RunFailed
from benchmarks.manuscripts import PAGE_BYTES, written_page
from benchmarks.measure import check_undisturbed, percentile
from benchmarks.processes import HOST, RunningServer, free_port, running
from benchmarks.report import alone, line
from benchmarks.shelves import shelve
from benchmarks.usage import CpuSeconds, Usage
from benchmarks.visits import DOOR, NOTHING, PATIENCE, VISITS, Visit, manuscript_name
from benchmarks.workload import ROOT
from collab.protocol.messages import SyncUpdate

SIZES: Final = (1, 16, 64)
"""Pages of the documents."""

InProcess = Callable[..., Awaitable[Any]]
"""Calls a function, with its arguments, in the visitors' process."""

_KEYSTROKES_A_SECOND: Final = 50
_LEAST_SECONDS: Final = 0.25
"""That somebody types for beside each visit, however short that is."""

ROUNDS: Final = 5
"""Each on a server that is started anew."""

_AUTHOR: Final = 4711
_SETTLED_SECONDS: Final = 0.15
"""After a visit, for what it leaves to be done."""

_POLL_SECONDS: Final = 0.05


@dataclass(slots=True)
class Beside:
    """What was measured beside one visit. Times in seconds."""

    pages: int
    title: str
    took: float
    lag: float
    """A bound that no lag of the loop exceeded, of those that the server counts by; infinite above them all."""

    late: int
    """How many looks found more than 10 ms."""

    latencies: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured beside all visits, and what that took: shares of one core."""

    visits: Sequence[Beside]
    generator_share: float
    others_share: float
    """Of those who are neither the server, nor the generator, nor visitors."""


class Looks:
    """What the server counts of its loop's lags."""

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=PATIENCE) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        samples = next(family.samples for family in families if family.name == "collab_event_loop_lag_seconds")
        self.up_to = {float(sample.labels["le"]): sample.value for sample in samples if "le" in sample.labels}

    def since(self, before: "Looks") -> tuple[float, int]:
        """Return a bound that no lag since then exceeded, and how many exceeded 10 ms."""
        counts = {bound: count - before.up_to[bound] for bound, count in self.up_to.items()}
        total = max(counts.values())
        return min(bound for bound, count in counts.items() if count == total), round(total - counts[0.01])


class Typist:
    """Two in a room of their own: one types, the other sees when it comes."""

    def __init__(self, room: str) -> None:
        self._dialect = HocuspocusClient(room)
        self.writer, self.reader = Client(self._dialect), Client(self._dialect)
        self._sent: list[float] = []
        self._document: Doc[Text] = Doc(client_id=_AUTHOR)
        self._text = self._document.get(ROOT, type=Text)

    async def type(self, done: asyncio.Event) -> None:
        """Type until told to stop; then wait until the reader has all of it."""
        due = time.perf_counter()
        while not done.is_set():
            state = self._document.get_state()
            self._text.insert(0, "a")
            update = self._dialect.update(self._document.get_update(state))
            self._sent.append(time.perf_counter())
            self.writer.send(update)
            due += 1 / _KEYSTROKES_A_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        async with asyncio.timeout(PATIENCE):
            while len(self.latencies(0)) < len(self._sent):  # noqa: ASYNC110 - what comes is only kept until it is asked for
                await asyncio.sleep(_POLL_SECONDS)

    @property
    def typed(self) -> int:
        """How many keystrokes were sent."""
        return len(self._sent)

    def latencies(self, first: int) -> list[float]:
        """Return how long each keystroke from this one on took, of those that have come."""
        self.reader.check()
        found = []
        for at, message in self.reader.arrivals:
            heard = self._dialect.hear(message)
            if isinstance(heard, SyncUpdate):
                for _, start, end in clock_ranges(heard.update):
                    found += [at - self._sent[clock] for clock in range(max(first, start), end)]
        return found


async def lag(say: Callable[[str], None]) -> Outcome:
    """Shelve the documents; then, again and again, start the server anew and make each visit while somebody types.

    Raises `RunFailed` where a visit fails, and where something else than the server was measured.
    """
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        await _shelve_manuscripts(Path(scratch))
        rounds: list[Outcome] = []
        for number in range(1, ROUNDS + 1):
            async with _serving(Path(scratch)) as server:
                typist = Typist(f"typing-{number}")
                async with joined([typist.reader, typist.writer], server.port, DOOR):
                    rounds.append(await _visits(server, typist, lambda line: say(f"round {number}  {line}")))  # noqa: B023 - called here
    outcome = Outcome(
        [beside for each in rounds for beside in each.visits],
        statistics.mean(each.generator_share for each in rounds),
        statistics.mean(each.others_share for each in rounds),
    )
    check_undisturbed(outcome.generator_share, outcome.others_share, os.cpu_count() or 1)
    return outcome


def _serving(scratch: Path) -> AbstractAsyncContextManager[RunningServer]:
    port = free_port()
    return running("Collab", collab_command(port, scratch), port, scratch / "output.log")


async def _shelve_manuscripts(directory: Path) -> None:
    """Put the documents where the servers find them. The pages of each are the first of the largest."""
    loop = asyncio.get_running_loop()
    with elsewhere(os.cpu_count() or 1) as writers:
        pages = await asyncio.gather(*(loop.run_in_executor(writers, written_page, n) for n in range(max(SIZES))))
    for size in SIZES:
        await shelve(directory, manuscript_name(size), pages[:size])


def program() -> Iterator[tuple[int, Visit]]:
    """Give what is done in a round, with documents of how many pages."""
    yield 0, NOTHING
    for pages in SIZES:
        for visit in VISITS:
            if visit.most_pages is None or pages <= visit.most_pages:
                yield pages, visit


async def _visits(server: RunningServer, typist: Typist, say: Callable[[str], None]) -> Outcome:
    done = asyncio.Event()
    measured: list[Beside] = []
    with elsewhere(1) as visitors:
        in_process = partial(asyncio.get_running_loop().run_in_executor, visitors)
        visitor = await in_process(time.process_time)  # and it takes a moment to start
        before = CpuSeconds.now(server.processes)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(typist.type(done))
            for pages, visit in program():
                measured.append(await _beside(visit, pages, server.port, typist, in_process))
                say(_progress(measured[-1]))
            done.set()
        server.processes.refresh()  # what reads heavy documents was started meanwhile
        usage = Usage(before, CpuSeconds.now(server.processes))
        visitor_share = (await in_process(time.process_time) - visitor) / usage.window.seconds
    return Outcome(measured, usage.generator_share, max(usage.others_share - visitor_share, 0.0))


async def _beside(visit: Visit, pages: int, port: int, typist: Typist, in_process: InProcess) -> Beside:
    before, first, start = await in_process(Looks, port), typist.typed, time.perf_counter()
    try:
        await in_process(visit.make, port, pages)
    except (OSError, TimeoutError) as error:
        raise RunFailed(f"a visit failed ({visit.title}, {pages} pages): {error!r}") from error
    took = time.perf_counter() - start
    await asyncio.sleep(max(_SETTLED_SECONDS, _LEAST_SECONDS - took))
    bound, late = (await in_process(Looks, port)).since(before)
    return Beside(pages, visit.title, took, bound, late, typist.latencies(first))


def _progress(beside: Beside) -> str:
    return (
        f"{_size(beside.pages):7}  {beside.title:26} {beside.took:6.2f} s   lag up to {_bound(beside.lag)}, "
        f"{beside.late} looks above 10 ms   typing p99 {percentile(beside.latencies, 0.99) * 1e3:.1f} ms, "
        f"worst {max(beside.latencies) * 1e3:.1f} ms"
    )


def _size(pages: int) -> str:
    size = pages * PAGE_BYTES / 1e6
    if not pages:
        return "-"
    return f"{size:.0f} MB" if size >= 1 else f"{size * 1e3:.0f} kB"


def _bound(lag: float) -> str:
    return "more" if lag == float("inf") else f"{lag * 1e3:g} ms"


def lag_table(outcome: Outcome) -> str:
    """Return what was measured as a Markdown table: a row for each visit, over all the rounds in which it was made."""
    rows: dict[tuple[int, str], list[Beside]] = {}
    for beside in outcome.visits:
        rows.setdefault((beside.pages, beside.title), []).append(beside)
    times = max(map(len, rows.values()))
    lines = [
        (
            f"Somebody types {_KEYSTROKES_A_SECOND} keystrokes/s in a room of two, while somebody else does something with a document of "
            f"another size; {times} times each, every time on a server that was just started. {alone([outcome])}"
        ),
        "",
        (
            "| document | what is done with it | takes, median | longest | lag of the loop, at most: median | largest "
            "| looks above 10 ms | typing: p99 | worst |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(visits) for visits in rows.values()),
    ]
    return "\n".join(lines)


def _row(visits: Sequence[Beside]) -> str:
    took, lags = sorted(each.took for each in visits), sorted(each.lag for each in visits)
    latencies = [latency for each in visits for latency in each.latencies]
    cells = (
        _size(visits[0].pages),
        visits[0].title,
        f"{statistics.median(took):.2f} s",
        f"{took[-1]:.2f} s",
        _bound(statistics.median_high(lags)),
        _bound(lags[-1]),
        str(sum(each.late for each in visits)),
        f"{percentile(latencies, 0.99) * 1e3:.1f} ms",
        f"{max(latencies) * 1e3:.1f} ms",
    )
    return line(cells)
