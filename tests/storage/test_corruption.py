"""What stands in the tables and was never written there by this program: the one document is refused, the others are served."""

from contextlib import nullcontext

import pytest
from sqlalchemy import text, update

from collab.errors import CorruptDocument, DocumentNotFound
from collab.ports import Append, DocumentKind, DocumentName, VersionKind
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import documents
from tests.contracts.edits import typed

NAME = DocumentName("notes")
OTHERS = [DocumentName(f"other {number}") for number in range(5)]


@pytest.fixture
async def written(storage: Storage) -> Storage:
    await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("x")[0])
    await storage.documents.create(DocumentName("other"), kind=DocumentKind.YJS, title="", update=typed("x")[0])
    return storage


async def test_a_kind_that_this_version_does_not_know_is_corrupt(written: Storage, database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(update(documents).where(documents.c.name == NAME).values(kind="spreadsheet"))
    with pytest.raises(CorruptDocument, match="'notes' is of kind 'spreadsheet'; expected one of richtext, yjs"):
        await written.log.load(NAME)
    assert await written.log.load(DocumentName("other")) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE updates SET content = 'text' WHERE document_id = 1", "a stored str came; expected bytes"),
        ("UPDATE documents SET updated_at = 'yesterday' WHERE name = 'notes'", "yesterday"),
    ],
)
async def test_a_value_of_another_type_is_corrupt(
    written: Storage, database: Database, statement: str, reason: str
) -> None:
    async with database.writing() as connection:
        await connection.execute(text(statement))
    with pytest.raises(CorruptDocument, match=f"the document 'notes' cannot be read: .*{reason}"):
        await written.log.load(NAME)
    assert await written.log.load(DocumentName("other")) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "reason", "is_of_content"),
    [
        ("UPDATE updates SET content = CAST(x'ff' AS TEXT) WHERE id = 3", "row 3 of its log: its content", True),
        ("UPDATE updates SET created_at = CAST(x'ff' AS TEXT) WHERE id = 3", "row 3 of its log: its created_at", False),
        ("UPDATE updates SET author_id = CAST(x'ff' AS TEXT) WHERE id = 3", "row 3 of its log: its author_id", False),
        ("UPDATE snapshots SET encoding = CAST(x'ff' AS TEXT)", "its snapshot: its encoding", True),
    ],
)
async def test_text_that_is_none_is_damage_and_no_outage(
    written: Storage, database: Database, statement: str, reason: str, is_of_content: bool
) -> None:
    """A document whose content is whole is served all the same; nothing is folded that would lose who wrote it, and when."""
    record = await written.documents.get(NAME)
    await written.log.compact(record.id)
    await written.log.append([Append(record.id, (b"\x00\x00", b"\x00\x00"))])
    async with database.writing() as connection:
        await connection.execute(text(statement))

    refused = f"the document with id 1 cannot be read: {reason} cannot be read: Could not decode to UTF-8"
    with pytest.raises(CorruptDocument, match=refused) if is_of_content else nullcontext():
        await written.log.load(NAME)
    with pytest.raises(CorruptDocument, match=refused):
        await written.log.compact(record.id)
    with pytest.raises(CorruptDocument, match=refused):
        await written.versions.take(record.id, VersionKind.NAMED, name="Draft")
    with pytest.raises(CorruptDocument, match=refused):
        await written.authorship.read(record.id)
    assert await written.log.load(DocumentName("other")) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_text_that_is_none_is_damage_wherever_it_is_met(database: Database) -> None:
    with pytest.raises(CorruptDocument, match="holds text that is none: Could not decode to UTF-8 column 'met'"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT CAST(x'ff' AS TEXT) AS met"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["CAST(x'ff' AS TEXT)", "x'6e6f746573'"])
async def test_a_name_that_is_no_text_keeps_no_other_document_from_its_version(
    written: Storage, database: Database, name: str
) -> None:
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE documents SET name = {name} WHERE name = 'notes'"))

    assert [name for name, _ in await written.versions.lacking(limit=10)] == ["other"]


async def listed(storage: Storage, limit: int) -> list[str]:
    """Go through the listing, page by page."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = await storage.documents.page(limit=limit, cursor=cursor)
        assert len(page.documents) == limit or page.next_cursor is None
        names += [record.name for record in page.documents]
        cursor = page.next_cursor
        if cursor is None:
            return names


@pytest.fixture
async def several(storage: Storage) -> Storage:
    """Make six documents; `notes` is the fourth of the listing."""
    for name in (*OTHERS[:2], NAME, *OTHERS[2:]):
        await storage.documents.create(name, kind=DocumentKind.YJS, title="", update=typed("x")[0])
    return storage


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_a_document_of_an_unknown_kind_is_not_listed_and_hides_no_other(
    several: Storage, database: Database, limit: int
) -> None:
    async with database.writing() as connection:
        await connection.execute(update(documents).where(documents.c.name == NAME).values(kind="spreadsheet"))

    assert await listed(several, limit) == OTHERS[::-1]
    assert [record.name for record in (await several.documents.page(limit=9, query="other 3")).documents] == OTHERS[3:4]
    with pytest.raises(CorruptDocument, match="'notes' is of kind 'spreadsheet'; expected one of richtext, yjs"):
        await several.documents.get(NAME)
    with pytest.raises(CorruptDocument, match="is of kind 'spreadsheet'"):
        await several.documents.delete(NAME)
    damaged = [found.id async for found in several.inspection.documents() if found.name == NAME]
    (flaw,) = await several.inspection.inspect(damaged[0])
    assert (flaw.place, flaw.keeps_from_loading) == ("its record", True)
    assert "is of kind 'spreadsheet'" in flaw.reason
    with pytest.raises(DocumentNotFound):
        await several.documents.get(DocumentName("nothing"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("updated_at = 'yesterday'", "the document 'notes' cannot be read: .*yesterday"),
        ("updated_at = 7", "the document 'notes' cannot be read: "),
        ("created_at = x'00'", "the document 'notes' cannot be read: "),
        ("title = CAST(x'ff' AS TEXT)", "the document 'notes' cannot be read: Could not decode"),
    ],
)
async def test_a_record_that_cannot_be_read_is_not_listed_and_hides_no_other(
    several: Storage, database: Database, change: str, reason: str, limit: int
) -> None:
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE documents SET {change} WHERE name = 'notes'"))

    assert await listed(several, limit) == OTHERS[::-1]
    with pytest.raises(CorruptDocument, match=reason):
        await several.documents.get(NAME)
    with pytest.raises(CorruptDocument, match=reason):
        await several.log.load(NAME)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_name_that_is_no_text_hides_no_other_document(several: Storage, database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE documents SET name = x'6e6f746573' WHERE name = 'notes'"))

    assert await listed(several, 2) == OTHERS[::-1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_title_that_is_no_text_is_none(several: Storage, database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE documents SET title = x'ff' WHERE name = 'notes'"))

    assert (await several.documents.get(NAME)).title == ""
    assert await listed(several, 2) == [*OTHERS[:1:-1], NAME, *OTHERS[1::-1]]
