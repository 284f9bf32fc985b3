"""The update log in a database: the port `UpdateLog`."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from anyio import to_thread
from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CollabError, CorruptDocument, DocumentDeleted, DocumentNotFound
from collab.ports import Append, Compaction, DocumentId, DocumentName, StoredContent, StoredDocument
from collab.rooms.compaction import compact
from collab.storage.authors import INSERT_CLAIMS, Authors, claim_rows
from collab.storage.authorship import folded_authorship
from collab.storage.credit_notes import read_open_units, read_owners, write_credit_notes
from collab.storage.database import Database
from collab.storage.prepared import PreparedStatement
from collab.storage.records import find_deleted, find_living, read_rows, snapshot_of, update_of, utc_now
from collab.storage.stored_bytes import StoredState, checksum, encode_state
from collab.storage.tables import documents, snapshots, updates

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


@dataclass(frozen=True, slots=True)
class _Logged:
    """What is stored of a document, and what identifies it."""

    row: RowMapping | None
    """Of the snapshot."""

    rows: Sequence[RowMapping]
    snapshot: bytes | None
    updates: tuple[bytes, ...]


class SqlUpdateLog:
    """Keeps content in the tables `updates` and `snapshots`."""

    def __init__(self, database: Database, authors: Authors) -> None:
        self._database = database
        self._authors = authors

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Read the living document of this name in one transaction."""
        with _corrupt_unless_read(f"the document {name!r}"):
            async with self._database.reading() as connection:
                record = await find_living(connection, name)
                if record is not None:
                    logged = await _read(connection, record.id)
                    return StoredDocument(
                        record,
                        StoredContent(logged.snapshot, logged.updates),
                        await read_owners(connection, record.id),
                        await read_open_units(connection, record.id),
                    )
                if await find_deleted(connection, name) is not None:
                    raise DocumentDeleted(f"the document {name!r} is in the trash; it can be restored")
                return None

    async def append(self, batch: Sequence[Append]) -> None:
        """Commit all updates of the batch in one transaction of two statements.

        Cancelled before its commit began it leaves nothing, and afterwards everything, whatever the caller gets to hear of it. Raises
        `DocumentNotFound` for an id that never was a document's: then nothing was written.
        """
        now = utc_now()
        ids = await self._authors.ids(batch)
        rows = [
            {
                "document_id": append.document,
                "content": content,
                "checksum": checksum(content),
                "created_at": now,
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
                _insert(connection, rows, touched)
                _TOUCH_DOCUMENT.execute(connection, [{"document": document, "now": now} for document in touched])
            if claims:
                connection.execute(INSERT_CLAIMS, claims)
            if has_notes:
                write_credit_notes(connection, batch, ids)

        await self._database.commit(statements)

    async def compact(self, document: DocumentId) -> Compaction | None:
        """Fold the log into a snapshot, in a thread and outside any transaction; then replace what was read, if it is still there.

        Raises `CorruptDocument` when what is stored cannot be loaded: then it stays as it is.
        """
        with _corrupt_unless_read(f"the document with id {document}"):
            async with self._database.reading() as connection:
                logged = await _read(connection, document)
        if not logged.rows:
            return None
        try:
            folded = await to_thread.run_sync(_fold, logged)
        except (CollabError, TypeError, ValueError) as error:
            raise CorruptDocument(
                f"what is stored of the document with id {document} cannot be loaded: {error}"
            ) from error
        if not folded.ids:
            return None
        async with self._database.writing() as connection:
            replaced = await _replace(
                connection, document, None if logged.row is None else logged.row["number"], folded
            )
        return Compaction(len(folded.ids), folded.state_bytes) if replaced else None


def _insert(connection: Connection, rows: list[dict[str, object]], touched: list[DocumentId]) -> None:
    try:
        _INSERT_UPDATES.execute(connection, rows)
    except (IntegrityError, sqlite3.IntegrityError) as error:
        raise DocumentNotFound(f"updates came for the documents {touched}; not all of them exist") from error


async def _read(connection: AsyncConnection, document: DocumentId) -> _Logged:
    """Read what is stored. Raises `TypeError` or `ValueError` for rows that are not what this program wrote."""
    snapshot, rows = await read_rows(connection, document)
    return _Logged(
        row=snapshot,
        rows=rows,
        snapshot=None if snapshot is None else snapshot_of(snapshot),
        updates=tuple(map(update_of, rows)),
    )


@dataclass(frozen=True, slots=True)
class _Folded:
    """The snapshot that takes the place of what was read."""

    ids: tuple[int, ...]
    """Of the rows that are in it."""

    state: StoredState
    state_bytes: int
    authorship: bytes


def _fold(logged: _Logged) -> _Folded:
    compacted = compact(logged.snapshot, logged.updates)
    kept = set(compacted.waiting)
    rows = [row for index, row in enumerate(logged.rows) if index not in kept]
    return _Folded(
        ids=tuple(row["id"] for row in rows),
        state=encode_state(compacted.state),
        state_bytes=len(compacted.state),
        authorship=folded_authorship(logged.row, rows),
    )


async def _replace(
    connection: AsyncConnection,
    document: DocumentId,
    read_number: int | None,
    folded: _Folded,
) -> bool:
    """Write the snapshot and delete the rows that it holds, unless another node has put another snapshot there meanwhile."""
    await connection.execute(select(documents.c.id).where(documents.c.id == document).with_for_update(key_share=True))
    number = await connection.scalar(select(snapshots.c.number).where(snapshots.c.document_id == document))
    if number != read_number:
        return False
    written = {
        "number": 1 if number is None else number + 1,
        "encoding": folded.state.encoding,
        "state": folded.state.stored,
        "checksum": checksum(folded.state.stored),
        "created_at": utc_now(),
        "authorship": folded.authorship,
    }
    if number is None:
        await connection.execute(insert(snapshots).values(document_id=document, **written))
    else:
        await connection.execute(update(snapshots).where(snapshots.c.document_id == document).values(**written))
    for start in range(0, len(folded.ids), DELETED_AT_ONCE):
        await connection.execute(delete(updates).where(updates.c.id.in_(folded.ids[start : start + DELETED_AT_ONCE])))
    return True


@contextmanager
def _corrupt_unless_read(subject: str) -> Iterator[None]:
    """Say which document it is whose rows hold what this program never wrote there."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise CorruptDocument(f"{subject} cannot be read: {error}") from error
