"""A document with a long history, opened first thing after a restart of the server."""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from pycrdt import Doc, Text

from benchmarks import units
from benchmarks.clients import Client, connected, joined
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.histories import ROOT, generated
from benchmarks.openings import ask, state_in
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.usage import CpuSeconds, Usage

OPENINGS: Final = 5
_AT_ONCE: Final = 500
"""Edits that are sent in one turn of the loop."""

_TYPING_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.5
_SETTLING_SECONDS: Final = 1.0
REST_SECONDS: Final = 60.0
"""After the author has left: by then each server has closed the document, and folded or written what it does at leisure."""


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
    async with stand.serving() as server:
        await _type(updates, text, dialect, server.port, stand.door)
        await asyncio.sleep(REST_SECONDS)
    openings = [await _open(text, dialect, stand) for _ in range(OPENINGS)]
    usages = [usage for _, usage in openings]
    return Outcome(
        opening=statistics.median(seconds for seconds, _ in openings),
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
        while spelt([await ask(dialect, port, door)]) != text:
            author.check()
            if time.monotonic() > deadline:
                raise RunFailed("the server did not take the history")
            await asyncio.sleep(_POLL_SECONDS)


async def _open(text: str, dialect: ClientDialect, stand: Stand) -> tuple[float, Usage]:
    first = await open_first(dialect, stand)
    if spelt([first.state]) != text:
        raise RunFailed("the document was not the whole one after a restart")
    return first.seconds, first.usage


class FirstOpening(NamedTuple):
    """A document, opened first thing after a start of the server."""

    seconds: float
    usage: Usage
    growth: int
    """Of the server's resident memory, in bytes, with the document open for a moment."""

    state: bytes


async def open_first(dialect: ClientDialect, stand: Stand) -> FirstOpening:
    """Start the server, open the document as its first client, and end the server again."""
    async with stand.serving() as server:
        await asyncio.sleep(_SETTLING_SECONDS)
        client = Client(dialect, keeps=False)
        memory = server.processes.resident_bytes()
        before, start = CpuSeconds.now(server.processes), time.perf_counter()
        async with joined([client], server.port, stand.door):
            usage = Usage(before, CpuSeconds.now(server.processes))
            at, message = client.arrivals[-1]
            await asyncio.sleep(_SETTLING_SECONDS)
            growth = server.processes.resident_bytes() - memory
    return FirstOpening(at - start, usage, growth, state_in(message, dialect))
