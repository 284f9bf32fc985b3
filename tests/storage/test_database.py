"""What both databases share: one consistent view for a reader, all or nothing for a writer."""

import asyncio

import pytest
from anyio import create_task_group
from sqlalchemy import text

from collab.errors import StorageError
from collab.storage.database import Database

INSERT = text(
    "INSERT INTO documents (name, title, kind, search_text, created_at, updated_at) "
    "VALUES (:name, '', 'yjs', '', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
)
COUNT = text("SELECT count(*) FROM documents")


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return int(await connection.scalar(COUNT) or 0)


async def test_writing_commits_at_the_end(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(INSERT, {"name": "a"})
        assert await count(database) == 0
    assert await count(database) == 1


async def test_writing_that_raises_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(INSERT, {"name": "a"})
            raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await fail()
    assert await count(database) == 0


async def test_writing_that_is_cancelled_leaves_nothing_and_gives_the_lock_back(database: Database) -> None:
    inserted = asyncio.Event()

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(INSERT, {"name": "a"})
            inserted.set()
            await asyncio.sleep(60)

    writing = asyncio.create_task(write())
    await inserted.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await count(database) == 0
    async with database.writing() as connection:
        await connection.execute(INSERT, {"name": "b"})
    assert await count(database) == 1


async def test_reading_sees_one_moment_while_others_write(database: Database) -> None:
    async with database.reading() as reader:
        assert await reader.scalar(COUNT) == 0
        async with database.writing() as connection:
            await connection.execute(INSERT, {"name": "a"})
        assert await reader.scalar(COUNT) == 0
    assert await count(database) == 1


async def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match=r"read-?only"):
        async with database.reading() as connection:
            await connection.execute(INSERT, {"name": "a"})
    assert await count(database) == 0


async def test_many_readers_and_writers_wait_for_each_other(database: Database) -> None:
    async def write(name: str) -> None:
        async with database.writing() as connection:
            await connection.scalar(COUNT)
            await connection.execute(INSERT, {"name": name})

    async with create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(write, f"document {number}")
            tasks.start_soon(count, database)
    assert await count(database) == 30


async def test_a_name_lives_once_in_the_database_itself(database: Database) -> None:
    with pytest.raises(StorageError, match="refuses what it was given"):
        async with database.writing() as connection:
            await connection.execute(INSERT, [{"name": "a"}, {"name": "a"}])
    assert await count(database) == 0
