"""What the update log keeps of who wrote what, in each database."""

import pytest
from sqlalchemy import text

from collab.ports import Append, DocumentId, DocumentKind, DocumentName
from collab.rooms.claims import Author, Claim
from collab.storage import Storage, authors
from collab.storage.database import Database
from tests.contracts.edits import typed

ADA = Author("ada", "Ada")
BOB = Author("bob", "Bob")


@pytest.fixture
async def document(storage: Storage) -> DocumentId:
    return (await storage.documents.create(DocumentName("notes"), kind=DocumentKind.YJS, title="")).id


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def deliverers(database: Database) -> list[tuple[object, ...]]:
    return await rows(
        database,
        "SELECT authors.user_id FROM updates LEFT JOIN authors ON authors.id = updates.author_id ORDER BY updates.id",
    )


async def owners(database: Database) -> list[tuple[object, ...]]:
    return await rows(
        database,
        "SELECT client_id, user_id FROM claims JOIN authors ON authors.id = claims.author_id ORDER BY client_id",
    )


async def test_each_row_has_its_author(storage: Storage, database: Database, document: DocumentId) -> None:
    await storage.log.append([Append(document, typed("abc"), (ADA, None, BOB))])
    await storage.log.append([Append(document, typed("d"), (ADA,))])
    assert await deliverers(database) == [("ada",), (None,), ("bob",), ("ada",)]


async def test_rows_without_authors_are_nobodys(storage: Storage, database: Database, document: DocumentId) -> None:
    await storage.log.append([Append(document, typed("ab"))])
    assert await deliverers(database) == [(None,), (None,)]


async def test_author_has_one_number_on_all_nodes_and_the_latest_name(
    storage: Storage, other_node: Storage, database: Database, document: DocumentId
) -> None:
    for node, name in ((storage, "Ada"), (other_node, "Ada L."), (storage, "Ada Lovelace")):
        await node.log.append([Append(document, typed("a"), (Author("one-user", name),))])
    query = "SELECT name FROM authors WHERE user_id = 'one-user'"
    assert await rows(database, query) == [("Ada Lovelace",)]
    assert await deliverers(database) == [("one-user",)] * 3


async def test_name_that_changes_back_is_the_one_that_is_kept(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    for name in ("Old", "New", "Old"):
        await storage.log.append([Append(document, typed("a"), (Author("one-user", name),))])
    assert await rows(database, "SELECT name FROM authors WHERE user_id = 'one-user'") == [("Old",)]


async def test_of_two_names_in_one_commit_the_last_is_kept(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    for names in (("Old", "New"), ("New", "Old")):
        await storage.log.append([Append(document, typed("ab"), tuple(Author("one-user", name) for name in names))])
    assert await rows(database, "SELECT name FROM authors WHERE user_id = 'one-user'") == [("Old",)]
    assert await deliverers(database) == [("one-user",)] * 4


async def test_author_that_a_process_has_forgotten_keeps_their_number(
    storage: Storage, database: Database, document: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authors, "MAX_KNOWN", 1)
    for author in (ADA, BOB, ADA):
        await storage.log.append([Append(document, typed("a"), (author,))])
    assert await deliverers(database) == [("ada",), ("bob",), ("ada",)]


async def test_first_committed_claim_stands(
    storage: Storage, other_node: Storage, database: Database, document: DocumentId
) -> None:
    await storage.log.append([Append(document, typed("a"), (ADA,), (Claim(7, ADA),))])
    await other_node.log.append([Append(document, typed("b"), (BOB,), (Claim(7, BOB), Claim(8, BOB)))])
    assert await owners(database) == [(7, "ada"), (8, "bob")]


async def test_of_two_claims_in_one_commit_the_first_stands(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    await storage.log.append([Append(document, typed("ab"), (BOB, ADA), (Claim(7, BOB), Claim(7, ADA)))])
    assert await owners(database) == [(7, "bob")]


async def test_largest_client_id_can_be_claimed(storage: Storage, database: Database, document: DocumentId) -> None:
    await storage.log.append([Append(document, typed("a"), (ADA,), (Claim(2**53 - 1, ADA),))])
    assert await owners(database) == [(2**53 - 1, "ada")]
