"""What a document with a long history takes up in a database, and how long it takes to open it from there."""

import gc
import os
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import PrimaryKeyConstraint, Table, TextClause, UniqueConstraint, bindparam, select, text, update

from benchmarks.histories import Edit, generated, recorded
from benchmarks.measure import check_undisturbed
from benchmarks.processes import machine_cpu_seconds
from benchmarks.report import alone
from collab import offloading
from collab.hub.replicas import load_replica
from collab.hub.tail import Tail
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, StoredContent
from collab.rooms.claims import Author, Claim
from collab.storage import Storage, migrate, open_storage
from collab.storage.database import Database, open_database
from collab.storage.tables import metadata, updates

NAME: Final = DocumentName("history")
EDITS_IN_A_COMMIT: Final = 50
SMALL_STATE: Final = 32 * 1024
"""Bytes; below this the shortest tail outweighs a state."""

LONGEST_AGO: Final = 3650
"""Days before now in which a history begins."""

_LINE_POINTER: Final = 4
_INDEX_ENTRY: Final = 12
_OPENINGS: Final = 11
_MEASURED_EACH: Final = 50
"""Compactions between two measurements of the opening; the last one counts."""


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

    opening_at_rest: float
    """The same when everybody has left."""


async def write_history(storage: Storage, database: Database, history: Iterable[Edit]) -> Stored:
    """Commit a history as a live room would, and compact it whenever that is due; measure what it takes up meanwhile.

    Each edit has its author, each client id is claimed with its first one, and the times of all are those of people who type.
    """
    empty = await size_of(database)
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    writing = _Writing(storage, database, record.id)
    edits, compactions, state, largest, opening = 0, 0, 0, 0.0, 0.0
    remaining = iter(history)
    while batch := tuple(islice(remaining, EDITS_IN_A_COMMIT)):
        edits += len(batch)
        await writing.commit(batch)
        if not writing.tail.is_due:
            continue
        if state > SMALL_STATE:
            largest = max(largest, (await size_of(database) - empty) / state)
        if compactions % _MEASURED_EACH == 0:
            opening = await _opening(storage)
        state = await writing.compact()
        compactions += 1
    replica = load_replica(await storage.log.load(NAME))
    if writing.tail.is_due_at_rest(replica.state):
        await writing.compact()
    rest = await size_of(database) - empty
    return Stored(edits, compactions, len(replica.state()), largest, rest, opening, await _opening(storage))


class _Writing:
    """The log of a document while a history is written into it."""

    def __init__(self, storage: Storage, database: Database, document: DocumentId) -> None:
        self.tail = Tail(StoredContent(None, ()))
        self._storage = storage
        self._database = database
        self._document = document
        self._claimed: set[int] = set()
        self._times: list[datetime] = []
        """Of the edits in the tail."""
        self._now = datetime.now(UTC) - timedelta(days=LONGEST_AGO)

    async def commit(self, batch: Sequence[Edit]) -> None:
        contents = tuple(edit.update for edit in batch)
        authors = tuple(Author(f"user-{edit.author}", f"User {edit.author}") for edit in batch)
        first = {edit.client: author for edit, author in zip(reversed(batch), reversed(authors), strict=True)}
        claims = tuple(Claim(client, author) for client, author in first.items() if client not in self._claimed)
        self._claimed |= first.keys()
        await self._storage.log.append([Append(self._document, contents, authors, claims)])
        self.tail.add(contents)
        for edit in batch:
            self._now += timedelta(seconds=edit.pause)
            self._times.append(self._now)

    async def compact(self) -> int:
        """Compact the log, and return the size of the state."""
        await self._set_times()
        self.tail.begin()
        outcome = await self._storage.log.compact(self._document)
        self.tail.end(outcome)
        return 0 if outcome is None else outcome.snapshot_bytes

    async def _set_times(self) -> None:
        """Give the rows of the tail the times at which people would have made them; they were written all at once."""
        async with self._database.writing() as connection:
            ids = await connection.scalars(
                select(updates.c.id).where(updates.c.document_id == self._document).order_by(updates.c.id)
            )
            await connection.execute(
                update(updates).where(updates.c.id == bindparam("row")).values(created_at=bindparam("at")),
                [{"row": row, "at": at} for row, at in zip(ids, self._times, strict=True)],
            )
        self._times.clear()


