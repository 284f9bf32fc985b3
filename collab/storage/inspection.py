"""Looking over what is stored, document by document, and cutting out of a log what keeps its document from loading."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from anyio import to_thread
from sqlalchemy import delete, func, insert, literal, select, text

from collab.errors import CorruptDocument, StorageError
from collab.ports import DocumentId, DocumentName, VersionId
from collab.rooms.inspection import find_poison
from collab.storage.database import Database
from collab.storage.migrations import check_schema
from collab.storage.records import read_rows, snapshot_of, state_of, update_of, utc_now
from collab.storage.tables import documents, quarantined_updates, updates, versions

PAGE: Final = 500
"""Documents whose names are read at once."""


@dataclass(frozen=True, slots=True)
class StoredName:
    """One life of a document, as far as it takes to find and name it."""

    id: DocumentId
    name: DocumentName
    in_trash: bool


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that keeps a document from loading."""

    row: int | None
    """The id of a row of the update log; `None` for the snapshot."""

    reason: str


@dataclass(frozen=True, slots=True)
class FlawedVersion:
    """A version that cannot be read; its document may well load."""

    id: VersionId
    reason: str


class Inspection:
    """Reads and mends below the ports: what it is asked for is what they refuse to serve."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ready(self) -> None:
        """Check the schema, and SQLite's own structures. Raises `DatabaseUnavailable`, or `StorageError` saying what is damaged."""
        async with self._database.reading() as connection:
            await check_schema(connection, self._database.address)
            if self._database.is_sqlite:
                found = [str(row[0]) for row in await connection.execute(text("PRAGMA integrity_check(10)"))]
                found = [line for line in found if line != "ok"]
                orphans = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
                found += [f"a row of {row[0]} belongs to nothing in {row[2]}" for row in orphans[:10]]
                if found:
                    raise StorageError(f"{self._database.address} is damaged: {'; '.join(found)}")

    async def count(self) -> int:
        """Return how many documents there are, those in the trash among them."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(documents)) or 0

    async def documents(self) -> AsyncIterator[StoredName]:
        """Go through all documents, those in the trash among them."""
        last = 0
        while page := await self._page(last):
            for document in page:
                yield document
            last = page[-1].id

    async def _page(self, after: int) -> list[StoredName]:
        page = select(documents.c.id, documents.c.name, documents.c.deleted_at).where(documents.c.id > after)
        async with self._database.reading() as connection:
            rows = await connection.execute(page.order_by(documents.c.id).limit(PAGE))
            return [StoredName(DocumentId(row.id), DocumentName(row.name), row.deleted_at is not None) for row in rows]

    async def inspect(self, document: DocumentId) -> list[Flaw]:
        """Return what keeps a document from loading; nothing when it loads."""
        async with self._database.reading() as connection:
            stored, rows = await read_rows(connection, document)
        flaws: list[Flaw] = []
        snapshot: bytes | None = None
        if stored is not None:
            try:
                snapshot = snapshot_of(stored)
            except (TypeError, ValueError) as error:
                return [Flaw(None, str(error))]
        ids: list[int] = []
        sound: list[bytes] = []
        for row in rows:
            try:
                sound.append(update_of(row))
                ids.append(row["id"])
            except (TypeError, ValueError) as error:
                flaws.append(Flaw(row["id"], str(error)))
        poisons = await to_thread.run_sync(find_poison, snapshot, sound)
        return flaws + [Flaw(None if poison.index is None else ids[poison.index], poison.reason) for poison in poisons]

    async def inspect_versions(self, document: DocumentId) -> list[FlawedVersion]:
        """Return the versions of a document that cannot be read."""
        async with self._database.reading() as connection:
            ids = (await connection.execute(select(versions.c.id).where(versions.c.document_id == document))).scalars()
            found = list(ids)
        return [flawed for version in found if (flawed := await self._inspect_version(VersionId(version))) is not None]

    async def _inspect_version(self, version: VersionId) -> FlawedVersion | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(versions).where(versions.c.id == version))).mappings().one_or_none()
        if row is None:
            return None  # deleted meanwhile
        try:
            poisons = await to_thread.run_sync(find_poison, state_of(row), [])
        except (TypeError, ValueError) as error:
            return FlawedVersion(version, str(error))
        return FlawedVersion(version, poisons[0].reason) if poisons else None

    async def cut(self, document: DocumentId, rows: Sequence[int]) -> None:
        """Take rows out of a document's log, in one transaction, and keep them in `quarantined_updates`.

        Raises `StorageError` when not all of them are there, and `CorruptDocument` when one of them is not to blame: then nothing is cut.
        """
        flawed = {flaw.row for flaw in await self.inspect(document)}
        if innocent := sorted(set(rows) - flawed):
            raise CorruptDocument(
                f"the document loads with the rows {innocent}; only what keeps it from loading is cut out"
            )
        cut = updates.c.id.in_(rows), updates.c.document_id == document
        columns = ("document_id", "content", "checksum", "created_at")
        async with self._database.writing() as connection:
            kept = await connection.execute(
                insert(quarantined_updates).from_select(
                    ["update_id", *columns, "cut_at"],
                    select(
                        updates.c.id,
                        *(updates.c[column] for column in columns),
                        literal(utc_now(), quarantined_updates.c.cut_at.type),
                    ).where(*cut),
                )
            )
            if kept.rowcount != len(set(rows)):
                raise StorageError(
                    f"{kept.rowcount} of the rows {sorted(set(rows))} are in the log; expected all of them"
                )
            await connection.execute(delete(updates).where(*cut))
