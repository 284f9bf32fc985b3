"""The documents' records in a database: the port `DocumentStore`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    column,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
    values,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import DocumentDeleted, DocumentExists, DocumentNotFound
from collab.ports import (
    DocumentChanges,
    DocumentKind,
    DocumentName,
    DocumentPage,
    DocumentRecord,
    Ensured,
    document_subject,
)
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import members
from collab.storage.cursors import Place
from collab.storage.database import Database
from collab.storage.migrations import check_schema
from collab.storage.records import COLUMNS, IS_DELETED, IS_LIVING, find_deleted, find_living, record_of, utc_now
from collab.storage.row_by_row import read_sound
from collab.storage.stored_bytes import checksum
from collab.storage.tables import documents, fold, search_text, updates

_LIST: Final = "documents"


_INSERT: Final = text(
    "INSERT INTO documents (name, title, kind, search_text, created_at, updated_at)"
    " VALUES (:name, :title, :kind, :search_text, :now, :now) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=documents.c.created_at.type))
"""Another node may create the same at the same moment."""


class SqlDocumentStore:
    """Keeps records in the table `documents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        name: DocumentName,
        *,
        kind: DocumentKind,
        title: str,
        update: bytes | None = None,
        owner: str | None = None,
    ) -> DocumentRecord:
        """Insert the record, its first update and its owner in one transaction; of two that create the same name, one wins."""
        now = utc_now()
        values = {"name": name, "title": title, "kind": kind.value, "search_text": search_text(name, title)}
        async with self._database.writing() as connection:
            try:
                await connection.execute(insert(documents).values(**values, created_at=now, updated_at=now))
            except IntegrityError as error:
                raise _exists(name) from error
            record = await _living(connection, name)
            if update is not None:
                await connection.execute(
                    insert(updates).values(
                        document_id=record.id, content=update, checksum=checksum(update), created_at=now
                    )
                )
            if owner is not None:
                await connection.execute(
                    insert(members).values(
                        document_id=record.id, user_id=owner, role="owner", granted_by=owner, created_at=now
                    )
                )
        return record

    async def ensure(self, names: Collection[DocumentName]) -> Mapping[DocumentName, Ensured]:
        """Go the road of a commit: however many come into being at once, it is one turn."""
        ensured: dict[DocumentName, Ensured] = {}

        def statements(connection: Connection) -> None:
            for name in sorted(names):  # two nodes never wait crosswise
                ensured[name] = _ensure(connection, name)

        await self._database.commit(statements)
        return ensured

    async def get(self, name: DocumentName) -> DocumentRecord:
        """Read the living document's record."""
        async with self._database.reading() as connection:
            return await _living(connection, name)

    async def change(self, name: DocumentName, changes: DocumentChanges) -> DocumentRecord:
        """Change the record; a change of nothing writes nothing."""
        async with self._database.writing() as connection:
            record = await _living(connection, name, lock=True)
            changed = replace(
                record,
                title=record.title if changes.title is None else changes.title,
                kind=record.kind if changes.kind is None else changes.kind,
            )
            if changed == record:
                return record
            changed = replace(changed, updated_at=utc_now())
            await connection.execute(
                update(documents)
                .where(documents.c.id == record.id)
                .values(
                    title=changed.title,
                    kind=changed.kind.value,
                    search_text=search_text(name, changed.title),
                    updated_at=changed.updated_at,
                )
            )
        return changed

    async def delete(self, name: DocumentName) -> DocumentRecord:
        """Mark the record as deleted, and tell; its content stays."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            record = replace(await _living(connection, name, lock=True), deleted_at=utc_now())
            await connection.execute(
                update(documents).where(documents.c.id == record.id).values(deleted_at=record.deleted_at)
            )
            await tell(connection, document_subject(record.id))
        return record

    async def restore(self, name: DocumentName) -> DocumentRecord:
        """Take the mark off again, unless a successor lives."""
        async with self._database.writing() as connection:
            record = await connection.run_sync(find_deleted, name, lock=True)
            # Looked up after the lock was had, which may have meant waiting for another that restores.
            if await connection.run_sync(find_living, name) is not None:
                raise _exists(name)
            if record is None:
                raise DocumentNotFound(f"no document {name!r} is in the trash")
            try:
                await connection.execute(update(documents).where(documents.c.id == record.id).values(deleted_at=None))
            except IntegrityError as error:
                raise _exists(name) from error
        return replace(record, deleted_at=None)

    async def page(
        self, *, limit: int, cursor: str | None = None, query: str | None = None, prefixes: Sequence[str] | None = None
    ) -> DocumentPage:
        """List living documents by keyset; a document that changes meanwhile moves to the front, and is not met again further on.

        Those whose row is damaged are left out.
        """
        if limit < 1:
            raise ValueError(f"a page of {limit} documents was asked for; expected 1 or more")
        conditions = [IS_LIVING, documents.c.kind.in_([kind.value for kind in DocumentKind])]
        if cursor is not None:
            place = Place.decode(cursor, _LIST)
            conditions.append(tuple_(documents.c.updated_at, documents.c.id) < tuple_(place.at, place.id))
        if query is not None:
            conditions.append(self._contains(query))
        if prefixes is not None:
            conditions.append(_named_by(prefixes))
        statement = (
            select(*COLUMNS)
            .where(*conditions)
            .order_by(documents.c.updated_at.desc(), documents.c.id.desc())
            .limit(limit + 1)  # one more tells whether there is a next page
        )
        async with self._database.reading() as connection:
            found = await connection.run_sync(read_sound, statement, documents.c.id, record_of)
        page = tuple(found[:limit])
        next_cursor = Place(page[-1].updated_at, page[-1].id).encode(_LIST) if len(found) > limit else None
        return DocumentPage(page, next_cursor)

    async def ready(self) -> None:
        """Ask the database for its schema's revision."""
        async with self._database.reading() as connection:
            await check_schema(connection, self._database.address)

    def _contains(self, query: str) -> ColumnElement[bool]:
        """Tell whether title or name contains the query, every character of which means itself."""
        if not can_be_stored(query):
            return false()
        position = func.instr if self._database.is_sqlite else func.strpos
        return position(documents.c.search_text, fold(query)) > 0


async def _living(connection: AsyncConnection, name: DocumentName, *, lock: bool = False) -> DocumentRecord:
    record = await connection.run_sync(find_living, name, lock=lock)
    if record is not None:
        return record
    if await connection.run_sync(find_deleted, name) is not None:
        raise _in_trash(name)
    raise DocumentNotFound(f"there is no document {name!r}")


def _in_trash(name: DocumentName) -> DocumentDeleted:
    return DocumentDeleted(f"the document {name!r} is in the trash; it can be restored")


def _named_by(patterns: Sequence[str]) -> ColumnElement[bool]:
    """Tell whether the name is one of the patterns, or begins with one that ends in `*`; both to the letter, case and all."""
    patterns = [pattern for pattern in patterns if can_be_stored(pattern)]
    names = [pattern for pattern in patterns if not pattern.endswith("*")]
    beginnings = [pattern[:-1] for pattern in patterns if pattern.endswith("*")]
    conditions: list[ColumnElement[bool]] = []
    if names:
        conditions.append(documents.c.name.in_(names))
    if beginnings:
        # A table rather than a chain of OR: SQLite refuses one of a thousand.
        table = values(column("beginning", Text), name="beginnings").data([(text,) for text in beginnings]).cte()
        found = func.substr(documents.c.name, 1, func.length(table.c.beginning)) == table.c.beginning
        conditions.append(exists(select(1).select_from(table).where(found)))
    return or_(false(), *conditions)


def can_be_stored(text: str) -> bool:
    """Tell whether a text column could hold this; PostgreSQL takes no NUL, and neither takes half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _exists(name: DocumentName) -> DocumentExists:
    return DocumentExists(f"a document {name!r} exists already")


def _ensure(connection: Connection, name: DocumentName) -> Ensured:
    living = select(*COLUMNS).where(documents.c.name == name, IS_LIVING)
    is_new = False
    if (row := connection.execute(living).mappings().one_or_none()) is None:
        if connection.scalar(select(exists().where(documents.c.name == name, IS_DELETED))):
            raise _in_trash(name)
        values = {"name": name, "title": name, "kind": DocumentKind.YJS, "search_text": search_text(name, name)}
        is_new = connection.execute(_INSERT, {**values, "now": utc_now()}).rowcount == 1
        row = connection.execute(living).mappings().one()
    return Ensured(record_of(row), is_new)
