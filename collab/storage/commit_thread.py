"""The road of the update log to an SQLite file: a thread of its own, in which a whole transaction takes one turn.

Through aiosqlite each statement goes to the driver's thread and back: four journeys for a commit of the log, which cost more than its
statements do. The log commits up to forty times a second, so it has this shorter road; everything else is written through the engine.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from collab.storage import sqlite
from collab.storage.address import SqliteAddress

Statements = Callable[[Connection], None]
"""Executes the statements of one transaction."""


class CommitThread:
    """One connection to an SQLite file, and the thread that uses it."""

    def __init__(self, address: SqliteAddress) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._engine = create_engine(
            URL.create("sqlite", database=str(address.path)),
            pool_size=1,
            max_overflow=0,
            connect_args={
                "timeout": sqlite.BUSY_TIMEOUT,
                "isolation_level": None,
            },  # None: the driver begins nothing by itself
        )
        self._connection: Connection | None = None
        """Kept between commits, for to fetch and reset it costs as much as a statement; another after a failure."""
        self._path = address.path
        self._opened = self._identity()
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    def _identity(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_dev, status.st_ino

    async def commit(self, statements: Statements) -> None:
        """Commit what these statements do, or nothing.

        Cancelled before its turn it does nothing; after that it is carried through, whatever the caller gets to hear of it.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, statements)

    def _transact(self, statements: Statements) -> None:
        """Commit, unless the file is no longer the one that was opened: SQLite goes on with one that was removed, for nobody."""
        if self._identity() != self._opened:
            raise FileNotFoundError("the file was replaced by another while it was open")
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                statements(self._connection)
        except BaseException:
            self._connection.close()
            self._connection = None
            raise

    def close(self) -> None:
        """Let the last transaction end, and close the connection. Blocks for as long."""
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in sqlite.PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
