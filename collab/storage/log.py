"""The update log in a database: the port `UpdateLog`."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import Final

from anyio import to_thread
from sqlalchemy import (
    Connection,
    LargeBinary,
    RowMapping,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument, DocumentDeleted, DocumentNotFound
from collab.offloading import offloaded
from collab.ports import Append, Compaction, DocumentId, DocumentName, StoredContent, StoredDocument
from collab.rooms.credit_notes import Units
from collab.rooms.folding import Stored, fold, is_damaged
from collab.storage.authors import INSERT_CLAIMS, Authors, claim_rows
from collab.storage.authorship import UNREADABLE, stored_authorship, stored_of
from collab.storage.credit_notes import read_open_units, write_credit_notes
from collab.storage.database import Database
from collab.storage.owners import read_owners
from collab.storage.prepared import PreparedStatement
from collab.storage.records import find_deleted, find_living, read_content, read_rows, utc_now
from collab.storage.row_by_row import is_natural, read_row_by_row
from collab.storage.stored_bytes import StoredState, checksum, encode_state
from collab.storage.tables import documents, quarantined_authorship, snapshots, updates, versions

DELETED_AT_ONCE: Final = 500
"""Rows that one statement deletes: each is a parameter, of which older versions of SQLite allow a thousand."""

_INSERT_UPDATES: Final = PreparedStatement(
    insert(updates)
    .inline()  # nobody asks for the ids of the new rows
    .values({column: bindparam(column) for column in ("document_id", "content", "checksum", "created_at", "author_id")})
)
_TOUCH_DOCUMENT: Final = PreparedStatement(
    update(documents).where(documents.c.id == bindparam("document")).values(updated_at=bindparam("now"))
)


class SqlUpdateLog:
    """Keeps content in the tables `updates` and `snapshots`."""

    def __init__(self, database: Database, authors: Authors) -> None:
        self._database = database
        self._authors = authors

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Read the living document of this name in one transaction."""
        with _corrupt_unless_read(f"the document {name!r}"):
            return await self._database.read(partial(_load, name))

    async def warm_up(self) -> None:
        """Look for a document that cannot be, so that nobody has to wait while the statements of `load` are compiled."""
        await self._database.read(_find_nothing)

    async def append(self, batch: Sequence[Append]) -> None:
        """Commit all updates of the batch in one transaction of two statements.

        Cancelled before its commit began it leaves nothing, and afterwards everything, whatever the caller gets to hear of it. Raises
        `DocumentNotFound` for an id that never was a document's: then nothing was written.
        """
        now = utc_now()
        ids = await self._authors.ids(batch)
        rows: list[dict[str, int | bytes | None]] = [
            {
                "document_id": append.document,
                "content": content,
                "checksum": checksum(content),
                "author_id": ids.get(author),
            }
            for append in batch
            for content, author in zip_longest(append.updates, append.authors)
        ]
        has_notes = any(append.credit_notes for append in batch)
        if not rows and not has_notes:
            return
        claims = claim_rows(batch, ids)
        # Sorted, so that two nodes never wait for each other's rows crosswise.
        touched = sorted({append.document for append in batch if append.updates})

        def statements(connection: Connection) -> None:
            if rows:
                _insert(connection, rows, touched, now)
                _TOUCH_DOCUMENT.execute(connection, [{"document": document} for document in touched], now=now)
            if claims:
                connection.execute(INSERT_CLAIMS, claims)
            if has_notes:
                write_credit_notes(connection, batch, ids)

        await self._database.commit(statements)

    async def compact(self, document: DocumentId) -> Compaction | None:
        """Fold the log into a snapshot, in a thread and outside any transaction; then replace what was read, if it is still there.

        Where a version was taken meanwhile, all is read again: that may hold what was about to be forgotten who wrote it. Raises
        `CorruptDocument` when what is stored cannot be loaded: then it stays as it is.
        """
        async with self._database.folding.of(document):
            return await self._compact(document)

    async def _compact(self, document: DocumentId) -> Compaction | None:
        while True:
            with _corrupt_unless_read(f"the document with id {document}"):
                async with self._database.reading() as connection:
                    snapshot, rows = await connection.run_sync(read_rows, document)
                    kept = await _read_versions(connection, document)
            try:
                stored = await to_thread.run_sync(stored_of, snapshot, rows)
                if not rows and not await to_thread.run_sync(is_damaged, stored):
                    return None
                folded = await _fold(stored, rows, kept)
            except UNREADABLE as error:
                raise CorruptDocument(
                    f"what is stored of the document with id {document} cannot be loaded: {error}"
                ) from error
            if not folded.ids and folded.damage is None:
                return None
            async with self._database.writing() as connection:
                await _lock(connection, document)
                if await _newest_version(connection, document) > kept.newest:
                    continue
                replaced = await _replace(
                    connection, document, None if snapshot is None else snapshot["number"], folded
                )
            return Compaction(len(folded.ids), folded.state_bytes, folded.damage) if replaced else None


