"""A document with a long history, opened first thing after a restart of the server."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from picows import WSFrame, WSTransport
from pycrdt import Doc, Text

from benchmarks import units
from benchmarks.clients import Client, connected, joined
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.histories import ROOT, generated
from benchmarks.openings import ask
from benchmarks.processes import ProcessTree
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.usage import CpuSeconds, Usage, at_rest
from collab.protocol.messages import SyncStep2, SyncUpdate

OPENINGS: Final = 5
_AT_ONCE: Final = 500
"""Edits that are sent in one turn of the loop."""

_TYPING_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.5
_SETTLING_SECONDS: Final = 1.0
_READING_SECONDS: Final = 60.0
REST_SECONDS: Final = 60.0
"""After the author has left, and longer where the server is busy then: each closes the document, and folds or writes at leisure; some write
longer than it took to type."""

_STORING_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured: medians, in seconds and shares of one core."""

    opening: float
    """From connecting to the whole document."""

    server_seconds: float
    """CPU time that the server took for it."""

    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column("opening", lambda run: run.opening, units.milliseconds, TO_THE_BEST_PEER, panel="opening"),
    Column(
        "CPU of the server",
        lambda run: run.server_seconds,
        units.milliseconds,
        TO_THE_BEST_PEER,
        panel="CPU of the server",
    ),
)


def trial(seconds: float) -> Trial[Outcome]:  # noqa: ARG001 - it takes as long as it takes
    """Prepare the history, and return what has it typed once, and opened again and again after a restart each."""
    updates = [edit.update for edit in generated()]
    return partial(_run, updates, spelt(updates))


def spelt(updates: Iterable[bytes]) -> str:
    """Return the text that some updates spell."""
    document: Doc[Text] = Doc()
    text = document.get(ROOT, type=Text)
    with document.transaction():
        for update in updates:
            document.apply_update(update)
    return str(text)


async def _run(updates: Sequence[bytes], text: str, stand: Stand) -> Outcome:
    dialect = stand.dialect()
    fill = stand.contender.server.fill
    if fill is None:
        async with stand.serving() as server:
            await _type(updates, text, dialect, server.port, stand.door)
            await asyncio.sleep(REST_SECONDS)
            await at_rest(server.processes, _STORING_SECONDS)
    else:
        await fill(stand.directory, dialect.path(stand.door), updates)
    openings = [await open_first(dialect, stand, lambda state: spelt([state]) == text) for _ in range(OPENINGS)]
    usages = [opening.usage for opening in openings]
    return Outcome(
        opening=statistics.median(opening.seconds for opening in openings),
        server_seconds=statistics.median(usage.server_seconds for usage in usages),
        generator_share=statistics.median(usage.generator_share for usage in usages),
        others_share=statistics.median(usage.others_share for usage in usages),
    )


async def _type(updates: Sequence[bytes], text: str, dialect: ClientDialect, port: int, door: str) -> None:
    """Send every edit as its author's editor would, and wait until a new client gets them all."""
    async with connected(1, dialect, port, door) as (author,):
        for start in range(0, len(updates), _AT_ONCE):
            for update in updates[start : start + _AT_ONCE]:
                author.send(dialect.update(update))
            await asyncio.sleep(0)
        deadline = time.monotonic() + _TYPING_SECONDS
        while not await _holds(text, dialect, port, door):
            author.check()
            if time.monotonic() > deadline:
                raise RunFailed("the server did not take the history")
            await asyncio.sleep(_POLL_SECONDS)


async def _holds(text: str, dialect: ClientDialect, port: int, door: str) -> bool:
    """Tell whether a new client gets the whole text; one that gets no answer may have come too early."""
    try:
        return spelt([await ask(dialect, port, door)]) == text
    except RunFailed:
        return False


class FirstOpening(NamedTuple):
    """A document, opened first thing after a start of the server."""

    seconds: float
    usage: Usage
    growth: int
    """Of the server's resident memory, in bytes, with the document open for a moment."""

    state: bytes


async def open_first(dialect: ClientDialect, stand: Stand, is_whole: Callable[[bytes], bool]) -> FirstOpening:
    """Start the server, have its first client open the document until a state is the whole of it, and end the server again."""
    async with stand.serving() as server:
        await asyncio.sleep(_SETTLING_SECONDS)
        client = _First(dialect, server.processes)
        memory = server.processes.resident_bytes()
        before, start = CpuSeconds.now(server.processes), time.perf_counter()
        async with joined([client], server.port, stand.door):
            number, state = await _whole(client, is_whole)
            await asyncio.sleep(_SETTLING_SECONDS)
            growth = server.processes.resident_bytes() - memory
    usage = Usage(before, client.readings[number])
    return FirstOpening(client.arrivals[number].at - start, usage, growth, state)


class _First(Client):
    """A client that reads the CPU times of everybody with each message."""

    def __init__(self, dialect: ClientDialect, processes: ProcessTree) -> None:
        super().__init__(dialect)
        self.readings: list[CpuSeconds] = []
        """One for each arrival."""

        self._processes = processes

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        super().on_ws_frame(transport, frame)
        if len(self.readings) < len(self.arrivals):
            self.readings.append(CpuSeconds.now(self._processes))


async def _whole(client: Client, is_whole: Callable[[bytes], bool]) -> tuple[int, bytes]:
    """Wait for the message that makes the document whole; return its number, and the document.

    A server that answers before it has read its store says step 2 of nothing, and tells of the document in an update.
    """
    document: Doc[Text] = Doc()
    deadline = time.monotonic() + _READING_SECONDS
    number = 0
    while time.monotonic() < deadline:
        client.check()
        for _, message in client.arrivals[number:]:
            heard = client.dialect.hear(message)
            number += 1
            if isinstance(heard, SyncStep2 | SyncUpdate):
                document.apply_update(heard.update)
                state = document.get_update()
                if is_whole(state):
                    return number - 1, state
        await asyncio.sleep(_POLL_SECONDS)
    raise RunFailed("the document was not the whole one after a restart")
