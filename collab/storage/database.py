"""An open database: connections for one consistent reading or one transaction of writing at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from typing import Final, TypeVar

from anyio import CancelScope, Lock, Semaphore, fail_after, move_on_after, to_thread
from anyio.lowlevel import checkpoint_if_cancelled
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collab.errors import DatabaseUnavailable, SettingsError
from collab.ports import DocumentId
from collab.storage.address import Address, SqliteAddress, parse_address
from collab.storage.failures import translated
from collab.storage.postgres import postgres_readers, postgres_writers
from collab.storage.sqlite import POOL_TIMEOUT, READERS, READING, WRITING, prepare_file, sqlite_readers, sqlite_writer
from collab.storage.sqlite_threads import SqliteThreads, Statements
from collab.turns import Turns

T = TypeVar("T")

STATEMENT_TIMEOUT: Final = 30.0
"""Seconds that PostgreSQL may take for one statement: one whose other end is gone without a word would wait a quarter of an hour."""


CLOSE_TIMEOUT: Final = 5.0
"""Seconds that closing the connections may take."""


class Database:
    """Gives connections; whatever goes wrong with them is raised as `DatabaseUnavailable` or `StorageError`."""

    def __init__(
        self,
        address: Address,
        readers: AsyncEngine,
        writers: AsyncEngine,
        committing: SqliteThreads | None = None,
        loading: SqliteThreads | None = None,
    ) -> None:
        """Give it the threads that commit the log on SQLite and load from it; PostgreSQL needs none."""
        self.address = address
        self._readers = readers
        self._writers = writers
        self._committing = committing
        self._loading = loading
        self._seats = Semaphore(READERS)
        """Of those who read from an SQLite file: waiting for one can be cancelled."""
        self._turn = Lock(fast_acquire=True)
        """Of those who write in this process to an SQLite file. SQLite would have them try again and again, each later than the other."""
        self.folding: Turns[DocumentId] = Turns()
        """Of those who fold a document's log here: each makes the other read all again, which need not end while somebody types quickly."""

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite rather than PostgreSQL."""
        return isinstance(self.address, SqliteAddress)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose statements all see the database as it was at one moment, and which cannot write."""
        async with self._seat() if self.is_sqlite else nullcontext(), self._transaction(self._readers) as connection:
            yield connection

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        """Wait for one of the connections that read from an SQLite file."""
        with translated(self.address), fail_after(POOL_TIMEOUT):
            await self._seats.acquire()
        try:
            yield
        finally:
            self._seats.release()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose statements are committed together at the end, or not at all when anything is raised in between.

        Within `together` the end is that of the whole.
        """
        whole = _whole.get()
        if whole is not None and whole[0] is self:
            yield whole[1]
            return
        async with self._turn if self.is_sqlite else nullcontext(), self._transaction(self._writers) as connection:
            yield connection

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Have what this task writes within be one transaction. Nothing slow belongs in it: on SQLite everybody else waits to write."""
        async with self.writing() as connection:
            token = _whole.set((self, connection))
            try:
                yield
            finally:
                _whole.reset(token)

    async def read(self, statements: Statements[T]) -> T:
        """Return what these statements find, as `reading` does; on the shortest road there is, for whoever opens a document."""
        if self._loading is None:
            async with self.reading() as connection:
                return await connection.run_sync(statements)
        with translated(self.address):
            return await self._loading.run(statements)

    async def commit(self, statements: Statements[None]) -> None:
        """Commit what these statements do, or nothing, as `writing` does; on the shortest road there is, for the log."""
        if self._committing is None:
            async with self.writing() as connection:
                await connection.run_sync(statements)
            return
        with translated(self.address):
            async with self._turn:
                await self._committing.run(statements)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        # A transaction in SQLite is carried through, from before there is a connection until after that was given back: it takes no longer
        # than its cancellation, which would throw the connection away. And where anyio cancels that again, as it does, SQLAlchemy leaves
        # a task behind that waits for a thread that has ended, for good, and the event loop waits for the task.
        with translated(self.address):
            await checkpoint_if_cancelled()
            with CancelScope(shield=self.is_sqlite):
                async with engine.connect() as connection, connection.begin():
                    yield connection

    async def close(self) -> None:
        """Close all connections."""
        for threads in (self._committing, self._loading):
            if threads is not None:
                await to_thread.run_sync(threads.close, abandon_on_cancel=True)
        await self._readers.dispose()
        await self._writers.dispose()


_whole: ContextVar[tuple[Database, AsyncConnection] | None] = ContextVar("_whole", default=None)
"""The transaction that this task is in, and of which database."""


@asynccontextmanager
async def open_database(
    url: str, *, statement_timeout: float | None = STATEMENT_TIMEOUT, may_create: bool = True
) -> AsyncIterator[Database]:
    """Open the database of this URL and close it at the end; an SQLite file and its directory are made, if they may be.

    Raises `SettingsError` for a URL that is none of ours, `DatabaseUnavailable` for a database that cannot be opened.
    """
    address = parse_address(url)
    if isinstance(address, SqliteAddress):
        if not may_create and not await to_thread.run_sync(address.path.exists):
            raise DatabaseUnavailable(f"there is no database {address.path}; `collab migrate` makes one")
        await to_thread.run_sync(prepare_file, address)
        committing, loading = SqliteThreads(address, 1, WRITING), SqliteThreads(address, READERS, READING)
        database = Database(address, sqlite_readers(address), sqlite_writer(address), committing, loading)
    else:
        readers, writers = postgres_readers(address, statement_timeout), postgres_writers(address, statement_timeout)
        database = Database(address, readers, writers)
    try:
        await _check_connection(database)
        yield database
    finally:
        with move_on_after(CLOSE_TIMEOUT, shield=True):
            await database.close()


async def _check_connection(database: Database) -> None:
    try:
        async with database.writing() as connection:
            await connection.execute(text("SELECT 1"))
    except ValueError as error:
        raise SettingsError(f"the url of {database.address} has an option that cannot be used: {error}") from error
