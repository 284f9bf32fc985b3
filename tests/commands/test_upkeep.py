"""`collab check`, `compact` and `cut`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from anyio import to_thread
from sqlalchemy import select, update

from collab.ports import Act, Append, AuditAction, AuditFilter, DocumentKind, DocumentName, VersionKind
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.stored_bytes import checksum
from collab.storage.tables import quarantined_authorship, snapshots, updates, versions
from tests.commands.conftest import Collab
from tests.contracts.edits import text_of, typed
from tests.support.poison import POISON, victim_state

NAME = DocumentName("notes")


async def test_sound_documents_are_counted(collab: Collab, storage: Storage, database_url: str) -> None:
    await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])

    checked = await to_thread.run_sync(collab, "check", "--database-url", database_url)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "1 document checked; all load, and all checksums hold.\n"


async def test_poison_is_named_and_cut_out_and_the_document_loads_again(
    collab: Collab, storage: Storage, database_url: str
) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=victim_state())
    await storage.log.append([Append(record.id, (POISON,))])
    await storage.log.append([Append(record.id, typed("abc"))])
    at = "--database-url", database_url

    checked = await to_thread.run_sync(collab, "check", *at)
    cut = await to_thread.run_sync(collab, "cut", NAME, 2, *at)
    checked_again = await to_thread.run_sync(collab, "check", *at)

    assert checked.returncode == 1
    assert "'notes': row 2: the CRDT failed" in checked.stderr.replace("\n", " ")
    assert "1 of 1 documents do not load" in checked.stderr.replace("\n", " ")
    assert (cut.returncode, cut.stderr) == (0, "")
    assert checked_again.returncode == 0
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert "abc" in text_of(stored.content.updates)
    (entry,) = await storage.audit.page(AuditFilter(), limit=10)
    assert entry.act == Act(AuditAction.ROWS_CUT, "", document=NAME, details={"rows": "2"})


async def test_changed_bytes_are_named(collab: Collab, storage: Storage, database: Database, database_url: str) -> None:
    await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])
    await storage.documents.delete(NAME)
    async with database.writing() as connection:
        await connection.execute(update(updates).values(content=b"other bytes"))

    checked = await to_thread.run_sync(collab, "check", "--database-url", database_url)

    assert checked.returncode == 1
    assert "'notes' (in the trash): row 1: row 1 of its log has the checksum" in checked.stderr.replace("\n", " ")


async def test_versions_that_cannot_be_read_are_named(
    collab: Collab, storage: Storage, database: Database, database_url: str
) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])
    for name in ("sound", "changed", "poisoned"):
        await storage.versions.take(record.id, VersionKind.NAMED, name=name)
    async with database.writing() as connection:
        changed = update(versions).where(versions.c.name == "changed").values(state=b"other bytes")
        await connection.execute(changed)
        poisoned = update(versions).where(versions.c.name == "poisoned")
        await connection.execute(poisoned.values(state=b"no state", checksum=checksum(b"no state")))

    checked = await to_thread.run_sync(collab, "check", "--database-url", database_url)

    said = checked.stderr.replace("\n", " ")
    assert checked.returncode == 1
    assert "'notes': version 2: its state has the checksum" in said
    assert "'notes': version 3: " in said
    assert "2 versions cannot be read" in said
    assert "`DELETE /api/v1/documents/DOCUMENT/versions/VERSION` takes one away" in said
    assert "version 1" not in said


async def test_a_row_that_is_not_to_blame_is_not_cut(collab: Collab, storage: Storage, database_url: str) -> None:
    await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])

    cut = await to_thread.run_sync(collab, "cut", NAME, 1, "--database-url", database_url)

    assert cut.returncode == 1
    assert "the document loads with the rows [1]" in cut.stderr
    assert await storage.audit.page(AuditFilter(), limit=10) == []


async def test_logs_are_folded(collab: Collab, storage: Storage, database_url: str) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    await storage.log.append([Append(record.id, typed("abc"))])

    compacted = await to_thread.run_sync(collab, "compact", "--database-url", database_url)

    assert (compacted.returncode, compacted.stderr) == (0, "")
    assert compacted.stdout == "1 document compacted; 3 rows folded.\n"
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert stored.content.updates == ()


async def test_old_versions_are_thinned_out(
    collab: Collab, storage: Storage, database: Database, database_url: str
) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    for length in range(3):
        await storage.log.append([Append(record.id, typed("abc"[: length + 1]))])
        await storage.versions.take(record.id, VersionKind.AUTOMATIC)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=30)
    async with database.writing() as connection:
        await connection.execute(update(versions).values(created_at=noon))

    compacted = await to_thread.run_sync(collab, "compact", "--database-url", database_url)

    assert compacted.returncode == 0
    assert compacted.stdout == "1 document compacted; 6 rows folded.\n2 old versions thinned out.\n"
    assert len((await storage.versions.page(record.id, limit=10)).versions) == 1


async def test_a_log_that_cannot_be_folded_is_named_and_not_counted(
    collab: Collab, storage: Storage, database: Database, database_url: str
) -> None:
    for name in ("sound", "damaged"):
        await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="", update=typed("a")[0])
    async with database.writing() as connection:
        await connection.execute(update(updates).where(updates.c.document_id == 2).values(content=b"other bytes"))

    compacted = await to_thread.run_sync(collab, "compact", "--database-url", database_url)

    assert compacted.returncode == 1
    assert "'damaged' stays as it is: " in compacted.stderr
    assert compacted.stdout == "1 document compacted; 1 row folded.\n"


async def test_a_damaged_record_of_who_wrote_is_named_set_aside_and_kept(
    collab: Collab, storage: Storage, database: Database, database_url: str
) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed("a")[0])
    await storage.log.compact(record.id)
    async with database.writing() as connection:
        await connection.execute(update(snapshots).values(authorship=b"other bytes"))
    at = "--database-url", database_url

    checked = await to_thread.run_sync(collab, "check", *at)
    compacted = await to_thread.run_sync(collab, "compact", NAME, *at)
    checked_again = await to_thread.run_sync(collab, "check", *at)

    said = checked.stderr.replace("\n", " ")
    assert checked.returncode == 1
    assert "'notes': who wrote its snapshot: the record of who wrote the snapshot has" in said
    assert "1 document can be opened and edited all the same" in said
    assert "`collab compact DOCUMENT` sets a record" in said
    assert "go back to a backup" not in said
    assert compacted.returncode == 0
    assert "'notes': nobody is credited any more with what was in its snapshot" in compacted.stderr.replace("\n", " ")
    assert compacted.stdout == "1 document compacted; 0 rows folded.\n"
    assert (checked_again.returncode, checked_again.stderr) == (0, "")
    async with database.reading() as connection:
        kept = (await connection.execute(select(quarantined_authorship.c.authorship))).scalar_one()
    assert kept == b"other bytes"


async def test_an_unknown_name_is_said(collab: Collab, storage: Storage, database_url: str) -> None:
    await storage.documents.ready()
    for command in ("check", "compact"):
        outcome = await to_thread.run_sync(collab, command, "nothing", "--database-url", database_url)

        assert outcome.returncode == 1
        assert outcome.stderr == "error: there is no document 'nothing', not even in the trash\n"


def test_a_file_that_is_no_database_is_said_in_one_line(collab: Collab, tmp_path: Path) -> None:
    (tmp_path / "collab.db").write_bytes(b"no database" * 1000)

    outcome = collab("check", "--data-dir", tmp_path)

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
