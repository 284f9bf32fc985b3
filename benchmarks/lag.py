"""Somebody types while others open, read and write heavy documents: how late the event loop is, and what the typist feels of it."""

import asyncio
import os
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
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
from benchmarks.dialects import HocuspocusClient, Saved
from benchmarks.elsewhere import elsewhere
from benchmarks.failures import RunFailed
from benchmarks.manuscripts import PAGE_BYTES, manuscript
from benchmarks.measure import check_undisturbed, percentile
from benchmarks.processes import HOST, RunningServer, free_port, running
from benchmarks.report import alone
from benchmarks.usage import CpuSeconds, Usage
from benchmarks.workload import ROOT
from collab.protocol.messages import SyncUpdate

SIZES: Final = (1, 16, 64)
"""Pages of the documents."""

DOOR: Final = "/hocuspocus"
InProcess = Callable[..., Awaitable[Any]]
"""Calls a function, with its arguments, in the visitors' process."""

_KEYSTROKES_A_SECOND: Final = 50
_LEAST_SECONDS: Final = 3.0
"""That somebody types for beside each visit, however short that is."""

_AUTHOR: Final = 4711
_LINES: Final = 4_500
_PATIENCE: Final = 120.0
_SETTLING_SECONDS: Final = 10.0
"""After the documents were written: they are folded meanwhile."""

_SETTLED_SECONDS: Final = 1.0
"""After a visit, for what it leaves to be done."""

_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that somebody does with a document, in a process of their own."""

    title: str
    make: Callable[[int, int], None]
    """Takes the server's port and the document's pages, and returns when it is done."""


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


def _name(pages: int) -> str:
    return f"manuscript-{pages}"


def _content(port: int, pages: int) -> str:
    return f"http://{HOST}:{port}/api/v1/documents/{_name(pages)}/content"


def _open(port: int, pages: int) -> None:
    asyncio.run(_joined_once(port, pages))


async def _joined_once(port: int, pages: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        async with joined([Client(HocuspocusClient(_name(pages)))], port, DOOR):
            pass


def _read(form: str, port: int, pages: int) -> None:
    with urllib.request.urlopen(f"{_content(port, pages)}?format={form}", timeout=_PATIENCE) as answer:
        answer.read()


def _read_json(port: int, pages: int) -> None:
    _read("json", port, pages)


def _read_text(port: int, pages: int) -> None:
    _read("text", port, pages)


def _write(update: bytes, port: int, pages: int) -> None:
    request = urllib.request.Request(
        _content(port, pages), update, {"Content-Type": "application/vnd.yjs.update"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE):
        pass


def _write_letter(port: int, pages: int) -> None:
    document: Doc[Text] = Doc()
    document.get("margin", type=Text).insert(0, "a")
    _write(document.get_update(), port, pages)


def _write_page(port: int, pages: int) -> None:
    document: Doc[Text] = Doc()
    text = document.get("page", type=Text)
    with document.transaction():
        for _ in range(_LINES):
            text.insert(0, "a line of some sixty letters, as a text may have them again.\n")
    _write(document.get_update(), port, pages)


def _open_edited(port: int, pages: int) -> None:
    _write_letter(port, pages)
    _open(port, pages)


def _nothing(port: int, pages: int) -> None:  # noqa: ARG001 - what the others are compared with
    time.sleep(_LEAST_SECONDS)


NOTHING: Final = Visit("nothing", _nothing)

VISITS: Final = (
    Visit("read as JSON, closed", _read_json),
    Visit("open", _open),
    Visit("write a letter", _write_letter),
    Visit("write a letter, and open", _open_edited),
    Visit("read as text", _read_text),
    Visit("write 330 kB", _write_page),
)
"""In this order: the first finds the document closed, the others open."""


class Looks:
    """What the server counts of its loop's lags."""

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=_PATIENCE) as answer:
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
        async with asyncio.timeout(_PATIENCE):
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
    """Write the documents, start the server anew, and make each visit while somebody types.

    Raises `RunFailed` where a visit fails, and where something else than the server was measured.
    """
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        async with _serving(Path(scratch)) as server:
            for pages in SIZES:
                await _write_manuscript(pages, server.port)
            await asyncio.sleep(_SETTLING_SECONDS)
        async with _serving(Path(scratch)) as server:
            typist = Typist("typing")
            async with joined([typist.reader, typist.writer], server.port, DOOR):
                outcome = await _visits(server, typist, say)
    check_undisturbed(outcome.generator_share, outcome.others_share, os.cpu_count() or 1)
    return outcome


def _serving(scratch: Path) -> AbstractAsyncContextManager[RunningServer]:
    port = free_port()
    return running("Collab", collab_command(port, scratch), port, scratch / "output.log")


async def _write_manuscript(pages: int, port: int) -> None:
    dialect = HocuspocusClient(_name(pages))
    author = Client(dialect)
    async with joined([author], port, DOOR), asyncio.timeout(_PATIENCE):
        updates = manuscript(pages).updates
        for update in updates:
            author.send(dialect.update(update))
        while sum(isinstance(dialect.hear(message), Saved) for _, message in author.arrivals) < len(updates):
            author.check()
            await asyncio.sleep(_POLL_SECONDS)


async def _visits(server: RunningServer, typist: Typist, say: Callable[[str], None]) -> Outcome:
    done = asyncio.Event()
    measured: list[Beside] = []
    with elsewhere(1) as visitors:
        in_process = partial(asyncio.get_running_loop().run_in_executor, visitors)
        visitor = await in_process(time.process_time)  # and it takes a moment to start
        before = CpuSeconds.now(server.processes)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(typist.type(done))
            for pages, visit in [(0, NOTHING), *((pages, visit) for pages in SIZES for visit in VISITS)]:
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
    """Return what was measured as a Markdown table."""
    lines = [
        (
            f"Somebody types {_KEYSTROKES_A_SECOND} keystrokes/s in a room of two, while somebody else does something with a document of "
            f"another size, once each. {alone([outcome])}"
        ),
        "",
        "| document | what is done with it | takes | lag of the loop, at most | looks above 10 ms | typing: p99 | worst |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {_size(each.pages)} | {each.title} | {each.took:.2f} s | {_bound(each.lag)} | {each.late} | "
            f"{percentile(each.latencies, 0.99) * 1e3:.1f} ms | {max(each.latencies) * 1e3:.1f} ms |"
            for each in outcome.visits
        ),
    ]
    return "\n".join(lines)
