"""What a document with a long history takes up in a database, and how long it takes to open it from there."""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import text

from benchmarks.histories import generated, recorded
from benchmarks.report import machine
from collab.hub.rebuilding import load_replica
from collab.hub.tail import Tail
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, StoredContent
from collab.storage import Storage, migrate, open_storage
from collab.storage.database import Database, open_database

NAME: Final = DocumentName("history")
EDITS_IN_A_COMMIT: Final = 50
SMALL_STATE: Final = 32 * 1024
"""Bytes; below this the shortest tail outweighs a state."""

_OPENINGS: Final = 11
_MEASURED_EACH: Final = 50
"""Compactions between two measurements of the opening; the last one counts."""

Size = Callable[[], Awaitable[int]]
"""Tells what the documents take up in the database."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document into which a history was typed. Sizes in bytes, times in seconds."""

    edits: int
    compactions: int
    state: int
    """Its encoded state."""

    largest: float
    """The most it took up while it was written, in multiples of its state at that moment, once that was no longer small."""

    rest: int
    """What it takes up when everybody has left."""

    opening: float
    """From the database to a replica that can be edited; the median with the longest tail there was."""


async def write_history(storage: Storage, size: Size, history: Iterable[bytes]) -> Stored:
    """Commit a history as a live room would, and compact it whenever that is due; measure what it takes up meanwhile."""
    empty = await size()
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    tail = Tail(StoredContent(None, ()))
    updates, edits, compactions, state, largest, opening = iter(history), 0, 0, 0, 0.0, 0.0
    while batch := tuple(islice(updates, EDITS_IN_A_COMMIT)):
        edits += len(batch)
        await storage.log.append([Append(record.id, batch)])
        tail.add(batch)
        if not tail.is_due:
            continue
        if state > SMALL_STATE:
            largest = max(largest, (await size() - empty) / state)
        if compactions % _MEASURED_EACH == 0:
            opening = await _opening(storage)
        state = await _compact(storage, record.id, tail)
        compactions += 1
    if tail.is_due_at_rest:
        state = await _compact(storage, record.id, tail)
    return Stored(edits, compactions, state, largest, await size() - empty, opening)


async def _compact(storage: Storage, document: DocumentId, tail: Tail) -> int:
    tail.begin()
    outcome = await storage.log.compact(document)
    tail.end(outcome)
    return 0 if outcome is None else outcome.snapshot_bytes


async def _opening(storage: Storage) -> float:
    times: list[float] = []
    for _ in range(_OPENINGS):
        gc.collect()
        start = time.perf_counter()
        load_replica(await storage.log.load(NAME))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def size_of(database: Database) -> Size:
    """Return what tells the size of a database's rows with their indexes: SQLite's pages in use, or PostgreSQL's rows as laid out."""

    async def size() -> int:
        async with database.reading() as connection:
            if database.is_sqlite:
                pages, free, bytes_each = [
                    int((await connection.execute(text(f"PRAGMA {name}"))).scalar_one())
                    for name in ("page_count", "freelist_count", "page_size")
                ]
                return (pages - free) * bytes_each
            return int((await connection.execute(text(_POSTGRES_SIZE))).scalar_one())

    return size


_POSTGRES_SIZE: Final = """
    SELECT coalesce((SELECT sum(pg_column_size(updates.*) + 24 + 40) FROM updates), 0)
         + coalesce((SELECT sum(pg_column_size(snapshots.*)) FROM snapshots), 0)
"""
"""Each row of the log with its line pointer, header and two index entries. What vacuum has not yet given back is left out."""


def histories(traces: Path | None) -> Mapping[str, Iterable[bytes]]:
    """Return the generated history and, where there is a directory of recorded ones, those."""
    recordings = sorted(traces.glob("*.json.gz")) if traces is not None else []
    return {"generated": generated()} | {path.name.removesuffix(".json.gz"): recorded(path) for path in recordings}


async def measure(each: Mapping[str, Iterable[bytes]]) -> dict[str, Stored]:
    """Write each history into an SQLite database of its own."""
    results: dict[str, Stored] = {}
    for name, history in each.items():
        with TemporaryDirectory(prefix="collab-benchmark-") as directory:
            url = f"sqlite:///{directory}/collab.db"
            await migrate(url)
            async with open_storage(url) as storage, open_database(url) as database:
                results[name] = await write_history(storage, size_of(database), history)
    return results


def store_table(results: Mapping[str, Stored]) -> str:
    """Return what was measured as a Markdown table."""
    conditions = (
        f"SQLite, {EDITS_IN_A_COMMIT} edits in a commit; openings are medians of {_OPENINGS}, with the longest tail there was. "
        f"{machine()}."
    )
    lines = [
        conditions,
        "",
        "| history | edits | encoded state | database at most | database at rest | compactions | opening |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, stored in results.items():
        most = f"{stored.largest:.1f} times the state" if stored.largest else "-"
        lines.append(
            f"| {name} | {stored.edits:,} | {stored.state:,} B | {most} | {stored.rest:,} B "
            f"({stored.rest / stored.state:.1f} times) | {stored.compactions} | {stored.opening * 1e3:.0f} ms |"
        )
    return "\n".join(lines)
