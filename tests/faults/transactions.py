"""Transactions on PostgreSQL, seen and held up from outside."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import asyncpg

from tests.support.eventually import DEADLINE

GATE = 7_305_731
"""An advisory lock: where the tests shut it, transactions wait."""

_WAIT_AT_GATE = """
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared({gate});
  RETURN NULL;
END $$
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect past every server."""
    connection = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # the driver has no annotations
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def holding(url: str, statement: str) -> AsyncIterator[None]:
    """Hold in an open transaction what this statement locks."""
    async with connected(url) as connection:
        transaction = connection.transaction()  # type: ignore[no-untyped-call]  # the driver has no annotations
        await transaction.start()
        await connection.execute(statement)
        try:
            yield
        finally:
            await transaction.rollback()


async def make_gate(url: str, event: str) -> None:
    """Have transactions wait behind an event, such as `UPDATE ON documents`, while the gate is shut."""
    async with connected(url) as connection:
        await connection.execute(_WAIT_AT_GATE.format(gate=GATE))
        await connection.execute(
            f"CREATE TRIGGER gate AFTER {event} FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()"
        )


async def make_gate_at_commit(url: str, event: str) -> None:
    """Have transactions in which there was an event, such as `INSERT ON updates`, wait in their COMMIT while the gate is shut."""
    async with connected(url) as connection:
        await connection.execute(_WAIT_AT_GATE.format(gate=GATE))
        await connection.execute(
            f"CREATE CONSTRAINT TRIGGER gate AFTER {event} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION wait_at_gate()"
        )


def shut_gate(url: str) -> AbstractAsyncContextManager[None]:
    """Keep the gate shut."""
    return holding(url, f"SELECT pg_advisory_xact_lock({GATE})")


async def sessions(url: str, condition: str) -> list[int]:
    """Return the other sessions of this database of which an SQL condition holds, by their process ids."""
    async with connected(url) as connection:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            f" AND {condition}"
        )
        return [row["pid"] for row in rows]


async def until_session(url: str, condition: str) -> None:
    """Wait until there is a session of which this condition holds."""
    with anyio.fail_after(DEADLINE):
        while not await sessions(url, condition):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await anyio.sleep(0.01)


async def until_no_session(url: str, condition: str) -> None:
    """Wait until there is no such session."""
    with anyio.fail_after(DEADLINE):
        while await sessions(url, condition):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await anyio.sleep(0.01)


WAITS_FOR_LOCK = "wait_event_type = 'Lock'"
IS_IN_TRANSACTION = "xact_start IS NOT NULL"
IS_IDLE_IN_TRANSACTION = "state = 'idle in transaction'"
