"""What every version store must do, in each database."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from sqlalchemy import update

from collab.errors import CorruptDocument, DocumentNotFound, InvalidCursor, TooManyVersions, VersionNotFound
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, VersionId, VersionKind
from collab.rooms.claims import Author
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import updates, versions
from tests.contracts.edits import text_of, typed
from tests.support.peers import Peer

ADA = Author("ada", "Ada")
BOB = Author("bob", "Bob")

_NOW = datetime.now(UTC)
NOON_A_MONTH_AGO = _NOW - _NOW.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=30)
"""An age."""


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


async def left(storage: Storage, document: DocumentId) -> list[VersionId]:
    return [version.id for version in (await storage.versions.page(document, limit=50)).versions]


async def made_at(database: Database, version: VersionId, age: timedelta) -> None:
    async with database.writing() as connection:
        await connection.execute(
            update(versions).where(versions.c.id == version).values(created_at=datetime.now(UTC) - age)
        )


async def test_documents_that_lack_a_version_are_those_that_were_edited_after_the_newest(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    notes, other, untouched = DocumentName("notes"), DocumentName("other"), DocumentName("untouched")
    assert await storage.versions.lacking(limit=9) == []
    await write(storage, document, "a")
    await create(storage, untouched)
    later = await create(storage, other)
    await write(storage, later, "b")
    assert await storage.versions.lacking(limit=9) == [(other, later), (notes, document)]
    assert await storage.versions.lacking(limit=1) == [(other, later)]
    await storage.log.compact(later)  # and no row of the log tells of it any more
    assert await storage.versions.lacking(limit=9) == [(other, later), (notes, document)]

    version = await take(storage, later)
    assert await storage.versions.lacking(limit=9) == [(notes, document)]
    await made_at(database, version, timedelta(minutes=1))
    assert await storage.versions.lacking(limit=9) == [(other, later), (notes, document)]

    await storage.documents.delete(notes)
    assert await storage.versions.lacking(limit=9) == [(other, later)]


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


async def test_participants_are_those_too_whose_every_word_was_deleted_and_compacted_away(
    storage: Storage, document: DocumentId
) -> None:
    peer = Peer(1)
    await storage.log.append([Append(document, (peer.type("abc"),), (ADA,))])
    await storage.log.append([Append(document, (peer.edit(lambda peer: peer.text.clear()),), (BOB,))])
    await storage.log.compact(document)

    version = await storage.versions.take(document, VersionKind.AUTOMATIC)

    assert version is not None
    assert version.participants == (ADA, BOB)


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
    with pytest.raises(InvalidCursor, match="the cursor 'x' came"):
        await storage.versions.page(document, limit=3, cursor="x")
    with pytest.raises(ValueError, match="a page of 0"):
        await storage.versions.page(document, limit=0)


async def test_a_cursor_of_another_list_is_refused(storage: Storage, document: DocumentId) -> None:
    other = await create(storage, "other")
    for each in (document, document, other, other):
        await take(storage, each, VersionKind.NAMED)
    own = (await storage.versions.page(document, limit=1)).next_cursor
    others = (await storage.versions.page(other, limit=1)).next_cursor
    of_documents = (await storage.documents.page(limit=1)).next_cursor
    assert own
    assert others
    assert of_documents

    assert len((await storage.versions.page(document, limit=1, cursor=own)).versions) == 1
    for cursor in (others, of_documents):
        with pytest.raises(InvalidCursor, match="of this list"):
            await storage.versions.page(document, limit=1, cursor=cursor)
    with pytest.raises(InvalidCursor, match="of this list"):
        await storage.documents.page(limit=1, cursor=own)


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
    for version, minutes in zip(taken, (0, 10, 20), strict=True):
        await made_at(database, version, NOON_A_MONTH_AGO + timedelta(minutes=minutes))

    assert await storage.versions.thin(document) == 2
    assert await storage.versions.thin(document) == 0
    assert await left(storage, document) == [taken[0]]


async def test_a_version_is_not_thinned_out_for_a_damaged_one(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    noon = NOON_A_MONTH_AGO
    taken: list[VersionId] = []
    for minute in range(3):
        await write(storage, document, "abc"[: minute + 1])
        taken.append(await take(storage, document))
        await made_at(database, taken[-1], noon - timedelta(minutes=minute))
    async with database.writing() as connection:
        await connection.execute(update(versions).where(versions.c.id == taken[2]).values(state=b"damaged"))

    assert await storage.versions.thin(document) == 1

    assert set(await left(storage, document)) == {taken[1], taken[2]}
    assert text_of([await storage.versions.state(document, taken[1])]) == "ab"


async def test_versions_from_before_restores_are_kept_for_a_week_and_then_thinned_out_with_the_others(
    storage: Storage, database: Database, document: DocumentId
) -> None:
    await write(storage, document, "a")
    kinds = (VersionKind.AUTOMATIC, VersionKind.BEFORE_RESTORE, VersionKind.BEFORE_RESTORE)
    old = [await take(storage, document, kind) for kind in kinds]
    young = [await take(storage, document, VersionKind.BEFORE_RESTORE) for _ in range(2)]
    named = await take(storage, document, VersionKind.BEFORE_RESTORE)
    assert (await storage.versions.rename(document, named, "Good")).kind is VersionKind.NAMED
    for version, minutes in zip((*old, named), (30, 0, 10, 20), strict=True):
        await made_at(database, version, NOON_A_MONTH_AGO + timedelta(minutes=minutes))
    for version in young:
        await made_at(database, version, timedelta(days=6, hours=23))

    assert await storage.versions.thin(document) == 2
    assert sorted(await left(storage, document)) == sorted([old[1], *young, named])


async def test_no_more_versions_are_named_than_may_be(storage: Storage, document: DocumentId) -> None:
    other = await create(storage, "other")
    await storage.versions.take(other, VersionKind.NAMED, name="Elsewhere", max_named=1)
    await write(storage, document, "a")
    automatic = await take(storage, document)
    named = await storage.versions.take(document, VersionKind.NAMED, name="Draft", max_named=1)
    assert named is not None

    for refused in (
        storage.versions.take(document, VersionKind.NAMED, name="More", max_named=1),
        storage.versions.rename(document, automatic, "More", max_named=1),
    ):
        with pytest.raises(TooManyVersions, match="1 named versions; 1 are allowed"):
            await refused
    assert sorted(await left(storage, document)) == sorted([automatic, named.id])

    assert (await storage.versions.rename(document, named.id, "Better", max_named=1)).name == "Better"
    assert await storage.versions.take(document, VersionKind.BEFORE_RESTORE, max_named=1) is not None


async def test_of_many_who_name_versions_at_once_no_more_succeed_than_may(
    storage: Storage, other_node: Storage, document: DocumentId
) -> None:
    refused: list[TooManyVersions] = []

    async def name(node: Storage) -> None:
        try:
            await node.versions.take(document, VersionKind.NAMED, name="Draft", max_named=3)
        except TooManyVersions as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        for node in (storage, other_node) * 4:
            tasks.start_soon(name, node)

    assert (len(await left(storage, document)), len(refused)) == (3, 5)


async def test_documents_with_versions_are_gone_through_in_parts(storage: Storage, document: DocumentId) -> None:
    with_versions = [document, *[await create(storage, name) for name in ("b", "c", "d")]]
    await create(storage, "without")
    for each in with_versions:
        for _ in range(2):
            await take(storage, each, VersionKind.NAMED)
    await storage.documents.delete(DocumentName("d"))

    first = await storage.versions.next_documents(None, limit=3)
    rest = await storage.versions.next_documents(first[-1], limit=3)

    assert [first, rest] == [with_versions[:3], with_versions[3:]]
    assert await storage.versions.next_documents(rest[-1], limit=3) == []


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


async def participants_of(storage: Storage, document: DocumentId) -> list[list[str]]:
    """Return who took part in each version, the oldest first; nobody known is empty."""
    page = await storage.versions.page(document, limit=50)
    return [["" if author is None else author.user_id for author in each.participants] for each in page.versions[::-1]]


async def three_by(storage: Storage, document: DocumentId, *authors: Author | None) -> list[VersionId]:
    taken = []
    for number, author in enumerate(authors, start=1):
        await storage.log.append([Append(document, (Peer(number).type("x"),), (author,))])
        taken.append(await take(storage, document))
    return taken


@pytest.mark.parametrize(
    ("deleted", "told"),
    [
        ([0], [["ada", "bob"], [""]]),
        ([1], [["ada"], ["bob", ""]]),
        ([2], [["ada"], ["bob"]]),
        ([1, 0], [["ada", "bob", ""]]),
        ([0, 1], [["ada", "bob", ""]]),
    ],
)
async def test_who_took_part_in_a_version_that_is_deleted_is_told_by_the_next(
    storage: Storage, document: DocumentId, deleted: list[int], told: list[list[str]]
) -> None:
    taken = await three_by(storage, document, ADA, BOB, None)
    for index in deleted:
        await storage.versions.delete(document, taken[index])
    assert await participants_of(storage, document) == told


async def test_who_took_part_in_versions_that_are_thinned_out_is_told_by_the_next_that_stays(
    storage: Storage, database: Database, document: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.storage.versions.DELETED_AT_ONCE", 1)
    taken = await three_by(storage, document, ADA, BOB, None)
    for minutes, version in enumerate(reversed(taken)):
        await made_at(database, version, NOON_A_MONTH_AGO + timedelta(minutes=minutes))
    assert await storage.versions.thin(document) == 2
    assert await participants_of(storage, document) == [["ada", "bob", ""]]


async def test_who_took_part_in_a_deleted_newest_version_is_told_by_the_one_taken_after_it(
    storage: Storage, document: DocumentId
) -> None:
    taken = await three_by(storage, document, ADA, BOB)
    await storage.versions.delete(document, taken[1])
    await take(storage, document)
    assert await participants_of(storage, document) == [["ada"], ["bob"]]
