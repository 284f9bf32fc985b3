"""`collab backup`: a whole copy of SQLite while it is written to."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from anyio import to_thread

from collab.ports import Act, Append, AuditAction, AuditFilter, DocumentKind, DocumentName
from collab.storage import Storage, open_storage
from tests.commands.conftest import Collab
from tests.contracts.edits import text_of, typed
from tests.faults.stored import NAME as KILLED
from tests.faults.stored import make_first_revision

NAME = DocumentName("notes")


def copies_in(directory: Path) -> list[str]:
    return [file.name for file in directory.glob("*copy.db*")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_copy_made_while_somebody_types_is_a_server_of_that_moment(
    collab: Collab, storage: Storage, database_url: str, tmp_path: Path
) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=typed(letters)[0])
    typing = asyncio.Event()

    async def type_on() -> None:
        for update in typed(letters)[1:]:
            await storage.log.append([Append(record.id, (update,))])
            typing.set()
            await asyncio.sleep(0.02)

    task = asyncio.create_task(type_on())
    await typing.wait()
    backup = await to_thread.run_sync(collab, "backup", tmp_path / "copy.db", "--database-url", database_url)
    await task

    assert (backup.returncode, backup.stderr) == (0, "")
    assert copies_in(tmp_path) == ["copy.db"]
    async with open_storage(f"sqlite:///{tmp_path}/copy.db") as copied:
        await copied.inspection.ready()
        stored = await copied.log.load(NAME)
    assert stored is not None
    text = text_of(stored.content.updates)
    assert len(text) >= 2
    assert letters.startswith(text)


async def acts_in(url: str) -> list[Act]:
    async with open_storage(url) as storage:
        return [entry.act for entry in await storage.audit.page(AuditFilter(), limit=10)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_copy_is_in_the_audit_log_and_one_that_fails_is_not(
    collab: Collab, storage: Storage, database_url: str, tmp_path: Path
) -> None:
    await storage.documents.ready()
    outcomes = [
        await to_thread.run_sync(collab, "backup", tmp_path / "copy.db", "--database-url", database_url)
        for _ in range(2)
    ]

    assert [outcome.returncode for outcome in outcomes] == [0, 1]
    assert await acts_in(database_url) == [Act(AuditAction.DATABASE_EXPORTED, "", details={"how": "backup"})]


async def test_a_database_that_is_older_than_the_audit_log_is_copied_as_it_is_and_that_is_said(
    collab: Collab, tmp_path: Path
) -> None:
    await make_first_revision(f"sqlite:///{tmp_path}/collab.db")

    backup = await to_thread.run_sync(collab, "backup", tmp_path / "copy.db", "--data-dir", tmp_path)

    assert backup.returncode == 0
    assert backup.stderr.startswith("warning: this is not in the audit log: ")
    assert backup.stderr.count("\n") == 1
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert copy.execute("SELECT name FROM documents").fetchall() == [(KILLED,)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_overwritten(collab: Collab, storage: Storage, database_url: str, tmp_path: Path) -> None:
    await storage.documents.ready()
    (tmp_path / "copy.db").write_text("the last copy")

    backup = await to_thread.run_sync(collab, "backup", tmp_path / "copy.db", "--database-url", database_url)

    assert backup.returncode == 1
    assert "is there already; expected the name of a new file" in backup.stderr
    assert (tmp_path / "copy.db").read_text() == "the last copy"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_place_that_cannot_be_written_is_said(
    collab: Collab, storage: Storage, database_url: str, tmp_path: Path
) -> None:
    await storage.documents.ready()

    backup = await to_thread.run_sync(collab, "backup", tmp_path / "no" / "copy.db", "--database-url", database_url)

    assert backup.returncode == 1
    assert "cannot be copied" in backup.stderr


def test_a_database_that_is_not_there_is_said(collab: Collab, tmp_path: Path) -> None:
    backup = collab("backup", tmp_path / "copy.db", "--data-dir", tmp_path / "empty")

    assert backup.returncode == 1
    assert "there is no database" in backup.stderr
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("tables", [["documents"], ["documents", "alembic_version"]], ids=["none", "no revision"])
def test_a_database_of_something_else_gives_no_copy(collab: Collab, tmp_path: Path, tables: list[str]) -> None:
    with closing(sqlite3.connect(tmp_path / "collab.db")) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE {table} (a)")

    backup = collab("backup", tmp_path / "copy.db", "--data-dir", tmp_path)

    assert backup.returncode == 1
    assert "is no database of Collab's: it says no revision" in backup.stderr
    assert copies_in(tmp_path) == []


async def test_for_postgresql_it_says_how(collab: Collab, postgres_url: str, tmp_path: Path) -> None:
    backup = await to_thread.run_sync(collab, "backup", tmp_path / "copy.dump", "--database-url", postgres_url)

    assert backup.returncode == 1
    assert "pg_dump --format=custom" in backup.stderr
    assert not (tmp_path / "copy.dump").exists()


def damage(database: Path) -> None:
    """Write over the page that the log begins with."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'updates'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(b"\xff" * 40)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_damaged_database_gives_no_copy(
    collab: Collab, storage: Storage, database_url: str, tmp_path: Path
) -> None:
    record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
    await storage.log.append([Append(record.id, typed("abcdefghijklmnopqrstuvwxyz"))])
    damage(Path(database_url.removeprefix("sqlite:///")))

    backup = await to_thread.run_sync(collab, "backup", tmp_path / "copy.db", "--database-url", database_url)

    assert backup.returncode == 1
    assert "the copy is damaged, and so perhaps the database" in backup.stderr
    assert copies_in(tmp_path) == []
