"""Looking over what is stored, document by document, and cutting out of a log what keeps its document from loading."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anyio import to_thread
from sqlalchemy import delete, insert, literal, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument, StorageError
from collab.ports import Act, DocumentId, DocumentName, VersionId
from collab.storage.audit import write_down
from collab.storage.authors import read_authors, with_numbers
from collab.storage.credit_notes import CREDIT_NOTE
from collab.storage.database import Database
from collab.storage.flaws import (
    Flaw,
    FlawedVersion,
    StoredRows,
    check_version,
    examine,
    flaws_of_authors,
)
from collab.storage.migrations import check_schema
from collab.storage.orphans import Orphan, find_orphans
from collab.storage.owners import CLAIM
from collab.storage.records import COLUMNS, IS_DELETED, utc_now
from collab.storage.row_by_row import read_row_by_row
from collab.storage.tables import (
    claims,
    credit_notes,
    documents,
    quarantined_authorship,
    quarantined_updates,
    snapshots,
    updates,
    versions,
)
from collab.storage.version_rows import authors_of

PAGE: Final = 500
"""Documents whose names are read at once."""


@dataclass(frozen=True, slots=True)
class StoredName:
    """One life of a document, as far as it takes to find and name it."""

    id: DocumentId
    name: DocumentName
    in_trash: bool


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
                if found:
                    raise StorageError(f"{self._database.address} is damaged: {'; '.join(found)}")

    async def documents(self) -> AsyncIterator[StoredName]:
        """Go through all documents, those in the trash among them; one whose name cannot be read is called by its id."""
        last = 0
        while page := await self._page(last):
            for document in page:
                yield document
            last = page[-1].id

    async def _page(self, after: int) -> list[StoredName]:
        page = select(documents.c.id, documents.c.name, IS_DELETED.label("in_trash")).where(documents.c.id > after)
        async with self._database.reading() as connection:
            read = await connection.run_sync(read_row_by_row, page.order_by(documents.c.id).limit(PAGE), documents.c.id)
        named = [StoredName(DocumentId(row["id"]), row["name"], bool(row["in_trash"])) for row in read.rows]
        named += [StoredName(DocumentId(id_), DocumentName(f"(id {id_})"), in_trash=False) for id_ in read.unreadable]
        return sorted(named, key=lambda document: document.id)

    async def inspect(self, document: DocumentId) -> list[Flaw]:
        """Return what is wrong with all that is stored of a document, its versions apart; nothing when it is sound."""
        async with self._database.reading() as connection:
            stored = await _read(connection, document)
        examined = await to_thread.run_sync(examine, stored)
        async with self._database.reading() as connection:  # no author ever goes
            read = await connection.run_sync(read_authors, with_numbers(examined.authors))
        return [*examined.flaws, *flaws_of_authors(examined.authors, read)]

    async def inspect_orphans(self) -> list[Orphan]:
        """Return the rows that belong to no document."""
        async with self._database.reading() as connection:
            return await find_orphans(connection)

    async def inspect_authors(self) -> Mapping[int, str]:
        """Return the authors whose rows cannot be read, and what is wrong with each."""
        async with self._database.reading() as connection:
            return (await connection.run_sync(read_authors, true())).damaged

    async def inspect_versions(self, document: DocumentId) -> list[FlawedVersion]:
        """Return the versions of a document that cannot be read."""
        async with self._database.reading() as connection:
            ids = select(versions.c.id).where(versions.c.document_id == document).order_by(versions.c.id)
            found = (await connection.execute(ids)).scalars().all()
        return [flawed for version in found if (flawed := await self._inspect_version(VersionId(version))) is not None]

    async def _inspect_version(self, version: VersionId) -> FlawedVersion | None:
        async with self._database.reading() as connection:
            read = await connection.run_sync(
                read_row_by_row, select(versions).where(versions.c.id == version), versions.c.id
            )
            for reason in read.unreadable.values():
                return FlawedVersion(version, reason)
            for row in read.rows:  # none where it was deleted meanwhile
                try:
                    await to_thread.run_sync(check_version, row)
                except (TypeError, ValueError) as error:
                    return FlawedVersion(version, str(error))
                named = {number for number in authors_of([row]) if number is not None}
                found = await connection.run_sync(read_authors, with_numbers(named))  # a damaged one is named by itself
                if gone := sorted(named - found.known.keys() - found.damaged.keys(), key=repr):
                    return FlawedVersion(version, f"it names the authors {gone}, who are not in the table `authors`")
        return None

    async def cut(self, document: DocumentId, rows: Sequence[int], act: Act | None = None) -> None:
        """Take rows out of a document's log, in one transaction, and keep them in `quarantined_updates`. An act is written down with it.

        Raises `StorageError` when not all of them are there, and `CorruptDocument` when one of them is not to blame: then nothing is cut.
        """
        flawed = {flaw.row for flaw in await self.inspect(document) if flaw.keeps_from_loading}
        if innocent := sorted(set(rows) - flawed):
            raise CorruptDocument(
                f"the document loads with the rows {innocent}; only what keeps it from loading is cut out"
            )
        cut = updates.c.id.in_(rows), updates.c.document_id == document
        columns = ("document_id", "content", "checksum", "created_at", "author_id")
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
            if act is not None:
                await write_down(connection, act)


async def _read(connection: AsyncConnection, document: DocumentId) -> StoredRows:
    log = select(updates).where(updates.c.document_id == document).order_by(updates.c.id)
    searched = select(documents.c.id, documents.c.search_text).where(documents.c.id == document)
    claimed = select(claims).where(claims.c.document_id == document)
    noted = select(credit_notes).where(credit_notes.c.document_id == document)
    cut_updates = select(quarantined_updates).where(quarantined_updates.c.document_id == document)
    set_aside = select(quarantined_authorship).where(quarantined_authorship.c.document_id == document)
    return StoredRows(
        await connection.run_sync(read_row_by_row, select(*COLUMNS).where(documents.c.id == document), documents.c.id),
        await connection.run_sync(read_row_by_row, searched, documents.c.id),
        await connection.run_sync(
            read_row_by_row, select(snapshots).where(snapshots.c.document_id == document), snapshots.c.document_id
        ),
        await connection.run_sync(read_row_by_row, log, updates.c.id),
        await connection.run_sync(read_row_by_row, claimed, CLAIM),
        await connection.run_sync(read_row_by_row, noted, CREDIT_NOTE),
        await connection.run_sync(read_row_by_row, cut_updates, quarantined_updates.c.update_id),
        await connection.run_sync(read_row_by_row, set_aside, quarantined_authorship.c.id),
    )
