"""What a database holds, read past every server; and how to have one that is worth killing for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text

from collab.ports import Append, DocumentKind, DocumentName
from collab.storage import open_storage
from collab.storage.database import open_database
from collab.storage.migrations import migrations_directory
from collab.storage.tables import metadata
from tests.contracts.edits import text_of, typed
from tests.support.eventually import eventually

NAME = DocumentName("minutes")
TEXT = "abcdefghijklmnopqrstuvwxyz" * 4

_ENDLESS_WORK = (
    "SELECT count(*) FROM (WITH RECURSIVE counting(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM counting)"
    " SELECT n FROM counting)"
)


async def fill(url: str, documents: int = 1) -> None:
    """Make documents that have a log worth folding; the first is `NAME`, with `TEXT` in it."""
    async with open_storage(url) as storage:
        for number in range(documents):
            name = DocumentName(f"{NAME}-{number}") if number else NAME
            record = await storage.documents.create(name, kind=DocumentKind.YJS, title="")
            await storage.log.append([Append(record.id, typed(TEXT))])


async def text_in(url: str) -> str:
    """Return the text of `NAME`."""
    async with open_storage(url) as storage:
        stored = await storage.log.load(NAME)
    assert stored is not None
    content = stored.content
    return text_of(content.updates if content.snapshot is None else (content.snapshot, *content.updates))


async def counts(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    async with open_database(url) as database, database.reading() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


async def make_first_revision(url: str) -> None:
    """Make the tables as the first version had them, with a document."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_directory()))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        now = "2026-01-01 00:00:00+00:00" if connection.dialect.name == "postgresql" else "2026-01-01 00:00:00.000000"
        connection.execute(
            text(
                "INSERT INTO documents (name, title, kind, search_text, created_at, updated_at)"
                f" VALUES ('{NAME}', '', 'yjs', '', '{now}', '{now}')"
            )
        )
        for update in typed(TEXT):
            connection.execute(
                text(f"INSERT INTO updates (document_id, content, created_at) VALUES (1, :content, '{now}')"),
                {"content": update},
            )

    async with open_database(url) as database, database.writing() as connection:
        await connection.run_sync(upgrade)


async def revision_and_columns(url: str) -> tuple[str, int]:
    """Return the revision that the schema says it is at, and how many columns its tables have."""
    async with open_database(url) as database, database.reading() as connection:
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        count = (
            "SELECT count(*) FROM sqlite_master m, pragma_table_info(m.name) WHERE m.type = 'table'"
            if database.is_sqlite
            else "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
        )
        return str(revision), await connection.scalar(text(count)) or 0


async def work_endlessly(database: Path, on: str) -> None:
    """Have SQLite work for ever at this, such as `DELETE ON updates`, in the midst of its transaction."""
    async with open_database(f"sqlite:///{database}") as opened, opened.writing() as connection:
        await connection.execute(text(f"CREATE TRIGGER endless BEFORE {on} BEGIN {_ENDLESS_WORK}; END"))


async def work_no_more(database: Path) -> None:
    """Take that back."""
    async with open_database(f"sqlite:///{database}") as opened, opened.writing() as connection:
        await connection.execute(text("DROP TRIGGER endless"))


async def until_busy(pid: int, database: Path) -> None:
    """Wait until the process holds SQLite's write lock and is at its endless work: nothing else of it takes so much time."""
    await eventually(lambda: is_locked(database))
    process = psutil.Process(pid)
    before = process.cpu_times().user
    await eventually(lambda: process.cpu_times().user > before + 0.5)
    assert is_locked(database)


def is_locked(database: Path) -> bool:
    """Tell whether some process is in a transaction that writes to an SQLite database."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
        connection.execute("ROLLBACK")
        return False
