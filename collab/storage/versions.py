"""Versions of documents in a database: the port `VersionStore`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread
from sqlalchemy import RowMapping, and_, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument, DocumentNotFound, TooManyVersions, VersionNotFound
from collab.offloading import offloaded
from collab.ports import DocumentId, DocumentKind, DocumentName, Version, VersionId, VersionKind, VersionPage
from collab.rooms.claims import Author
from collab.rooms.folding import sorted_participants, take_version
from collab.rooms.thinning import HOURLY_FOR, superfluous
from collab.storage.authors import Authors
from collab.storage.authorship import UNREADABLE, authors_by_number, stored_of
from collab.storage.cursors import Place
from collab.storage.database import Database
from collab.storage.log import DELETED_AT_ONCE
from collab.storage.records import IS_LIVING, read_rows, state_of, utc_now
from collab.storage.row_by_row import read_all, read_row_by_row, read_sound
from collab.storage.stored_bytes import StoredState, checksum, encode_state
from collab.storage.tables import documents, snapshots, updates, versions
from collab.storage.version_rows import INFO, authors_of, check_participants, sound, version_of


class SqlVersionStore:
    """Keeps versions in the table `versions`."""

    def __init__(self, database: Database, authors: Authors) -> None:
        self._database = database
        self._authors = authors

    async def lacking(self, *, limit: int) -> list[tuple[DocumentName, DocumentId]]:
        """Ask the indexes for them."""
        of_it = versions.c.document_id == documents.c.id
        newest = select(func.max(versions.c.created_at)).where(of_it).correlate(documents).scalar_subquery()
        # Not asked of the log, whose rows a compaction may have folded since.
        is_edited_since = or_(newest.is_(None), documents.c.updated_at > newest)
        has_content = [exists().where(table.c.document_id == documents.c.id) for table in (updates, snapshots)]
        statement = (
            select(documents.c.name, documents.c.id)
            .where(IS_LIVING, is_edited_since, or_(*has_content))
            .order_by(documents.c.updated_at.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            read = await connection.run_sync(read_row_by_row, statement, documents.c.id)
        return [(DocumentName(row["name"]), DocumentId(row["id"])) for row in read.rows if isinstance(row["name"], str)]

    async def take(
        self,
        document: DocumentId,
        kind: VersionKind,
        *,
        name: str | None = None,
        author: Author | None = None,
        max_named: int | None = None,
    ) -> Version | None:
        """Read the log in one view and fold it in a thread; then insert the version, unless another node has taken the same meanwhile.

        Where another process compacted the log meanwhile, it is read again: that may have forgotten who wrote what no other version holds.
        """
        numbers = await self._authors.numbered([author])
        async with self._database.folding.of(document):
            return await self._take(document, kind, name, numbers.get(author), max_named)

    async def _take(
        self,
        document: DocumentId,
        kind: VersionKind,
        name: str | None,
        author_number: int | None,
        max_named: int | None,
    ) -> Version | None:
        while True:
            now = utc_now()
            async with self._database.reading() as connection:
                snapshot, rows = await connection.run_sync(read_rows, document)
                latest = await _latest(connection, document)
                document_kind = await connection.scalar(select(documents.c.kind).where(documents.c.id == document))
            if document_kind is None:
                raise DocumentNotFound(f"there is no document with id {document}")
            try:
                DocumentKind(document_kind)  # or the version could never be read
                taken = await _fold(snapshot, rows, latest)
            except UNREADABLE as error:
                raise CorruptDocument(f"the document with id {document} cannot be read: {error}") from error
            values = {
                "document_id": document,
                "kind": kind.value,
                "document_kind": document_kind,
                "name": name,
                "encoding": taken.state.encoding,
                "state": taken.state.stored,
                "checksum": checksum(taken.state.stored),
                "created_at": now,
                "author_id": author_number,
                "participants": taken.participants,
            }
            async with self._database.writing() as connection:
                await _lock(connection, document)
                number = await connection.scalar(select(snapshots.c.number).where(snapshots.c.document_id == document))
                if number != (None if snapshot is None else snapshot["number"]):
                    continue
                if kind is VersionKind.NAMED:
                    await _check_room(connection, document, max_named)
                if kind is VersionKind.AUTOMATIC and _is_same(await _latest(connection, document), taken.state):
                    return None
                version = await connection.scalar(insert(versions).values(values).returning(versions.c.id))
                names = await authors_by_number(connection, authors_of([values]))
            return version_of({**values, "id": version}, names)

    async def page(self, document: DocumentId, *, limit: int, cursor: str | None = None) -> VersionPage:
        """List versions by keyset; those whose row is damaged are left out."""
        if limit < 1:
            raise ValueError(f"a page of {limit} versions was asked for; expected 1 or more")
        of = f"versions of {document}"
        conditions = [versions.c.document_id == document]
        if cursor is not None:
            place = Place.decode(cursor, of)
            conditions.append(tuple_(versions.c.created_at, versions.c.id) < tuple_(place.at, place.id))
        order = (versions.c.created_at.desc(), versions.c.id.desc())
        async with self._database.reading() as connection:
            statement = select(*INFO).where(*conditions).order_by(*order).limit(limit + 1)
            rows = await connection.run_sync(read_sound, statement, versions.c.id, sound)
            names = await authors_by_number(connection, authors_of(rows[:limit]))
        page = tuple(version_of(row, names) for row in rows[:limit])
        next_cursor = Place(page[-1].created_at, page[-1].id).encode(of) if len(rows) > limit else None
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
        try:
            async with self._database.reading() as connection:
                rows = await connection.run_sync(read_all, statement)
            if not rows:
                raise _not_found(version)
            return await to_thread.run_sync(state_of, rows[0])
        except (TypeError, ValueError) as error:
            raise CorruptDocument(f"version {version} cannot be read: {error}") from error

    async def rename(
        self, document: DocumentId, version: VersionId, name: str, *, max_named: int | None = None
    ) -> Version:
        """Write the name; a version of another kind becomes a named one."""
        async with self._database.writing() as connection:
            await _lock(connection, document)
            if (await _get(connection, document, version)).kind is not VersionKind.NAMED:
                await _check_room(connection, document, max_named)
            await connection.execute(
                update(versions)
                .where(versions.c.document_id == document, versions.c.id == version)
                .values(name=name, kind=VersionKind.NAMED.value)
            )
            return await _get(connection, document, version)

    async def delete(self, document: DocumentId, version: VersionId) -> None:
        """Delete the row, also one that is damaged."""
        async with self._database.writing() as connection:
            await _lock(connection, document)
            await _pass_on(connection, document, {version})
            deleted = await connection.execute(
                delete(versions).where(versions.c.document_id == document, versions.c.id == version)
            )
        if deleted.rowcount == 0:
            raise _not_found(version)

    async def next_documents(self, after: DocumentId | None, *, limit: int) -> list[DocumentId]:
        """Ask the index for those of each document: a row that says of itself whose it is may say what cannot be read."""
        found = select(documents.c.id).where(exists().where(versions.c.document_id == documents.c.id))
        found = found.order_by(documents.c.id).limit(limit)
        if after is not None:
            found = found.where(documents.c.id > after)
        async with self._database.reading() as connection:
            return [DocumentId(document) for document in await connection.scalars(found)]

    async def thin(self, document: DocumentId) -> int:
        """Delete what `superfluous` names; one that was given a name meanwhile stays, and so does one whose age cannot be read."""
        now = utc_now()
        is_restores = versions.c.kind == VersionKind.BEFORE_RESTORE.value
        thinned = (
            versions.c.document_id == document,
            or_(
                versions.c.kind == VersionKind.AUTOMATIC.value,
                and_(is_restores, versions.c.created_at <= now - HOURLY_FOR),
            ),
        )
        async with self._database.reading() as connection:
            times = select(versions.c.id, versions.c.created_at).where(*thinned)
            rows = (await connection.run_sync(read_row_by_row, times, versions.c.id)).rows
        ids = list(await self._superfluous(document, {row["id"]: row["created_at"] for row in rows}, now))
        for start in range(0, len(ids), DELETED_AT_ONCE):
            async with self._database.writing() as connection:
                await _lock(connection, document)
                some = versions.c.id.in_(ids[start : start + DELETED_AT_ONCE])
                going = set(await connection.scalars(select(versions.c.id).where(*thinned, some)))
                await _pass_on(connection, document, going)
                await connection.execute(delete(versions).where(*thinned, some))
        return len(ids)

    async def _superfluous(
        self, document: DocumentId, times: Mapping[VersionId, datetime], now: datetime
    ) -> Collection[VersionId]:
        """Return which of these versions may go: those in whose place a sound one stays."""
        damaged: set[VersionId] = set()
        while True:
            kept_for = superfluous(((version, at) for version, at in times.items() if version not in damaged), now)
            found = {version for version in set(kept_for.values()) if not await self._is_sound(document, version)}
            if not found:
                return kept_for.keys()
            damaged |= found

    async def _is_sound(self, document: DocumentId, version: VersionId) -> bool:
        try:
            await self.state(document, version)
        except CorruptDocument:
            return False
        return True


async def _lock(connection: AsyncConnection, document: DocumentId) -> None:
    """Keep other versions, their names and snapshots of the document away until the transaction ends. Raises `DocumentNotFound`."""
    found = await connection.scalar(
        select(documents.c.id).where(documents.c.id == document).with_for_update(key_share=True)
    )
    if found is None:
        raise DocumentNotFound(f"there is no document with id {document}")


async def _pass_on(connection: AsyncConnection, document: DocumentId, going: Collection[int]) -> None:
    """Let the next version that stays say who took part in those before it that go; what is damaged and stays could tell nobody."""
    statement = select(*INFO).where(versions.c.document_id == document)
    rows = (await connection.run_sync(read_row_by_row, statement, versions.c.id)).rows
    passed: set[int | None] = set()
    for row in sorted(rows, key=lambda row: (row["created_at"], row["id"])):
        try:
            if row["id"] in going:
                passed.update(check_participants(row["participants"]))
                continue
            named = sound(row)["participants"]
        except (ValueError, CorruptDocument):
            continue
        if not passed <= set(named):
            told = sorted_participants([*named, *passed])
            await connection.execute(update(versions).where(versions.c.id == row["id"]).values(participants=told))
        passed.clear()


async def _check_room(connection: AsyncConnection, document: DocumentId, max_named: int | None) -> None:
    if max_named is None:
        return
    named = versions.c.document_id == document, versions.c.kind == VersionKind.NAMED.value
    count = await connection.scalar(select(func.count()).select_from(versions).where(*named)) or 0
    if count >= max_named:
        raise TooManyVersions(
            f"the document has {count} named versions; {max_named} are allowed, so that one must be deleted before another is named"
        )


@dataclass(frozen=True, slots=True)
class _Taken:
    state: StoredState
    participants: list[int | None]


async def _fold(snapshot: RowMapping | None, rows: Sequence[RowMapping], latest: RowMapping | None) -> _Taken:
    stored = await to_thread.run_sync(stored_of, snapshot, rows)
    before, since = await to_thread.run_sync(_before, latest)
    taken = await offloaded(stored.weight + len(before or b""), take_version, stored, before, since)
    return _Taken(await to_thread.run_sync(encode_state, taken.state), taken.participants)


def _before(latest: RowMapping | None) -> tuple[bytes | None, int]:
    """Return the state of the version before and its time; the empty beginning where there is none that can be read."""
    if latest is None:
        return None, 0
    try:
        return state_of(latest), int(latest["created_at"].timestamp())
    except (TypeError, ValueError):
        return None, 0


async def _latest(connection: AsyncConnection, document: DocumentId) -> RowMapping | None:
    statement = (
        select(versions.c.id, versions.c.encoding, versions.c.state, versions.c.checksum, versions.c.created_at)
        .where(versions.c.document_id == document)
        .order_by(versions.c.created_at.desc(), versions.c.id.desc())
        .limit(1)
    )
    found = await connection.run_sync(read_sound, statement, versions.c.id, lambda row: row)
    return found[0] if found else None


def _is_same(row: RowMapping | None, state: StoredState) -> bool:
    return row is not None and bool(row["encoding"] == state.encoding and row["state"] == state.stored)


async def _get(connection: AsyncConnection, document: DocumentId, version: VersionId) -> Version:
    statement = select(*INFO).where(versions.c.document_id == document, versions.c.id == version)
    try:
        rows = await connection.run_sync(read_all, statement)
    except ValueError as error:
        raise CorruptDocument(f"version {version} cannot be read: {error}") from error
    if not rows:
        raise _not_found(version)
    row = sound(rows[0])
    return version_of(row, await authors_by_number(connection, authors_of([row])))


def _not_found(version: VersionId) -> VersionNotFound:
    return VersionNotFound(f"the document has no version {version}")
