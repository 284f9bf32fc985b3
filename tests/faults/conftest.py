"""A database server that a test may take away, and processes of real clients."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from collab.storage import migrate
from tests.clients.process import ClientProcess
from tests.contracts.postgres import own_database
from tests.support.private_postgres import PrivatePostgres
from tests.support.server import RunningServer

StartServer = Callable[..., RunningServer]


@pytest.fixture(scope="package")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL server that no other suite uses."""
    server = PrivatePostgres()
    yield server
    server.end()


@pytest.fixture
def empty_postgres_url(postgres: PrivatePostgres) -> Iterator[str]:
    """A database on it, of the test's own, without tables."""
    with asyncio.Runner() as runner:
        database = own_database(postgres.url)
        yield runner.run(database.__aenter__())
        runner.run(database.__aexit__(None, None, None))


@pytest.fixture
def postgres_url(empty_postgres_url: str) -> str:
    """A migrated database on it, of the test's own."""
    asyncio.run(_migrate(empty_postgres_url))
    return empty_postgres_url


async def _migrate(url: str) -> None:
    await migrate(url)


@pytest.fixture
def clients() -> Iterator[ClientProcess]:
    """A process of real clients."""
    with ClientProcess() as process:
        yield process


@pytest.fixture
def servers() -> Iterator[StartServer]:
    """Start servers, as `RunningServer.start` does; they end with the test."""
    with ExitStack() as stack:

        def start(directory: Path, **options: Any) -> RunningServer:
            server = RunningServer.start(directory, **options)
            stack.callback(server.kill)
            return server

        yield start
