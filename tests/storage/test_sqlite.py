"""How SQLite is opened, and what is said when it cannot be, is busy or is full."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest
from anyio import create_task_group, sleep, to_thread, wait_all_tasks_blocked
from sqlalchemy import Connection, text

from collab.errors import DatabaseUnavailable
from collab.ports import Append, DocumentKind, DocumentName
from collab.storage import SqlDocumentStore, SqlUpdateLog, open_storage, sqlite
from collab.storage.address import SqliteAddress
from collab.storage.authors import Authors
from collab.storage.database import Database, open_database
from collab.storage.sqlite import prepare_file
from tests.contracts.edits import typed

NAME = DocumentName("notes")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@contextmanager
def other_process_writing(path: Path) -> Iterator[None]:
    """Hold SQLite's write lock on a connection that is none of the storage's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


async def test_every_connection_commits_durably(database: Database) -> None:
    seen: list[list[object]] = []

    def look(connection: Connection) -> None:
        seen.append(
            [connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
        )

    async with AsyncExitStack() as held:
        # Held, so that each is another connection of the pool.
        for _ in range(sqlite.READERS):
            await (await held.enter_async_context(database.reading())).run_sync(look)
        await (await held.enter_async_context(database.writing())).run_sync(look)
    await database.commit(look)
    full, on = 2, 1
    assert seen == [["wal", full, on]] * (sqlite.READERS + 2)


async def test_a_new_file_and_its_directories_are_made(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/some/where/collab.db"):
        assert (tmp_path / "some/where/collab.db").is_file()


async def test_a_relative_url_means_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_database("sqlite:///data/collab.db"):
        assert (tmp_path / "data/collab.db").is_file()


async def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"the SQLite database {tmp_path} is a directory; expected a file"):
        async with open_database(f"sqlite:///{tmp_path}"):
            pass


async def test_a_file_of_something_else_is_no_database_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(DatabaseUnavailable, match=r"letter\.txt is not available: file is not a database"):
        async with open_database(f"sqlite:///{path}"):
            pass
    assert path.read_text() == "Dear Sir or Madam, " * 100


async def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"collab\.db is not available: .*file"):
        async with open_database(f"sqlite:///{tmp_path}/file/collab.db"):
            pass


async def test_a_place_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, os.strerror(13), str(path))  # root, as which tests may run, is refused nothing

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DatabaseUnavailable, match=r"collab\.db is not available: .*Permission denied"):
        async with open_database(f"sqlite:///{tmp_path}/closed/collab.db"):
            pass


async def test_a_write_waits_for_another_process(database_url: str, path: Path) -> None:
    async with open_storage(database_url) as storage:
        record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
        async with create_task_group() as tasks:
            with other_process_writing(path):
                tasks.start_soon(storage.log.append, [Append(record.id, typed("patient"))])
                await wait_all_tasks_blocked()
        stored = await storage.log.load(NAME)
        assert stored is not None
        assert stored.content.updates == typed("patient")


async def test_a_database_locked_for_too_long_is_unavailable_and_nothing_is_written(
    database_url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.01)
    async with open_storage(database_url) as storage:
        record = await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
        with other_process_writing(path):
            with pytest.raises(DatabaseUnavailable, match=r"collab\.db is not available: database is locked"):
                await storage.log.append([Append(record.id, typed("lost"))])
            assert await storage.documents.get(NAME) == record
        stored = await storage.log.load(NAME)
        assert stored is not None
        assert stored.content.updates == ()
        await storage.log.append([Append(record.id, typed("kept"))])


async def test_a_database_locked_from_the_start_is_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnavailable, match="database is locked"):
            await to_thread.run_sync(prepare_file, SqliteAddress(path))


async def test_a_full_disk_leaves_nothing_and_the_log_goes_on_when_there_is_room(database: Database) -> None:
    log, documents = SqlUpdateLog(database, Authors(database)), SqlDocumentStore(database)
    record = await documents.create(NAME, kind=DocumentKind.YJS, title="")
    await limit_pages(database, 1)
    with pytest.raises(DatabaseUnavailable, match="database or disk is full"):
        await log.append([Append(record.id, (b"small", bytes(1_000_000)))])
    stored = await log.load(NAME)
    assert stored is not None
    assert stored.content.updates == ()
    await limit_pages(database, 1_000_000)
    await log.append([Append(record.id, typed("kept"))])


async def limit_pages(database: Database, pages: int) -> None:
    """Let the file grow to so many pages, or not at all where it is larger: what SQLite then says is what a full disk says."""
    await database.commit(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").close())


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_who_is_cancelled_at_any_moment_leaves_nothing_behind(sqlite_url: str, turns: int) -> None:
    """A task that waits for ever would keep the event loop, and the server, from ending."""

    async def read(database: Database) -> None:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def write(database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("SELECT 1"))

    for use in (read, write):
        async with open_database(sqlite_url) as database:
            before = asyncio.all_tasks()
            async with create_task_group() as tasks:
                tasks.start_soon(use, database)
                for _ in range(turns):
                    await sleep(0.0001)
                tasks.cancel_scope.cancel()
            assert asyncio.all_tasks() <= before


async def test_a_file_that_was_removed_takes_no_more_commits(database: Database, path: Path) -> None:
    """SQLite itself goes on with a file that has no name any more, and all of it is gone with the process."""
    log, documents = SqlUpdateLog(database, Authors(database)), SqlDocumentStore(database)
    record = await documents.create(NAME, kind=DocumentKind.YJS, title="")
    kept = path.with_name("kept.db")
    await to_thread.run_sync(path.rename, kept)
    with pytest.raises(DatabaseUnavailable, match="No such file"):
        await log.append([Append(record.id, typed("lost"))])
    await to_thread.run_sync(path.touch)
    with pytest.raises(DatabaseUnavailable, match="replaced"):
        await log.append([Append(record.id, typed("lost"))])
    await to_thread.run_sync(kept.rename, path)
    await log.append([Append(record.id, typed("kept"))])
