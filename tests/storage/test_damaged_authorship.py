"""The stored record of who wrote what, damaged: it is found, it stands in nobody's way, and it credits nobody with what is not theirs."""

import pytest
from sqlalchemy import select, text, update

from collab.ports import Append, DocumentKind, DocumentName, DocumentRecord, VersionKind
from collab.rooms.authorship import Authorship
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.deliveries import UNKNOWN_TIME
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.stored_bytes import checksum
from collab.storage.tables import authors, quarantined_authorship, snapshots
from tests.contracts.edits import text_of, typed

NAME = DocumentName("notes")
ADA = Author("ada", "Ada")
BOB = Author("bob", "Bob")


@pytest.fixture
async def notes(storage: Storage) -> DocumentRecord:
    """Give a document that Ada has written under id 1, all of it in the snapshot."""
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    await storage.log.append([Append(record.id, typed("abc"), (ADA,) * 3, (Claim(1, ADA),))])
    await storage.log.compact(record.id)
    return record


async def stored_authorship(database: Database) -> bytes:
    async with database.reading() as connection:
        return bytes((await connection.execute(select(snapshots.c.authorship))).scalar_one())


async def put(database: Database, authorship: bytes) -> None:
    async with database.writing() as connection:
        await connection.execute(update(snapshots).values(authorship=authorship))


async def damage_it(database: Database) -> bytes:
    """Flip a bit of the record, and return what is stored then."""
    sound = await stored_authorship(database)
    damaged = sound[:-1] + bytes((sound[-1] ^ 1,))
    await put(database, damaged)
    return damaged


async def deliverers(storage: Storage, document: DocumentRecord) -> list[str | None]:
    """Return who delivered each unit under id 1; the empty name where that is not known."""
    authorship = await storage.authorship.read(document.id)
    return [
        "" if each.at == UNKNOWN_TIME else authorship.authors[each.author].user_id
        for each in authorship.deliveries.written.within(1, 0, 100)
        for _ in range(each.start, each.end)
    ]


