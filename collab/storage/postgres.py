"""How PostgreSQL must be opened so that a commit is durable, a reader sees one moment, and a dead connection does not hang."""

from typing import Final

from asyncpg.exceptions import ReadOnlySQLTransactionError
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from collab.storage.address import PostgresAddress

READERS: Final = 4
"""Connections that read at once. They are apart from those that write, so that a herd of opening documents delays no commit."""

WRITERS: Final = 4
"""Transactions that write at once: the commit of the log, a compaction or two, a change of a record."""

POOL_TIMEOUT: Final = 30
"""Seconds to wait for one of these connections."""

CONNECT_TIMEOUT: Final = 10
"""Seconds that the server may take to let us in."""

_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
"""A server may be set up to answer before a commit is on disk; what we call saved is. Stronger settings than `on` stay."""


def postgres_readers(address: PostgresAddress, statement_timeout: float | None) -> AsyncEngine:
    """Return an engine for reading.

    It asks a pooled connection for a sign of life first: a server that was restarted leaves dead ones behind, and a reader, unlike the
    log, has nobody who tries again.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args=_connect_args(address, statement_timeout),
    )
    return engine.execution_options(postgresql_readonly=True)


def postgres_writers(address: PostgresAddress, statement_timeout: float | None) -> AsyncEngine:
    """Return an engine for writing."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_size=WRITERS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        isolation_level="READ COMMITTED",
        connect_args=_connect_args(address, statement_timeout),
    )

    def make_durable(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.run_async(lambda driver: driver.execute(_DURABLE))

    event.listen(engine.sync_engine, "connect", make_durable)
    event.listen(engine.sync_engine, "handle_error", _part_with_read_only)
    return engine


def _part_with_read_only(context: ExceptionContext) -> None:
    """Have connections thrown away that may not write.

    A server that has become a standby, or whose databases were made read-only for a while, lets them live; each would refuse every
    commit for as long as it lasts, also when the next connection would not.
    """
    if isinstance(context.original_exception.__cause__, ReadOnlySQLTransactionError):
        context.is_disconnect = True


def _connect_args(address: PostgresAddress, statement_timeout: float | None) -> dict[str, object]:
    # The driver reads the URL itself, because it knows the options of libpq (`sslmode` and the like), and SQLAlchemy does not.
    return {"dsn": address.dsn, "timeout": CONNECT_TIMEOUT, "command_timeout": statement_timeout}
