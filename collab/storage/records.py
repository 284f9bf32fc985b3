"""Rows, found and read: documents by name as records, snapshots and updates as the bytes that were stored."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Select, select

from collab.errors import CorruptDocument
from collab.ports import DocumentId, DocumentKind, DocumentName, DocumentRecord, StoredContent
from collab.storage.row_by_row import read_all, read_row_by_row
from collab.storage.stored_bytes import decode_state, stored_bytes, verify
from collab.storage.tables import documents, snapshots, updates

COLUMNS: Final = (
    documents.c.id,
    documents.c.name,
    documents.c.title,
    documents.c.kind,
    documents.c.created_at,
    documents.c.updated_at,
    documents.c.deleted_at,
)
"""What a record is read from."""

_STATE: Final = (snapshots.c.state, snapshots.c.encoding, snapshots.c.checksum)
_UPDATE: Final = (updates.c.id, updates.c.content, updates.c.checksum)

IS_LIVING: Final[ColumnElement[bool]] = documents.c.deleted_at.is_(None)
IS_DELETED: Final[ColumnElement[bool]] = documents.c.deleted_at.is_not(None)


def utc_now() -> datetime:
    """Return the time as the records keep it."""
    return datetime.now(UTC)


def record_of(row: RowMapping) -> DocumentRecord:
    """Read a record; a title that is no text, which SQLite lets stand there, is none.

    Raises `CorruptDocument` for a kind that this version does not know, and for a name that is no text.
    """
    if not isinstance(row["name"], str):
        raise CorruptDocument(f"the document with id {row['id']} has the name {row['name']!r}; expected text")
    try:
        kind = DocumentKind(row["kind"])
    except ValueError as error:
        expected = ", ".join(DocumentKind)
        raise CorruptDocument(
            f"the document {row['name']!r} is of kind {row['kind']!r}; expected one of {expected}"
        ) from error
    return DocumentRecord(
        id=DocumentId(row["id"]),
        name=DocumentName(row["name"]),
        title=row["title"] if isinstance(row["title"], str) else "",
        kind=kind,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )


def find_living(connection: Connection, name: DocumentName, *, lock: bool = False) -> DocumentRecord | None:
    """Return the living document of this name; `lock` keeps others from changing its row until the transaction ends.

    Raises `CorruptDocument` where its row cannot be read.
    """
    statement = select(*COLUMNS).where(documents.c.name == name, IS_LIVING)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return _record(connection, statement, name)


def find_deleted(connection: Connection, name: DocumentName, *, lock: bool = False) -> DocumentRecord | None:
    """Return the document of this name that was put into the trash last; `lock` and what is raised as in `find_living`."""
    statement = (
        select(*COLUMNS)
        .where(documents.c.name == name, IS_DELETED)
        .order_by(documents.c.deleted_at.desc(), documents.c.id.desc())
        .limit(1)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    return _record(connection, statement, name)


def _record(connection: Connection, statement: Select[Any], name: DocumentName) -> DocumentRecord | None:
    try:
        rows = read_all(connection, statement)
    except ValueError as error:
        raise CorruptDocument(f"the document {name!r} cannot be read: {error}") from error
    return record_of(rows[0]) if rows else None


def read_rows(
    connection: Connection,
    document: DocumentId,
    *,
    snapshot_columns: Sequence[Column[Any]] = tuple(snapshots.c),
    log_columns: Sequence[Column[Any]] = tuple(updates.c),
) -> tuple[RowMapping | None, Sequence[RowMapping]]:
    """Return the rows of a document's snapshot, if it has one, and of its log, in the order of their ids.

    Raises `CorruptDocument` where one cannot be read, naming it.
    """
    snapshot = read_row_by_row(
        connection, select(*snapshot_columns).where(snapshots.c.document_id == document), snapshots.c.document_id
    )
    log = read_row_by_row(
        connection, select(*log_columns).where(updates.c.document_id == document).order_by(updates.c.id), updates.c.id
    )
    unreadable = [f"its snapshot: {reason}" for reason in snapshot.unreadable.values()]
    unreadable += [f"row {row} of its log: {reason}" for row, reason in log.unreadable.items()]
    if unreadable:
        raise CorruptDocument(f"the document with id {document} cannot be read: {unreadable[0]}")
    return snapshot.rows[0] if snapshot.rows else None, log.rows


def read_content(connection: Connection, document: DocumentId) -> StoredContent:
    """Read what a document holds, but not who wrote it.

    Raises `CorruptDocument` as `read_rows` does, and `TypeError` or `ValueError` for what this program never wrote.
    """
    snapshot, rows = read_rows(connection, document, snapshot_columns=_STATE, log_columns=_UPDATE)
    return StoredContent(None if snapshot is None else snapshot_of(snapshot), tuple(map(update_of, rows)))


def snapshot_of(row: RowMapping) -> bytes:
    """Return the state that a row of `snapshots` holds. Raises `TypeError` or `ValueError` for what this program never wrote."""
    return state_of(row, "the snapshot")


def state_of(row: RowMapping, what: str = "its state") -> bytes:
    """Return the state that a row of `snapshots` or `versions` holds. Raises as `snapshot_of` does."""
    verify(what, stored_bytes(row["state"]), row["checksum"])
    return decode_state(row["encoding"], row["state"])


def update_of(row: RowMapping) -> bytes:
    """Return the update that a row of `updates` holds. Raises as `snapshot_of` does, naming the row."""
    try:
        content = stored_bytes(row["content"])
    except TypeError as error:
        raise TypeError(f"row {row['id']} of its log: {error}") from None
    verify(f"row {row['id']} of its log", content, row["checksum"])
    return content