async def test_each_flipped_bit_of_who_wrote_a_snapshot_is_found_and_credits_nobody(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    sound = await stored_authorship(database)
    for position in range(len(sound) * 8):
        changed = bytearray(sound)
        changed[position // 8] ^= 1 << position % 8
        await put(database, bytes(changed))

        (flaw,) = await storage.inspection.inspect(notes.id)
        read = await storage.authorship.read(notes.id)

        assert flaw.place == "who wrote its snapshot"
        assert flaw.reason.startswith("the record of who wrote the snapshot has the checksum")
        assert not flaw.keeps_from_loading
        assert read.damage == flaw.reason
        assert read.deliveries.written.authors() == {None}
        assert await deliverers(storage, notes) == [""] * 3
    await put(database, sound)
    assert await storage.inspection.inspect(notes.id) == []
    assert await deliverers(storage, notes) == ["ada"] * 3


async def test_a_change_to_somebody_elses_number_credits_nobody(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    await storage.log.append([Append(notes.id, typed("abcd")[3:], (BOB,))])
    sound = await stored_authorship(database)
    async with database.reading() as connection:
        bob = await connection.scalar(select(authors.c.id).where(authors.c.user_id == "bob"))
    bobs = Authorship()
    for client, delivery in Authorship(sound[1:]).written:
        bobs.written.add(client, delivery.start, delivery.end, bob, delivery.at)
    await put(database, sound[:1] + bobs.encode())

    assert await deliverers(storage, notes) == ["", "", "", "bob"]
    (flaw,) = await storage.inspection.inspect(notes.id)
    assert flaw.place == "who wrote its snapshot"


async def test_a_damaged_record_holds_nothing_up_and_is_kept(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    damaged = await damage_it(database)
    await storage.log.append([Append(notes.id, typed("abcd")[3:], (BOB,))])

    loaded = await storage.log.load(NAME)
    version = await storage.versions.take(notes.id, VersionKind.NAMED, name="Draft")
    compaction = await storage.log.compact(notes.id)

    assert loaded is not None
    assert text_of((loaded.content.snapshot or b"", *loaded.content.updates)) == "abcd"
    assert version is not None
    assert text_of([await storage.versions.state(notes.id, version.id)]) == "abcd"
    assert version.participants == (BOB,)
    assert compaction is not None
    assert compaction.freed == 1
    assert str(compaction.damaged_authorship).startswith("the record of who wrote the snapshot has the checksum")
    assert await deliverers(storage, notes) == ["", "", "", "bob"]
    assert await storage.inspection.inspect(notes.id) == []
    async with database.reading() as connection:
        kept = (await connection.execute(select(quarantined_authorship))).one()
    assert (kept.document_id, kept.number, kept.authorship) == (notes.id, 1, damaged)
    assert kept.checksum != checksum(damaged)


async def test_compaction_sets_a_damaged_record_aside_where_there_is_nothing_to_fold(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    assert await storage.log.compact(notes.id) is None
    await damage_it(database)

    compaction = await storage.log.compact(notes.id)

    assert compaction is not None
    assert compaction.freed == 0
    assert compaction.damaged_authorship is not None
    assert await storage.inspection.inspect(notes.id) == []
    assert await storage.log.compact(notes.id) is None
    loaded = await storage.log.load(NAME)
    assert loaded is not None
    assert text_of((loaded.content.snapshot or b"",)) == "abc"


@pytest.mark.parametrize("is_compacted_first", [False, True])
async def test_who_brings_again_what_a_damaged_record_told_of_is_not_credited_with_it(
    storage: Storage, database: Database, notes: DocumentRecord, is_compacted_first: bool
) -> None:
    await damage_it(database)
    if is_compacted_first:
        await storage.log.compact(notes.id)

    await storage.log.append([Append(notes.id, typed("abcd"), (BOB,) * 4)])

    assert await deliverers(storage, notes) == ["", "", "", "bob"]
    await storage.log.compact(notes.id)
    assert await deliverers(storage, notes) == ["", "", "", "bob"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("author", ["'nobody'", "-7", "x'00'"])
async def test_an_author_of_a_row_who_is_no_number_holds_nothing_up(
    storage: Storage, database: Database, notes: DocumentRecord, author: str
) -> None:
    await storage.log.append([Append(notes.id, typed("abcd")[3:], (BOB,))])
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE updates SET author_id = {author}"))

    (flaw,) = await storage.inspection.inspect(notes.id)
    version = await storage.versions.take(notes.id, VersionKind.NAMED, name="Draft")

    assert "not in the table `authors`" in flaw.reason
    assert version is not None
    assert version.participants == (ADA,)
    assert await deliverers(storage, notes) == ["ada", "ada", "ada", ""]
    assert (await storage.log.compact(notes.id)) is not None
    assert await deliverers(storage, notes) == ["ada", "ada", "ada", ""]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", ["user_id = CAST(x'e16461' AS TEXT)", "user_id = x'616461'", "name = x'ff'"])
async def test_an_author_who_cannot_be_read_is_somebody_unknown_and_holds_nothing_up(
    storage: Storage, database: Database, notes: DocumentRecord, change: str
) -> None:
    await storage.log.append([Append(notes.id, typed("abcd")[3:], (BOB,), (Claim(2, BOB),))])
    await storage.versions.take(notes.id, VersionKind.NAMED, name="Draft", author=ADA)
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE authors SET {change} WHERE user_id = 'ada'"))

    loaded = await storage.log.load(NAME)
    authorship = await storage.authorship.read(notes.id)
    (listed,) = (await storage.versions.page(notes.id, limit=9)).versions
    another = await storage.versions.take(notes.id, VersionKind.NAMED, name="Another", author=BOB)
    (damaged,) = await storage.inspection.inspect_authors()

    assert loaded is not None
    assert loaded.owners == {1: "", 2: "bob"}
    assert list(authorship.authors.values()) == [BOB]
    assert authorship.owners[1] == damaged
    assert (listed.author, set(listed.participants)) == (None, {None, BOB})
    assert another is not None
    assert another.author == BOB
    (flaw,) = await storage.inspection.inspect(notes.id)
    assert (flaw.place, flaw.keeps_from_loading) == (f"author {damaged}", False)
    assert await storage.inspection.inspect_versions(notes.id) == []
    assert await storage.log.compact(notes.id) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_writes_again_after_their_row_was_damaged_is_credited_with_that_alone(
    storage: Storage, other_node: Storage, database: Database, notes: DocumentRecord
) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE authors SET user_id = CAST(x'e16461' AS TEXT)"))

    await other_node.log.append([Append(notes.id, typed("abcd")[3:], (ADA,), (Claim(1, ADA),))])

    authorship = await storage.authorship.read(notes.id)
    written = [authorship.authors.get(each.author) for each in authorship.deliveries.written.within(1, 0, 9)]
    assert written == [None, ADA]
    assert authorship.owners[1] not in authorship.authors


NO_NUMBERS = ["x'00ff'", "x'01'", "CAST(x'ff' AS TEXT)", "'zzz'", "-7", "1.5"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("column", ["client_id", "author_id"])
async def test_a_claim_that_cannot_be_read_makes_an_id_nobodys_and_holds_nothing_up(
    storage: Storage, database: Database, notes: DocumentRecord, column: str, value: str
) -> None:
    await storage.log.append([Append(notes.id, (b"\x00\x00",), (BOB,), (Claim(2, BOB),))])
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE claims SET {column} = {value} WHERE client_id = 1"))

    loaded = await storage.log.load(NAME)
    authorship = await storage.authorship.read(notes.id)
    flaws = await storage.inspection.inspect(notes.id)

    assert loaded is not None
    assert loaded.owners == ({2: "bob"} if column == "client_id" else {1: "", 2: "bob"})
    assert authorship.authors.get(authorship.owners.get(1)) is None
    assert authorship.authors[authorship.owners[2]] == BOB
    assert [flaw.keeps_from_loading for flaw in flaws] == [False]
    assert column in flaws[0].reason


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("column", ["client_id", "first_clock", "end_clock", "author_id"])
async def test_a_credit_note_that_cannot_be_read_credits_nobody_and_holds_nothing_up(
    storage: Storage, database: Database, notes: DocumentRecord, column: str, value: str
) -> None:
    kept = [
        CreditNote(Units(1, 10, 11), Standing.OPEN),
        CreditNote(Units(1, 20, 21), Standing.OPEN),
        CreditNote(Units(1, 30, 31), Standing.CREDITED, ADA),
        CreditNote(Units(2, 40, 41), Standing.CREDITED, ADA),
    ]
    await storage.log.append([Append(notes.id, (), credit_notes=tuple(kept))])
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE credit_notes SET {column} = {value} WHERE first_clock IN (20, 40)"))

    loaded = await storage.log.load(NAME)
    authorship = await storage.authorship.read(notes.id)
    flaws = await storage.inspection.inspect(notes.id)

    assert loaded is not None
    assert loaded.open_units == (Units(1, 10, 11),)
    assert [(client, each.start, each.end) for client, each in authorship.credited] == [(1, 30, 31)]
    assert [flaw.keeps_from_loading for flaw in flaws] == [False, False]
    assert all(column in flaw.reason for flaw in flaws)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", ["x'00ff'", "'zzz'", "-7"])
async def test_a_snapshot_whose_number_is_none_is_folded_anew(
    storage: Storage, database: Database, notes: DocumentRecord, value: str
) -> None:
    await storage.log.append([Append(notes.id, typed("abcd")[3:], (BOB,))])
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE snapshots SET number = {value}"))

    (flaw,) = await storage.inspection.inspect(notes.id)
    assert (flaw.place, flaw.keeps_from_loading) == ("its snapshot", False)
    assert await storage.log.compact(notes.id) is not None
    assert await storage.inspection.inspect(notes.id) == []


async def test_a_record_from_before_checksums_is_read(
    storage: Storage, database: Database, notes: DocumentRecord
) -> None:
    async with database.writing() as connection:
        await connection.execute(update(snapshots).values(authorship_checksum=None))

    assert await storage.inspection.inspect(notes.id) == []
    assert ADA in (await storage.authorship.read(notes.id)).authors.values()