def _load(name: DocumentName, connection: Connection) -> StoredDocument | None:
    record = find_living(connection, name)
    if record is not None:
        return StoredDocument(record, *_read_parts(connection, record.id))
    if find_deleted(connection, name) is not None:
        raise DocumentDeleted(f"the document {name!r} is in the trash; it can be restored")
    return None


def _read_parts(
    connection: Connection, document: DocumentId
) -> tuple[StoredContent, dict[int, str], tuple[Units, ...]]:
    return (
        read_content(connection, document),
        read_owners(connection, document),
        read_open_units(connection, document),
    )


def _find_nothing(connection: Connection) -> None:
    _load(DocumentName(""), connection)
    _read_parts(connection, DocumentId(0))


def _insert(
    connection: Connection, rows: list[dict[str, int | bytes | None]], touched: list[DocumentId], now: datetime
) -> None:
    try:
        _INSERT_UPDATES.execute(connection, rows, created_at=now)
    except (IntegrityError, sqlite3.IntegrityError) as error:
        raise DocumentNotFound(f"updates came for the documents {touched}; not all of them exist") from error


@dataclass(frozen=True, slots=True)
class _Versions:
    """Those that are kept of a document."""

    times: tuple[datetime, ...] | None
    """When they were taken; `None` where that of one cannot be read."""

    newest: int
    """The number of the newest; 0 where there is none."""


async def _read_versions(connection: AsyncConnection, document: DocumentId) -> _Versions:
    statement = select(versions.c.id, versions.c.created_at).where(versions.c.document_id == document)
    read = await connection.run_sync(read_row_by_row, statement, versions.c.id)
    times = None if read.unreadable else tuple(row["created_at"] for row in read.rows)
    return _Versions(times, await _newest_version(connection, document))


async def _newest_version(connection: AsyncConnection, document: DocumentId) -> int:
    return await connection.scalar(select(func.max(versions.c.id)).where(versions.c.document_id == document)) or 0


@dataclass(frozen=True, slots=True)
class _Folded:
    """The snapshot that takes the place of what was read."""

    ids: tuple[int, ...]
    """Of the rows that are in it."""

    state: StoredState
    state_bytes: int
    authorship: bytes
    damage: str | None
    """As in `Stored`, of what was read."""


async def _fold(stored: Stored, rows: Sequence[RowMapping], kept_versions: _Versions) -> _Folded:
    times = None if kept_versions.times is None else sorted(int(each.timestamp()) for each in kept_versions.times)
    folded = await offloaded(stored.weight, fold, stored, times)
    kept = frozenset(folded.waiting)
    return _Folded(
        ids=tuple(row["id"] for index, row in enumerate(rows) if index not in kept),
        state=await to_thread.run_sync(encode_state, folded.state),
        state_bytes=len(folded.state),
        authorship=await to_thread.run_sync(stored_authorship, folded.authorship),
        damage=folded.damage,
    )


async def _lock(connection: AsyncConnection, document: DocumentId) -> None:
    """Keep other snapshots and versions of the document away until the transaction ends."""
    await connection.execute(select(documents.c.id).where(documents.c.id == document).with_for_update(key_share=True))


async def _replace(
    connection: AsyncConnection,
    document: DocumentId,
    read_number: int | None,
    folded: _Folded,
) -> bool:
    """Write the snapshot and delete the rows that it holds, unless another node has put another snapshot there meanwhile."""
    number = await connection.scalar(select(snapshots.c.number).where(snapshots.c.document_id == document))
    if number != read_number:
        return False
    if folded.damage is not None:
        await _quarantine_authorship(connection, document)
    written = {
        "number": number + 1 if is_natural(number) else 1,
        "encoding": folded.state.encoding,
        "state": folded.state.stored,
        "checksum": checksum(folded.state.stored),
        "created_at": utc_now(),
        "authorship": folded.authorship,
        "authorship_checksum": checksum(folded.authorship),
    }
    if number is None:
        await connection.execute(insert(snapshots).values(document_id=document, **written))
    else:
        await connection.execute(update(snapshots).where(snapshots.c.document_id == document).values(**written))
    for start in range(0, len(folded.ids), DELETED_AT_ONCE):
        await connection.execute(delete(updates).where(updates.c.id.in_(folded.ids[start : start + DELETED_AT_ONCE])))
    return True


async def _quarantine_authorship(connection: AsyncConnection, document: DocumentId) -> None:
    """Keep the record of who wrote the snapshot as it stands there."""
    kept = select(
        snapshots.c.document_id,
        snapshots.c.number,
        cast(snapshots.c.authorship, LargeBinary),  # SQLite may hold something else there
        snapshots.c.authorship_checksum,
        literal(utc_now(), quarantined_authorship.c.cut_at.type),
    ).where(snapshots.c.document_id == document)
    columns = ["document_id", "number", "authorship", "checksum", "cut_at"]
    await connection.execute(insert(quarantined_authorship).from_select(columns, kept))


@contextmanager
def _corrupt_unless_read(subject: str) -> Iterator[None]:
    """Say which document it is whose rows hold what this program never wrote there."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise CorruptDocument(f"{subject} cannot be read: {error}") from error
