"""Versions of documents in a database: the port `VersionStore`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anyio import to_thread
from sqlalchemy import RowMapping, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CollabError, CorruptDocument, DocumentNotFound, VersionNotFound
from collab.ports import DocumentId, Version, VersionId, VersionKind, VersionPage
from collab.rooms.authorship import participants
from collab.rooms.claims import Author
from collab.rooms.compaction import compact
from collab.rooms.thinning import superfluous
from collab.storage.authors import Authors
from collab.storage.authorship import authors_by_number, authorship_in
from collab.storage.cursors import Place
from collab.storage.database import Database
from collab.storage.log import DELETED_AT_ONCE
from collab.storage.records import read_rows, snapshot_of, state_of, update_of, utc_now
from collab.storage.stored_bytes import StoredState, checksum, encode_state
from collab.storage.tables import documents, versions

_INFO: Final = (
    versions.c.id,
    versions.c.kind,
    versions.c.name,
    versions.c.created_at,
    versions.c.author_id,
    versions.c.participants,
)

_Row = RowMapping | Mapping[str, Any]


class SqlVersionStore:
    """Keeps versions in the table `versions`."""

    def __init__(self, database: Database, authors: Authors) -> None:
        self._database = database
        self._authors = authors

    async def take(
        self, document: DocumentId, kind: VersionKind, *, name: str | None = None, author: Author | None = None
    ) -> Version | None:
        """Read the log in one view and fold it in a thread; then insert the version, unless another node has taken the same meanwhile."""
        numbers = await self._authors.numbered([author])
        now = utc_now()
        async with self._database.reading() as connection:
            read = await read_rows(connection, document)
            latest = await _latest(connection, document)
        try:
            taken = await to_thread.run_sync(_fold, *read, latest)
        except (CollabError, TypeError, ValueError) as error:
            raise CorruptDocument(f"the document with id {document} cannot be read: {error}") from error
        values = {
            "document_id": document,
            "kind": kind.value,
            "name": name,
            "encoding": taken.state.encoding,
            "state": taken.state.stored,
            "checksum": checksum(taken.state.stored),
            "created_at": now,
            "author_id": numbers.get(author),
            "participants": taken.participants,
        }
        async with self._database.writing() as connection:
            found = await connection.scalar(
                select(documents.c.id).where(documents.c.id == document).with_for_update(key_share=True)
            )
            if found is None:
                raise DocumentNotFound(f"there is no document with id {document}")
            if kind is VersionKind.AUTOMATIC and _is_same(await _latest(connection, document), taken.state):
                return None
            number = await connection.scalar(insert(versions).values(values).returning(versions.c.id))
            names = await authors_by_number(connection, _numbers([values]))
        return _version({**values, "id": number}, names)

    async def page(self, document: DocumentId, *, limit: int, cursor: str | None = None) -> VersionPage:
        """List versions by keyset."""
        if limit < 1:
            raise ValueError(f"a page of {limit} versions was asked for; expected 1 or more")
        conditions = [versions.c.document_id == document]
        if cursor is not None:
            place = Place.decode(cursor)
            conditions.append(tuple_(versions.c.created_at, versions.c.id) < tuple_(place.at, place.id))
        order = (versions.c.created_at.desc(), versions.c.id.desc())
        async with self._database.reading() as connection:
            found = await connection.execute(select(*_INFO).where(*conditions).order_by(*order).limit(limit + 1))
            rows = found.mappings().all()
            names = await authors_by_number(connection, _numbers(rows[:limit]))
        page = tuple(_version(row, names) for row in rows[:limit])
        next_cursor = Place(page[-1].created_at, page[-1].id).encode() if len(rows) > limit else None
        return VersionPage(page, next_cursor)

    async def get(self, document: DocumentId, version: VersionId) -> Version:
        """Read everything but the state."""
        async with self._database.reading() as connection:
            return await _get(connection, document, version)

    async def before(self, document: DocumentId, version: VersionId) -> VersionId | None:
        """Look for the one that was taken last before."""
        async with self._database.reading() as connection:
            own = await _get(connection, document, version)
            return await connection.scalar(
                select(versions.c.id)
                .where(
                    versions.c.document_id == document,
                    tuple_(versions.c.created_at, versions.c.id) < tuple_(own.created_at, own.id),
                )
                .order_by(versions.c.created_at.desc(), versions.c.id.desc())
                .limit(1)
            )

    async def state(self, document: DocumentId, version: VersionId) -> bytes:
        """Read the state, and check it."""
        statement = select(versions.c.encoding, versions.c.state, versions.c.checksum).where(
            versions.c.document_id == document, versions.c.id == version
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            raise _not_found(version)
        try:
            return await to_thread.run_sync(state_of, row)
        except (TypeError, ValueError) as error:
            raise CorruptDocument(f"version {version} cannot be read: {error}") from error

    async def rename(self, document: DocumentId, version: VersionId, name: str) -> Version:
        """Write the name; an automatic version becomes a named one."""
        async with self._database.writing() as connection:
            await _get(connection, document, version)
            own = update(versions).where(versions.c.document_id == document, versions.c.id == version)
            await connection.execute(own.values(name=name))
            await connection.execute(
                own.where(versions.c.kind == VersionKind.AUTOMATIC.value).values(kind=VersionKind.NAMED.value)
            )
            return await _get(connection, document, version)

    async def delete(self, document: DocumentId, version: VersionId) -> None:
        """Delete the row."""
        async with self._database.writing() as connection:
            await _get(connection, document, version)
            await connection.execute(
                delete(versions).where(versions.c.document_id == document, versions.c.id == version)
            )

    async def thin(self, document: DocumentId) -> int:
        """Delete what `superfluous` names; one that was given a name meanwhile stays."""
        automatic = (versions.c.document_id == document, versions.c.kind == VersionKind.AUTOMATIC.value)
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(versions.c.id, versions.c.created_at).where(*automatic))).all()
        ids = superfluous(((row.id, row.created_at) for row in rows), utc_now())
        for start in range(0, len(ids), DELETED_AT_ONCE):
            async with self._database.writing() as connection:
                some = versions.c.id.in_(ids[start : start + DELETED_AT_ONCE])
                await connection.execute(delete(versions).where(*automatic, some))
        return len(ids)


@dataclass(frozen=True, slots=True)
class _Taken:
    state: StoredState
    participants: list[int | None]


def _fold(snapshot: RowMapping | None, rows: Sequence[RowMapping], latest: RowMapping | None) -> _Taken:
    state = compact(None if snapshot is None else snapshot_of(snapshot), [update_of(row) for row in rows]).state
    before = None if latest is None else state_of(latest, "the version before")
    found = participants(authorship_in(snapshot, rows), before, state)
    return _Taken(encode_state(state), sorted(found, key=lambda number: (number is None, number)))


async def _latest(connection: AsyncConnection, document: DocumentId) -> RowMapping | None:
    found = await connection.execute(
        select(versions.c.encoding, versions.c.state, versions.c.checksum)
        .where(versions.c.document_id == document)
        .order_by(versions.c.created_at.desc(), versions.c.id.desc())
        .limit(1)
    )
    return found.mappings().one_or_none()


def _is_same(row: RowMapping | None, state: StoredState) -> bool:
    return row is not None and bool(row["encoding"] == state.encoding and row["state"] == state.stored)


def _numbers(rows: Iterable[_Row]) -> Iterator[int | None]:
    return (number for row in rows for number in (row["author_id"], *row["participants"]))


async def _get(connection: AsyncConnection, document: DocumentId, version: VersionId) -> Version:
    found = await connection.execute(select(*_INFO).where(versions.c.document_id == document, versions.c.id == version))
    row = found.mappings().one_or_none()
    if row is None:
        raise _not_found(version)
    return _version(row, await authors_by_number(connection, _numbers([row])))


def _version(row: _Row, names: Mapping[int | None, Author]) -> Version:
    return Version(
        id=VersionId(row["id"]),
        kind=VersionKind(row["kind"]),
        name=row["name"],
        created_at=row["created_at"],
        author=names.get(row["author_id"]),
        participants=tuple(names.get(number) for number in row["participants"]),
    )


def _not_found(version: VersionId) -> VersionNotFound:
    return VersionNotFound(f"the document has no version {version}")
