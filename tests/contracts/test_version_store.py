"""What every version store must do, in each database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from collab.errors import CorruptDocument, DocumentNotFound, VersionNotFound
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, VersionId, VersionKind
from collab.rooms.claims import Author
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import updates, versions
from tests.contracts.edits import text_of, typed

ADA = Author("ada", "Ada")
BOB = Author("bob", "Bob")


async def create(storage: Storage, name: str = "notes") -> DocumentId:
    return (await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")).id


@pytest.fixture
async def document(storage: Storage) -> DocumentId:
    return await create(storage)


async def write(storage: Storage, document: DocumentId, text: str, author: Author | None = None) -> None:
    edits = typed(text)
    await storage.log.append([Append(document, edits, (author,) * len(edits))])


async def take(storage: Storage, document: DocumentId, kind: VersionKind = VersionKind.AUTOMATIC) -> VersionId:
    version = await storage.versions.take(document, kind)
    assert version is not None
    return version.id


async def made_at(database: Database, version: VersionId, age: timedelta) -> None:
    async with database.writing() as connection:
        await connection.execute(
            update(versions).where(versions.c.id == version).values(created_at=datetime.now(UTC) - age)
        )


async def test_a_version_is_what_was_committed_then(
    storage: Storage, other_node: Storage, document: DocumentId
) -> None:
    before = datetime.now(UTC)
    await write(storage, document, "abc")
    first = await storage.versions.take(document, VersionKind.NAMED, name="Draft", author=ADA)
    await write(storage, document, "abcdef")
    second = await take(storage, document)
    await storage.log.compact(document)

    assert first is not None
    assert (first.kind, first.name, first.author, first.participants) == (VersionKind.NAMED, "Draft", ADA, (None,))
    assert before <= first.created_at <= datetime.now(UTC)
    assert await other_node.versions.get(document, first.id) == first
    assert text_of([await other_node.versions.state(document, first.id)]) == "abc"
    assert text_of([await other_node.versions.state(document, second)]) == "abcdef"


async def test_nothing_new_is_no_automatic_version(storage: Storage, other_node: Storage, document: DocumentId) -> None:
    await write(storage, document, "abc")
    await take(storage, document)
    assert await other_node.versions.take(document, VersionKind.AUTOMATIC) is None
    await storage.log.compact(document)
    assert await storage.versions.take(document, VersionKind.AUTOMATIC) is None
    assert await storage.versions.take(document, VersionKind.NAMED, name="Same") is not None


async def test_participants_are_those_who_wrote_since_the_version_before(
    storage: Storage, document: DocumentId
) -> None:
    await write(storage, document, "ab", ADA)
    await write(storage, document, "abc", BOB)
    await take(storage, document)
    await write(storage, document, "abcd", BOB)
    await write(storage, document, "abcde")
    await take(storage, document)

    page = await storage.versions.page(document, limit=10)
    assert [version.participants for version in page.versions] == [(BOB, None), (ADA, BOB)]


async def test_pages_are_the_newest_first_and_of_one_document(storage: Storage, document: DocumentId) -> None:
    other = await create(storage, "other")
    taken = []
    for length in range(5):
        await write(storage, document, "x" * (length + 1))
        taken.append(await take(storage, document))
        await write(storage, other, "x" * (length + 1))
        await take(storage, other)

    first = await storage.versions.page(document, limit=3)
    second = await storage.versions.page(document, limit=3, cursor=first.next_cursor)

    assert [version.id for version in (*first.versions, *second.versions)] == taken[::-1]
    assert second.next_cursor is None
    assert [await storage.versions.before(document, version) for version in taken] == [None, *taken[:-1]]
    with pytest.raises(ValueError, match="the cursor 'x' came"):
        await storage.versions.page(document, limit=3, cursor="x")
    with pytest.raises(ValueError, match="a page of 0"):
        await storage.versions.page(document, limit=0)


async def test_a_version_that_is_named_is_kept(storage: Storage, database: Database, document: DocumentId) -> None:
    await write(storage, document, "a")
    first = await take(storage, document)
    await write(storage, document, "ab")
    second = await take(storage, document)
    named = await storage.versions.rename(document, first, "Draft")
    for version in (first, second):
        await made_at(database, version, timedelta(days=30))

    assert (named.kind, named.name) == (VersionKind.NAMED, "Draft")
    assert await storage.versions.thin(document) == 0


async def test_old_automatic_versions_are_thinned_out(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    taken = []
    for length in range(3):
        await write(storage, document, "x" * (length + 1))
        taken.append(await take(storage, document))
    kept = await take(storage, document, VersionKind.BEFORE_RESTORE)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    for version, minutes in zip((*taken, kept), (0, 10, 20, 30), strict=True):
        await made_at(database, version, datetime.now(UTC) - noon + timedelta(days=30, minutes=minutes))

    assert await storage.versions.thin(document) == 2
    assert await storage.versions.thin(document) == 0
    left = (await storage.versions.page(document, limit=10)).versions
    assert [version.id for version in left] == [taken[0], kept]


async def test_a_deleted_version_is_gone_and_the_document_stays(storage: Storage, document: DocumentId) -> None:
    await write(storage, document, "a")
    version = await take(storage, document)
    await storage.versions.delete(document, version)

    for missing in (
        storage.versions.get(document, version),
        storage.versions.state(document, version),
        storage.versions.rename(document, version, "x"),
        storage.versions.delete(document, version),
        storage.versions.before(document, version),
    ):
        with pytest.raises(VersionNotFound, match=f"no version {version}"):
            await missing
    stored = await storage.log.load(DocumentName("notes"))
    assert stored is not None
    assert text_of(stored.content.updates) == "a"


async def test_versions_of_another_document_are_not_found(storage: Storage, document: DocumentId) -> None:
    other = await create(storage, "other")
    version = await take(storage, document, VersionKind.NAMED)
    with pytest.raises(VersionNotFound):
        await storage.versions.state(other, version)
    with pytest.raises(DocumentNotFound):
        await storage.versions.take(DocumentId(99), VersionKind.NAMED)


async def test_damage_is_told(storage: Storage, database: Database, document: DocumentId) -> None:
    await write(storage, document, "a")
    version = await take(storage, document)
    async with database.writing() as connection:
        await connection.execute(update(versions).values(state=b"\x00\x00"))
        await connection.execute(update(updates).values(content=b"\xff"))

    with pytest.raises(CorruptDocument, match="checksum"):
        await storage.versions.state(document, version)
    with pytest.raises(CorruptDocument, match=f"id {document} cannot be read"):
        await take(storage, document)
