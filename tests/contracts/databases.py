"""Migrated, empty databases of every kind that the storage works on, as fixtures for the suites of this folder and of `tests/storage`."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from collab.storage import Storage, migrate, open_storage
from collab.storage.database import Database, open_database
from tests.contracts.postgres import execute, own_database, server_url


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio: the drivers of the databases know nothing else."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "collab.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


async def _migrate(url: str) -> None:
    await migrate(url)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """Give a database on a server on which others can be made."""
    return server_url()


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres_server: str) -> Iterator[str]:
    """Give a database for the whole run; each test finds it empty."""
    with asyncio.Runner() as runner:
        database = own_database(postgres_server)
        url = runner.run(database.__aenter__())
        try:
            runner.run(_migrate(url))
            yield url
        finally:
            runner.run(database.__aexit__(None, None, None))


@pytest.fixture
def sqlite_url(migrated_sqlite_file: Path, tmp_path: Path) -> str:
    """Give an SQLite database of the test's own."""
    path = tmp_path / "collab.db"
    shutil.copyfile(migrated_sqlite_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_url(migrated_postgres_url: str) -> str:
    """Give the PostgreSQL database, emptied."""
    await execute(
        migrated_postgres_url,
        "ALTER TABLE audit_log DISABLE TRIGGER USER",
        "TRUNCATE documents, accounts, tickets, access_changes, workspaces, api_keys, audit_log, provider_visits RESTART IDENTITY CASCADE",
        "ALTER TABLE audit_log ENABLE TRIGGER USER",
    )
    return migrated_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a database of each kind in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    """Open the storage."""
    async with open_storage(database_url) as opened:
        yield opened


@pytest.fixture
async def other_node(database_url: str) -> AsyncIterator[Storage]:
    """Open it once more, as another process would."""
    async with open_storage(database_url) as opened:
        yield opened


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open the database below the storage."""
    async with open_database(database_url) as opened:
        yield opened
