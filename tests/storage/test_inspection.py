"""Stored documents that do not load: what is found, what is cut out, and that nothing is lost by it."""

import pytest
from sqlalchemy import select, update

from collab.errors import CorruptDocument, StorageError
from collab.ports import Append, DocumentKind, DocumentName, DocumentRecord
from collab.rooms.claims import Author
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import authors, quarantined_updates, snapshots, updates
from tests.contracts.edits import text_of, typed
from tests.support.poison import POISON, victim_state

NAME = DocumentName("notes")
OTHER = DocumentName("other")


@pytest.fixture
async def notes(storage: Storage) -> DocumentRecord:
    """Give a document of three rows; another stands beside it."""
    await storage.documents.create(OTHER, kind=DocumentKind.YJS, title="", update=typed("fine")[0])
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    await storage.log.append([Append(record.id, typed("abc"))])
    return record


async def row_ids(database: Database, document: DocumentRecord) -> list[int]:
    async with database.reading() as connection:
        rows = select(updates.c.id).where(updates.c.document_id == document.id).order_by(updates.c.id)
        return list((await connection.execute(rows)).scalars())


async def flip_a_byte(database: Database, row: int, content: bytes) -> None:
    async with database.writing() as connection:
        await connection.execute(update(updates).where(updates.c.id == row).values(content=content))


async def test_documents_that_load_have_no_flaws(storage: Storage, notes: DocumentRecord) -> None:
    await storage.inspection.ready()
    assert await storage.inspection.inspect(notes.id) == []
    await storage.log.compact(notes.id)
    assert await storage.inspection.inspect(notes.id) == []


async def test_every_document_is_gone_through_also_in_the_trash(storage: Storage, notes: DocumentRecord) -> None:
    await storage.documents.delete(NAME)

    found = [(document.name, document.in_trash) async for document in storage.inspection.documents()]

    assert found == [(OTHER, False), (NAME, True)]
    assert notes.id in [document.id async for document in storage.inspection.documents()]


async def test_a_changed_byte_is_found_when_it_is_loaded(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    row = (await row_ids(database, notes))[1]
    await flip_a_byte(database, row, typed("xyz")[1])

    with pytest.raises(CorruptDocument, match=f"'notes' cannot be read: row {row} of its log has the checksum"):
        await storage.log.load(NAME)
    with pytest.raises(CorruptDocument):
        await storage.log.compact(notes.id)
    (flaw,) = await storage.inspection.inspect(notes.id)
    assert flaw.row == row
    assert await storage.log.load(OTHER) is not None


async def test_a_changed_snapshot_is_found_when_it_is_loaded(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    await storage.log.compact(notes.id)
    async with database.writing() as connection:
        await connection.execute(update(snapshots).values(state=b"junk"))

    with pytest.raises(CorruptDocument, match="the snapshot has the checksum"):
        await storage.log.load(NAME)
    (flaw,) = await storage.inspection.inspect(notes.id)
    assert flaw.row is None


async def test_poison_is_found_and_cut_out_and_kept(storage: Storage, database: Database) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=victim_state())
    await storage.log.append([Append(record.id, (POISON,), (Author("ada", "Ada"),))])
    await storage.log.append([Append(record.id, typed("abc"))])
    (flaw,) = await storage.inspection.inspect(record.id)
    assert flaw.row is not None

    await storage.inspection.cut(record.id, [flaw.row])

    assert await storage.inspection.inspect(record.id) == []
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert "abc" in text_of(stored.content.updates)
    async with database.reading() as connection:
        kept = (await connection.execute(select(quarantined_updates))).one()
        author = await connection.scalar(select(authors.c.id).where(authors.c.user_id == "ada"))
    assert (kept.update_id, kept.document_id, kept.content) == (flaw.row, record.id, POISON)
    assert author is not None
    assert kept.author_id == author


async def test_what_is_not_to_blame_is_not_cut(storage: Storage, database: Database, notes: DocumentRecord) -> None:
    rows = await row_ids(database, notes)
    await flip_a_byte(database, rows[1], b"junk")

    with pytest.raises(CorruptDocument, match=rf"loads with the rows \[{rows[0]}\]"):
        await storage.inspection.cut(notes.id, rows[:2])

    assert await row_ids(database, notes) == rows


async def test_cutting_a_row_that_is_not_there_changes_nothing(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    rows = await row_ids(database, notes)

    with pytest.raises(StorageError):
        await storage.inspection.cut(notes.id, [10_000])

    assert await row_ids(database, notes) == rows
