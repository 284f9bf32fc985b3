"""What stands in the tables and was never written there by this program: the one document is refused, the others are served."""

import pytest
from sqlalchemy import text, update

from collab.errors import CorruptDocument
from collab.ports import DocumentKind, DocumentName
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import documents
from tests.contracts.edits import typed

NAME = DocumentName("notes")


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
