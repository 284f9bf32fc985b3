"""The update log in a database: the port `UpdateLog`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from typing import Final

from anyio import to_thread
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CollabError, CorruptDocument, DocumentDeleted, DocumentNotFound
from collab.ports import Append, Compaction, DocumentId, DocumentName, StoredContent, StoredDocument
from collab.rooms.compaction import Compacted, compact
from collab.storage.database import Database
from collab.storage.records import find_deleted, find_living, utc_now
from collab.storage.tables import documents, snapshots, updates

DELETED_AT_ONCE: Final = 500
"""Rows that one statement deletes: each is a parameter, of which older versions of SQLite allow a thousand."""

_INSERT_UPDATES: Final = insert(updates).inline()  # nobody asks for the ids of the new rows
_TOUCH_DOCUMENT: Final = (
    update(documents).where(documents.c.id == bindparam("document")).values(updated_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class _Logged:
    """What is stored of a document, and what identifies it."""

    snapshot_number: int | None
    snapshot: bytes | None
    ids: tuple[int, ...]
    updates: tuple[bytes, ...]


class SqlUpdateLog:
    """Keeps content in the tables `updates` and `snapshots`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Read the living document of this name in one transaction."""
        with _corrupt_unless_read(f"the document {name!r}"):
            async with self._database.reading() as connection:
                record = await find_living(connection, name)
                if record is not None:
                    logged = await _read(connection, record.id)
                    return StoredDocument(record, StoredContent(logged.snapshot, logged.updates))
                if await find_deleted(connection, name) is not None:
                    raise DocumentDeleted(f"the document {name!r} is in the trash; it can be restored")
                return None

    async def append(self, batch: Sequence[Append]) -> None:
        """Commit all updates of the batch in one transaction of two statements.

        Cancelled before its commit began it leaves nothing, and afterwards everything, whatever the caller gets to hear of it. Raises
        `DocumentNotFound` for an id that never was a document's: then nothing was written.
        """
        now = utc_now()
        rows = [
            {"document_id": append.document, "content": content, "created_at": now}
            for append in batch
            for content in append.updates
        ]
        if not rows:
            return
        # Sorted, so that two nodes never wait for each other's rows crosswise.
        touched = sorted({append.document for append in batch if append.updates})

        def statements(connection: Connection) -> None:
            try:
                connection.execute(_INSERT_UPDATES, rows)
            except IntegrityError as error:
                raise DocumentNotFound(f"updates came for the documents {touched}; not all of them exist") from error
            connection.execute(_TOUCH_DOCUMENT, [{"document": document, "now": now} for document in touched])

        await self._database.commit(statements)

    async def compact(self, document: DocumentId) -> Compaction | None:
        """Fold the log into a snapshot, in a thread and outside any transaction; then replace what was read, if it is still there.

        Raises `CorruptDocument` when what is stored cannot be loaded: then it stays as it is.
        """
        with _corrupt_unless_read(f"the document with id {document}"):
            async with self._database.reading() as connection:
                logged = await _read(connection, document)
        if not logged.ids:
            return None
        try:
            compacted = await to_thread.run_sync(compact, logged.snapshot, logged.updates)
        except CollabError as error:
            raise CorruptDocument(
                f"what is stored of the document with id {document} cannot be loaded: {error}"
            ) from error
        folded = _folded(logged, compacted)
        if not folded:
            return None
        async with self._database.writing() as connection:
            replaced = await _replace(connection, document, logged.snapshot_number, compacted.state, folded)
        return Compaction(len(folded), len(compacted.state)) if replaced else None


async def _read(connection: AsyncConnection, document: DocumentId) -> _Logged:
    snapshot = (
        await connection.execute(
            select(snapshots.c.number, snapshots.c.state).where(snapshots.c.document_id == document)
        )
    ).one_or_none()
    rows = (
        await connection.execute(
            select(updates.c.id, updates.c.content).where(updates.c.document_id == document).order_by(updates.c.id)
        )
    ).all()
    return _Logged(
        snapshot_number=None if snapshot is None else snapshot.number,
        snapshot=None if snapshot is None else _bytes(snapshot.state),
        ids=tuple(row.id for row in rows),
        updates=tuple(_bytes(row.content) for row in rows),
    )


def _folded(logged: _Logged, compacted: Compacted) -> list[int]:
    kept = set(compacted.waiting)
    return list(compress(logged.ids, (index not in kept for index in range(len(logged.ids)))))


async def _replace(
    connection: AsyncConnection, document: DocumentId, read_number: int | None, state: bytes, folded: Sequence[int]
) -> bool:
    """Write the snapshot and delete the rows that it holds, unless another node has put another snapshot there meanwhile."""
    await connection.execute(select(documents.c.id).where(documents.c.id == document).with_for_update(key_share=True))
    number = await connection.scalar(select(snapshots.c.number).where(snapshots.c.document_id == document))
    if number != read_number:
        return False
    now = utc_now()
    if number is None:
        await connection.execute(insert(snapshots).values(document_id=document, number=1, state=state, created_at=now))
    else:
        await connection.execute(
            update(snapshots)
            .where(snapshots.c.document_id == document)
            .values(number=number + 1, state=state, created_at=now)
        )
    for start in range(0, len(folded), DELETED_AT_ONCE):
        await connection.execute(delete(updates).where(updates.c.id.in_(folded[start : start + DELETED_AT_ONCE])))
    return True


def _bytes(stored: object) -> bytes:
    if not isinstance(stored, bytes):
        raise TypeError(f"a stored {type(stored).__name__} came; expected bytes")
    return stored


@contextmanager
def _corrupt_unless_read(subject: str) -> Iterator[None]:
    """Say which document it is whose rows hold what this program never wrote there."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise CorruptDocument(f"{subject} cannot be read: {error}") from error
