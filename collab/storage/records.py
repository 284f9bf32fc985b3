"""Rows, found and read: documents by name as records, snapshots and updates as the bytes that were stored."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument
from collab.ports import DocumentId, DocumentKind, DocumentName, DocumentRecord
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

IS_LIVING: Final[ColumnElement[bool]] = documents.c.deleted_at.is_(None)
IS_DELETED: Final[ColumnElement[bool]] = documents.c.deleted_at.is_not(None)


def utc_now() -> datetime:
    """Return the time as the records keep it."""
    return datetime.now(UTC)


def record_of(row: RowMapping) -> DocumentRecord:
    """Read a record. Raises `CorruptDocument` for a kind that this version does not know."""
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
        title=row["title"],
        kind=kind,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )


async def find_living(connection: AsyncConnection, name: DocumentName, *, lock: bool = False) -> DocumentRecord | None:
    """Return the living document of this name; `lock` keeps others from changing its row until the transaction ends."""
    statement = select(*COLUMNS).where(documents.c.name == name, IS_LIVING)
    if lock:
        statement = statement.with_for_update(key_share=True)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else record_of(row)


async def find_deleted(connection: AsyncConnection, name: DocumentName, *, lock: bool = False) -> DocumentRecord | None:
    """Return the document of this name that was put into the trash last; `lock` as in `find_living`."""
    statement = (
        select(*COLUMNS)
        .where(documents.c.name == name, IS_DELETED)
        .order_by(documents.c.deleted_at.desc(), documents.c.id.desc())
        .limit(1)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else record_of(row)


async def read_rows(
    connection: AsyncConnection, document: DocumentId
) -> tuple[RowMapping | None, Sequence[RowMapping]]:
    """Return the rows of a document's snapshot, if it has one, and of its log, in the order of their ids."""
    snapshot = await connection.execute(select(snapshots).where(snapshots.c.document_id == document))
    log = await connection.execute(select(updates).where(updates.c.document_id == document).order_by(updates.c.id))
    return snapshot.mappings().one_or_none(), log.mappings().all()


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
