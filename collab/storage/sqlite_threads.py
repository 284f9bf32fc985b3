"""The short road to an SQLite file: threads of its own, in which a whole transaction takes one turn.

Through aiosqlite each statement goes to the driver's thread and back, up to four times; those journeys cost more than the statements do.
Under load the log commits ten times a second, and whoever opens a document waits for six statements, so these have the shorter road;
everything else goes through the engine.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from collab.storage import sqlite
from collab.storage.address import SqliteAddress

T = TypeVar("T")

Statements = Callable[[Connection], T]
"""Executes the statements of one transaction."""


class SqliteThreads:
    """Threads, and for each of them a connection to the file."""

    def __init__(self, address: SqliteAddress, threads: int, mode: sqlite.Mode) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="sqlite")
        self._engine = create_engine(
            URL.create("sqlite", database=str(address.path)),
            poolclass=NullPool,  # each thread keeps its own
            connect_args={
                "timeout": sqlite.BUSY_TIMEOUT,
                "isolation_level": None,  # the driver begins nothing by itself
                "check_same_thread": False,  # whoever closes the threads closes their connections
            },
        )
        self._begin = mode.begin
        self._own = threading.local()
        """Its `connection` is kept between transactions, for to open one costs as much as a statement; another after a failure."""
        self._open: set[Connection] = set()
        self._path = str(address.path)
        self._opened = self._identity()

        def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            for pragma in mode.pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        event.listen(self._engine, "connect", prepare)

    def _identity(self) -> tuple[int, int]:
        status = os.stat(self._path)  # noqa: PTH116 - before each commit, and a `Path` takes twice as long
        return status.st_dev, status.st_ino

    async def run(self, statements: Statements[T]) -> T:
        """Commit what these statements do, or nothing; return what they do.

        Cancelled before its turn it does nothing; after that it is carried through, whatever the caller gets to hear of it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, statements)

    def _transact(self, statements: Statements[T]) -> T:
        """Commit, unless the file is no longer the one that was opened: SQLite goes on with one that was removed, for nobody."""
        if self._identity() != self._opened:
            raise FileNotFoundError("the file was replaced by another while it was open")
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._engine.connect()
            self._open.add(connection)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - what SQLAlchemy drives here
        try:
            # Begun and ended through SQLAlchemy, a commit of a few edits would cost an eighth more.
            driver.execute(self._begin)
            outcome = statements(connection)
            driver.commit()
        except BaseException:
            self._own.connection = None
            self._open.discard(connection)
            connection.close()
            raise
        return outcome

    def close(self) -> None:
        """Let the last transactions end, and close the connections. Blocks for as long."""
        self._threads.shutdown()
        for connection in self._open:
            connection.close()
        self._engine.dispose()
