"""How SQLite must be opened so that a commit is durable, a reader sees one moment, and no writer meets a locked database."""

import asyncio
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from collab.errors import DatabaseUnavailable
from collab.storage.address import SqliteAddress
from collab.storage.failures import translated

READERS: Final = 4
"""Connections that read at once. They are apart from the one that writes, so that a herd of opening documents delays no commit."""

POOL_TIMEOUT: Final = 30
"""Seconds to wait for one of these connections."""

BUSY_TIMEOUT: Final = 5
"""Seconds to wait for another process that writes to the file."""

RETRY_INTERVAL: Final = 0.02
"""Seconds between tries, where SQLite does not wait by itself."""

_PRIMARY_CODE: Final = 0xFF
"""The part of an error code that tells its kind; the rest tells where it came from."""

_PRAGMAS: Final = ("synchronous=FULL", "foreign_keys=ON")
"""For every connection. FULL, because in WAL mode NORMAL loses the last commits when the power goes."""


@dataclass(frozen=True, slots=True)
class Mode:
    """What a connection is for: the statement that begins a transaction, and what is set before the first."""

    begin: str
    pragmas: tuple[str, ...]


READING: Final = Mode("BEGIN", (*_PRAGMAS, "query_only=ON"))
WRITING: Final = Mode("BEGIN IMMEDIATE", _PRAGMAS)
"""It takes SQLite's write lock when a transaction begins.

One that began by reading would be refused ("database is locked") as soon as another process has written meanwhile, however long it waited.
"""


def sqlite_readers(address: SqliteAddress) -> AsyncEngine:
    """Return an engine for reading."""
    return _engine(address, READERS, READING)


def sqlite_writer(address: SqliteAddress) -> AsyncEngine:
    """Return an engine with the one connection that writes: in its queue the writers of this process wait for each other in turn."""
    return _engine(address, 1, WRITING)


def prepare_file(address: SqliteAddress) -> None:
    """Make the file, and its directory, if they are not there, and put it into WAL mode, in which it then stays. Blocks.

    Raises `DatabaseUnavailable` where there is something else, or what is there cannot be opened.
    """
    with translated(address):
        if address.path.is_dir():
            raise DatabaseUnavailable(f"{address} is a directory; expected a file, or nothing yet")
        address.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(address.path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
            mode = _enter_wal_mode(connection)
    if mode != "wal":
        raise DatabaseUnavailable(
            f"{address} stays in journal mode {mode}; expected a place where SQLite can use wal, as a local disk is"
        )


def _enter_wal_mode(connection: sqlite3.Connection) -> str:
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            # Of several processes that open a new file at once some are told that it is locked, and SQLite does not wait for this lock.
            is_busy = error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_INTERVAL)


def _engine(address: SqliteAddress, connections: int, mode: Mode) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(address.path)),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None},  # None: the driver begins nothing by itself
    )

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in mode.pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def start(connection: Connection) -> None:
        # Straight to the driver: through a cursor it would cost each commit another turn of the driver's thread.
        connection.connection.run_async(lambda driver: driver.execute(mode.begin))

    def abandon(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _error: BaseException | None) -> None:
        # A connection whose statement was cancelled is thrown away. Closing it alone would not end its transaction, nor give back the lock,
        # as long as anything still refers to that statement (sqlite3_close_v2), and the traceback of the cancellation does.
        # Cancelled once more, the rollback is on its way in the driver's thread all the same.
        with suppress(asyncio.CancelledError, sqlite3.Error, ValueError):
            connection.run_async(lambda driver: driver.rollback())

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "invalidate", abandon)
    event.listen(engine.sync_engine, "begin", start)
    return engine
