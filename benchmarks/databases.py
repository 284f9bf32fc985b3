"""Databases made for one benchmark and gone after it, and what stands in them."""

import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pycrdt import Doc, Text
from sqlalchemy import distinct, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.failures import OptionUnusable
from benchmarks.workload import ROOT
from collab.hub.replicas import load_replica
from collab.ports import DocumentName
from collab.protocol.updates import StateVector, decode_state_vector
from collab.storage import migrate, open_storage
from collab.storage.database import open_database
from collab.storage.tables import documents, updates

_CONNECT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Content:
    """What a document holds."""

    state_vector: StateVector
    """The clock that each writer has reached in it."""

    text: str


@dataclass(frozen=True, slots=True)
class Database:
    """A database with Collab's tables in it."""

    label: str
    url: str
    scratch: Path
    """A directory of its own."""

    async def content(self, name: str) -> Content:
        """Read a document as a server does that opens it."""
        async with open_storage(self.url) as storage:
            state = load_replica(await storage.log.load(DocumentName(name))).state()
        document: Doc[Text] = Doc()
        document.apply_update(state)
        return Content(decode_state_vector(document.get_state()), str(document.get(ROOT, type=Text)))

    async def letters(self, names: Iterable[str]) -> int:
        """Count the letters that were ever typed in these documents: rows tell nothing, for one may hold several updates."""
        return sum([sum((await self.content(name)).state_vector.values()) for name in names])

    async def commits(self, prefix: str, since: float, until: float) -> int:
        """Count the commits between these times to the log of the documents with this prefix: all rows of one bear its time."""
        count = (
            select(func.count(distinct(updates.c.created_at)))
            .join(documents, documents.c.id == updates.c.document_id)
            .where(documents.c.name.startswith(prefix))
            .where(updates.c.created_at.between(_moment(since), _moment(until)))
        )
        async with open_database(self.url) as database, database.reading() as connection:
            return await connection.scalar(count) or 0


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@asynccontextmanager
async def sqlite_database() -> AsyncIterator[Database]:
    """Make an SQLite database in a directory of its own."""
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        url = f"sqlite:///{scratch}/collab.db"
        await migrate(url)
        yield Database(f"SQLite {sqlite3.sqlite_version}", url, Path(scratch))


@asynccontextmanager
async def postgres_database(server: str) -> AsyncIterator[Database]:
    """Make a database of its own on the PostgreSQL server of this URL, and drop it at the end."""
    name = f"collab_benchmark_{uuid.uuid4().hex}"
    version = await _execute(server, "SHOW server_version")
    await _execute(server, f'CREATE DATABASE "{name}"')
    try:
        with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
            url = make_url(server).set(database=name).render_as_string(hide_password=False)
            await migrate(url)
            yield Database(f"PostgreSQL {version.split()[0]}", url, Path(scratch))
    finally:
        await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def check_postgres(server: str) -> None:
    """Raise `OptionUnusable` unless there is a PostgreSQL server at this URL on which a database can be made."""
    expected = (
        "expected postgresql://USER:PASSWORD@HOST/DATABASE of a server that runs, and a user who may make a database"
    )
    try:
        url = make_url(server)
    except (ArgumentError, ValueError) as error:
        raise OptionUnusable(f"--postgres {server!r} came, which is no URL; {expected}") from error
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() != "postgresql":
        raise OptionUnusable(f"--postgres {shown} came; {expected}")
    try:
        may = await _execute(server, "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    except (OSError, SQLAlchemyError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        raise OptionUnusable(f"--postgres {shown} came, which cannot be used: {said}; {expected}") from error
    if may != "True":
        raise OptionUnusable(f"--postgres {shown} came, whose user may make no database; {expected}")


async def _execute(url: str, statement: str) -> str:
    """Run a statement on a connection of its own; return the first value of its answer, if it gives one."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": _CONNECT_SECONDS},
    )
    try:
        async with engine.connect() as connection:
            result = await connection.execute(text(statement))
            return str(result.scalar()) if result.returns_rows else ""
    finally:
        await engine.dispose()