async def _opening(storage: Storage) -> float:
    times: list[float] = []
    for _ in range(_OPENINGS):
        gc.collect()
        start = time.perf_counter()
        load_replica(await storage.log.load(NAME))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


async def size_of(database: Database) -> int:
    """Return the size of a database's rows with their indexes: SQLite's pages in use, or PostgreSQL's rows and entries as laid out."""
    async with database.reading() as connection:
        if database.is_sqlite:
            pages, free, bytes_each = [
                int((await connection.execute(text(f"PRAGMA {name}"))).scalar_one())
                for name in ("page_count", "freelist_count", "page_size")
            ]
            return (pages - free) * bytes_each
        return sum([int(await connection.scalar(_laid_out(table)) or 0) for table in metadata.sorted_tables])


def _laid_out(table: Table) -> TextClause:
    """Return what asks PostgreSQL for the size of a table; what vacuum has not yet given back is left out.

    A row has a line pointer, and an entry of an index that and a header; `pg_column_size` counts the header of a row.
    """
    unique = [each.columns for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    indexed = [column.name for columns in (*unique, *(index.columns for index in table.indexes)) for column in columns]
    entries = _INDEX_ENTRY * (len(unique) + len(table.indexes))
    keys = "".join(f" + coalesce(pg_column_size({name}), 0)" for name in indexed)
    return text(f"SELECT sum(pg_column_size({table.name}.*) + {_LINE_POINTER + entries}{keys}) FROM {table.name}")


def histories(traces: Path | None) -> Mapping[str, Iterable[Edit]]:
    """Return the generated history and, where there is a directory of recorded ones, those."""
    recordings = sorted(traces.glob("*.json.gz")) if traces is not None else []
    return {"generated": generated()} | {path.name.removesuffix(".json.gz"): recorded(path) for path in recordings}


async def measure(each: Mapping[str, Iterable[Edit]]) -> dict[str, Stored]:
    """Write each history into an SQLite database of its own. Raises `RunFailed` when others were busy meanwhile.

    Nobody waits here for the hundreds of compactions, or for processes of their own to start: they run in threads.
    """
    offloading.HEAVY = sys.maxsize
    results: dict[str, Stored] = {}
    start, others = time.perf_counter(), _cpu_seconds_of_others()
    for name, history in each.items():
        with TemporaryDirectory(prefix="collab-benchmark-") as directory:
            url = f"sqlite:///{directory}/collab.db"
            await migrate(url)
            async with open_storage(url) as storage, open_database(url) as database:
                results[name] = await write_history(storage, database, history)
    others_share = (_cpu_seconds_of_others() - others) / (time.perf_counter() - start)
    check_undisturbed(0.0, others_share, os.cpu_count() or 1)
    return results


def _cpu_seconds_of_others() -> float:
    return machine_cpu_seconds() - time.process_time()


def store_table(results: Mapping[str, Stored]) -> str:
    """Return what was measured as a Markdown table."""
    conditions = (
        f"SQLite, {EDITS_IN_A_COMMIT} edits in a commit, each with its author; openings are medians of {_OPENINGS}, "
        "with the longest tail there was, and at rest. "
        f"{alone(shared_by='the database')}"
    )
    lines = [
        conditions,
        "",
        "| history | edits | encoded state | database at most | database at rest | compactions | opening | at rest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, stored in results.items():
        most = f"{stored.largest:.1f} times the state" if stored.largest else "-"
        lines.append(
            f"| {name} | {stored.edits:,} | {stored.state:,} B | {most} | {stored.rest:,} B "
            f"({stored.rest / stored.state:.1f} times) | {stored.compactions} "
            f"| {stored.opening * 1e3:.0f} ms | {stored.opening_at_rest * 1e3:.0f} ms |"
        )
    return "\n".join(lines)
