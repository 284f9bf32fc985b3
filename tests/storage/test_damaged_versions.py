"""Versions whose rows are damaged: each is refused by itself, and stands in the way of no other and of nothing else."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from collab.errors import CorruptDocument, VersionNotFound
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, VersionId, VersionKind
from collab.rooms.claims import Author
from collab.storage import Storage
from collab.storage.address import SqliteAddress
from collab.storage.database import Database
from collab.storage.tables import versions
from tests.contracts.edits import text_of, typed

NAME = DocumentName("notes")
ADA = Author("ada", "Ada")
BOB = Author("bob", "Bob")

EVERYWHERE = [
    ("kind = 'banana'", "its kind is 'banana'; expected one of automatic"),
    ("document_kind = 'banana'", "its document_kind is 'banana'; expected one of richtext"),
    ("participants = '{}'", "its participants are {}; expected a list"),
    ("participants = '[\"ada\"]'", r"its participants are \['ada'\]; expected a list"),
    ("participants = '[1000000000000000000000000]'", r"its participants are \[1000000000000000000000000\]"),
]
"""What a column is set to, and what is said then."""

ON_SQLITE = [
    ("created_at = 'then'", "then"),
    ("created_at = 7", "argument must be str"),
    ("participants = '[oops'", "Expecting value"),
    ("name = x'00'", "its name is b'.x00'; expected text"),
    ("name = CAST(x'ff' AS TEXT)", "Could not decode"),
]


@pytest.fixture
async def document(storage: Storage) -> DocumentId:
    return (await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")).id


@pytest.fixture
async def five(storage: Storage, document: DocumentId) -> list[VersionId]:
    """Take five versions of what Ada writes."""
    return [await write_and_take(storage, document, "abcde"[: length + 1]) for length in range(5)]


async def write_and_take(storage: Storage, document: DocumentId, text: str, author: Author = ADA) -> VersionId:
    await storage.log.append([Append(document, typed(text)[-1:], (author,))])
    version = await storage.versions.take(document, VersionKind.NAMED, name=text)
    assert version is not None
    return version.id


async def damage(database: Database, version: VersionId, change: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE versions SET {change} WHERE id = {version}"))


async def check_that_it_alone_is_refused(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId], change: str, reason: str
) -> None:
    damaged, others = five[2], [*five[:2], *five[3:]]
    await damage(database, damaged, change)

    for limit in (1, 2, 3, 10):
        assert await listed(storage, document, limit) == others[::-1]
    with pytest.raises(CorruptDocument, match=f"version {damaged} cannot be read: .*{reason}"):
        await storage.versions.get(document, damaged)
    with pytest.raises(CorruptDocument, match=f"version {damaged} cannot be read: "):
        await storage.versions.rename(document, damaged, "x")
    (flawed,) = await storage.inspection.inspect_versions(document)
    assert flawed.id == damaged
    assert await storage.versions.thin(document) == 0
    await storage.versions.delete(document, damaged)
    with pytest.raises(VersionNotFound):
        await storage.versions.get(document, damaged)
    assert await storage.inspection.inspect_versions(document) == []


async def listed(storage: Storage, document: DocumentId, limit: int) -> list[VersionId]:
    """Go through the listing, page by page."""
    found: list[VersionId] = []
    cursor: str | None = None
    while True:
        page = await storage.versions.page(document, limit=limit, cursor=cursor)
        assert len(page.versions) == limit or page.next_cursor is None
        found += [version.id for version in page.versions]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(("change", "reason"), EVERYWHERE)
async def test_a_damaged_version_is_not_listed_hides_no_other_and_can_be_deleted(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId], change: str, reason: str
) -> None:
    await check_that_it_alone_is_refused(storage, database, document, five, change, reason)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("change", "reason"), ON_SQLITE)
async def test_a_version_that_cannot_be_read_is_not_listed_hides_no_other_and_can_be_deleted(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId], change: str, reason: str
) -> None:
    await check_that_it_alone_is_refused(storage, database, document, five, change, reason)


async def test_a_version_is_taken_after_one_whose_state_is_damaged(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    damaged = await write_and_take(storage, document, "a")
    async with database.writing() as connection:
        await connection.execute(update(versions).values(state=b"other bytes"))

    version = await storage.versions.get(document, await write_and_take(storage, document, "ab", BOB))

    assert text_of([await storage.versions.state(document, version.id)]) == "ab"
    assert set(version.participants) == {ADA, BOB}  # of what it holds, for what the damaged one held is not known
    assert await listed(storage, document, 10) == [version.id, damaged]
    with pytest.raises(CorruptDocument, match="checksum"):
        await storage.versions.state(document, damaged)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_version_whose_time_cannot_be_read_keeps_no_other_from_being_taken_thinned_out_or_the_log_from_being_folded(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId]
) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=30)
    async with database.writing() as connection:
        await connection.execute(update(versions).values(kind=VersionKind.AUTOMATIC.value, created_at=noon))
    await damage(database, five[4], "created_at = 'then'")

    taken = await write_and_take(storage, document, "abcdef", BOB)

    assert (await storage.versions.get(document, taken)).participants == (ADA, BOB)
    assert await storage.versions.thin(document) == 3
    assert await listed(storage, document, 10) == [taken, five[3]]
    assert (await storage.log.compact(document)) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_version_that_says_of_no_document_that_it_is_its_keeps_no_other_document_from_its_turn(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId]
) -> None:
    assert isinstance(database.address, SqliteAddress)
    with closing(sqlite3.connect(database.address.path)) as connection, connection:  # which heeds no foreign keys
        connection.execute("UPDATE versions SET document_id = CAST(x'ff80' AS TEXT) WHERE id = ?", (five[0],))

    assert await storage.versions.next_documents(None, limit=10) == [document]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", ["state", "encoding", "checksum"])
async def test_a_version_whose_state_is_text_that_is_none_is_damaged(
    storage: Storage, database: Database, document: DocumentId, five: list[VersionId], column: str
) -> None:
    await damage(database, five[2], f"{column} = CAST(x'ff' AS TEXT)")

    with pytest.raises(CorruptDocument, match=f"version {five[2]} cannot be read: Could not decode"):
        await storage.versions.state(document, five[2])
    assert text_of([await storage.versions.state(document, five[3])]) == "abcd"


async def check_that_participants_are_passed_on(
    storage: Storage, database: Database, document: DocumentId, change: str
) -> None:
    first = await write_and_take(storage, document, "a", BOB)
    damaged = await write_and_take(storage, document, "ab")
    last = await write_and_take(storage, document, "abc")
    await damage(database, damaged, change)

    for deleted in (first, damaged):
        await storage.versions.delete(document, deleted)
        assert set((await storage.versions.get(document, last)).participants) == {ADA, BOB}


@pytest.mark.parametrize("change", [change for change, _ in EVERYWHERE])
async def test_who_took_part_is_passed_on_past_a_damaged_version(
    storage: Storage, database: Database, document: DocumentId, change: str
) -> None:
    await check_that_participants_are_passed_on(storage, database, document, change)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", [change for change, _ in ON_SQLITE])
async def test_who_took_part_is_passed_on_past_a_version_that_cannot_be_read(
    storage: Storage, database: Database, document: DocumentId, change: str
) -> None:
    await check_that_participants_are_passed_on(storage, database, document, change)
