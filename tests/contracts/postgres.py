"""A PostgreSQL server for the tests: the one they are told, else the one of this machine, else a private one."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from asyncpg.exceptions import PostgresError
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.private_postgres import PrivatePostgres

ON_THIS_MACHINE = "postgresql://postgres@127.0.0.1:5432/test"


@cache
def server_url() -> str:
    """Return the URL of a database on a server on which databases can be made; the answer holds for the whole run."""
    told = os.environ.get("COLLAB_TEST_POSTGRES_URL")
    if told:
        return told
    return ON_THIS_MACHINE if asyncio.run(_answers(ON_THIS_MACHINE)) else PrivatePostgres().url


async def _answers(url: str) -> bool:
    try:
        await execute(url, "SELECT 1")
    except (OSError, PostgresError, SQLAlchemyError):
        return False
    return True


@asynccontextmanager
async def own_database(server: str) -> AsyncIterator[str]:
    """Make a database on this server and drop it at the end."""
    name = f"collab_test_{uuid.uuid4().hex}"
    await execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def execute(url: str, *statements: str) -> None:
    """Run statements on a connection of their own, each committed by itself."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT", connect_args={"timeout": 10}
    )
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
