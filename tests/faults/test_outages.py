"""A database that is away, full, locked, read-only or slow: editing goes on, nothing is acknowledged, and then everything is saved.

PostgreSQL is stopped for half a minute in every run. Each other outage lasts for some seconds, and for half a minute under `soak`.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from collab.ports import DocumentName
from collab.storage import open_storage
from tests.clients.process import ClientProcess
from tests.contracts.edits import text_of
from tests.faults import outages
from tests.faults.conftest import StartServer
from tests.faults.writing import DOCUMENT, Writing
from tests.support.eventually import DEADLINE, poll
from tests.support.private_postgres import PrivatePostgres

Outage = Callable[[], AbstractContextManager[None]]

SHORT = 2.0
LONG = 30.0
"""Seconds."""

LASTING = pytest.mark.parametrize("seconds", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"])
LONGER_THAN_SQLITE_WAITS = pytest.mark.parametrize(
    "seconds", [6.0, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"]
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system or make files immutable")


def goes_on_through(outage: Outage, writing: Writing, seconds: float) -> None:
    with outage():
        writing.write_unacknowledged(seconds)
    writing.saved()
    writing.survives_a_kill()


def test_writing_goes_on_while_postgresql_is_stopped(
    postgres: PrivatePostgres,
    postgres_url: str,
    servers: StartServer,
    clients: ClientProcess,
    tmp_path: Path,
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})

    goes_on_through(postgres.stopped, Writing.begun(server, clients), LONG)


@LASTING
def test_writing_goes_on_while_postgresql_hangs(
    seconds: float,
    postgres: PrivatePostgres,
    postgres_url: str,
    servers: StartServer,
    clients: ClientProcess,
    tmp_path: Path,
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})

    goes_on_through(postgres.frozen, Writing.begun(server, clients), seconds)


@LASTING
def test_writing_goes_on_while_postgresql_is_read_only(
    seconds: float,
    postgres: PrivatePostgres,
    postgres_url: str,
    servers: StartServer,
    clients: ClientProcess,
    tmp_path: Path,
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})

    goes_on_through(lambda: outages.read_only(postgres.url, postgres_url), Writing.begun(server, clients), seconds)


@LONGER_THAN_SQLITE_WAITS
def test_writing_goes_on_while_another_process_locks_sqlite(
    seconds: float, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path)

    goes_on_through(lambda: outages.locked(tmp_path / "collab.db"), Writing.begun(server, clients), seconds)


@LASTING
def test_writing_goes_on_while_sqlite_files_may_not_grow(
    seconds: float, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path)

    goes_on_through(lambda: outages.no_more_bytes(server), Writing.begun(server, clients), seconds)


@needs_root
@LASTING
def test_writing_goes_on_while_the_disk_under_sqlite_is_full(
    seconds: float, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    with outages.small_disk(tmp_path, "4m"):
        server = servers(tmp_path)

        goes_on_through(lambda: outages.full_disk(tmp_path), Writing.begun(server, clients), seconds)
        server.kill()


@needs_root
@LASTING
def test_writing_goes_on_while_the_files_of_sqlite_are_read_only(
    seconds: float, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path)

    goes_on_through(lambda: outages.unwritable(tmp_path / "collab.db"), Writing.begun(server, clients), seconds)


@pytest.mark.parametrize("letters", [40, pytest.param(400, marks=pytest.mark.soak)], ids=["short", "long"])
def test_writing_goes_on_while_each_commit_takes_two_seconds(
    letters: int, postgres_url: str, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    outages.slow_commits(postgres_url, seconds=2)
    writing = Writing.begun(servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url}), clients)
    waited = 0
    for _ in range(letters):
        writing.write()
        acknowledged = writing.edits()["saved"] - 1  # of letters: the first was for the handshake
        stored = stored_text(postgres_url)
        assert len(stored) >= acknowledged, "something was acknowledged before its commit"
        waited += len(writing.text) > len(stored)

    assert waited
    writing.saved()
    writing.survives_a_kill()


def test_a_server_whose_database_hangs_lives_and_is_not_ready_until_it_answers(
    postgres: PrivatePostgres, postgres_url: str, servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})

    def status(path: str) -> int:
        return httpx.get(f"{server.url}{path}", timeout=DEADLINE).status_code

    with postgres.frozen():
        assert (status("/healthz"), status("/readyz")) == (200, 503)
    poll(lambda: status("/readyz") == 200, "ready again")


def stored_text(url: str) -> str:
    """Return the text of what is committed, read past the server."""

    async def load() -> str:
        async with open_storage(url) as storage:
            stored = await storage.log.load(DocumentName(DOCUMENT))
        assert stored is not None
        return text_of(stored.content.updates)

    return asyncio.run(load())
