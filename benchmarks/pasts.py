"""A document with a long past: what it takes up in the database, and what it takes to open it first thing after a restart."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pycrdt import Doc, Text

from benchmarks import units
from benchmarks.clients import connected
from benchmarks.histories import chaptered
from benchmarks.keystrokes import type_letters
from benchmarks.reopening import open_first
from benchmarks.report import Column
from benchmarks.rounds import Stand, Trial
from benchmarks.shelves import shelve
from collab.protocol.updates import StateVector, decode_state_vector

OPENINGS: Final = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, sizes in bytes."""

    opening: float
    """From connecting to the whole document."""

    cpu: float
    """CPU time that the server took for it."""

    p99: float
    edit_cpu: float
    """Of what one person types in it and another reads; and the server's CPU time for each edit."""

    state: int
    """What the document is for whoever opens it."""

    stored: int
    """In the database, with its indexes."""

    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column("opened after a restart", lambda run: run.opening, units.milliseconds, panel="opening"),
    Column("CPU of that", lambda run: run.cpu, units.milliseconds, panel="opening"),
    Column("p99 of typing in it", lambda run: run.p99, units.milliseconds, panel="typing"),
    Column("CPU of an edit", lambda run: run.edit_cpu, units.milliseconds, panel="typing"),
    Column("encoded state", lambda run: run.state, units.kilobytes, panel="size"),
    Column("in the database", lambda run: run.stored, units.kilobytes, panel="size"),
)


def trial(edits: float, directory: Path) -> Trial[Outcome]:
    """Return what puts a document of so many edits into the servers' directory, and opens it after each of some restarts."""

    async def run(stand: Stand) -> Outcome:
        updates = [edit.update for edit in chaptered(round(edits))]
        stored = await shelve(directory, stand.room, updates)
        return await _run(clocks_in(updates), stored, stand)

    return run


async def _run(expected: StateVector, stored: int, stand: Stand) -> Outcome:
    dialect = stand.dialect()
    openings = [await open_first(dialect, stand, lambda state: clocks_in([state]) == expected) for _ in range(OPENINGS)]
    async with stand.serving() as server, connected(2, dialect, server.port, stand.door) as (author, reader):
        typed = await type_letters(author, reader, expected, server)
    return Outcome(
        opening=statistics.median(each.seconds for each in openings),
        cpu=statistics.mean(each.usage.server_seconds for each in openings),
        p99=typed.p99,
        edit_cpu=typed.cpu,
        state=len(openings[-1].state),
        stored=stored,
        generator_share=typed.generator_share,
        others_share=typed.others_share,
    )


def clocks_in(updates: Sequence[bytes]) -> StateVector:
    """Return the clock that each author has reached in a document of these updates."""
    document: Doc[Text] = Doc()
    with document.transaction():
        for update in updates:
            document.apply_update(update)
    return decode_state_vector(document.get_state())
