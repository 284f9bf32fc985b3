"""A server that is told to stop while its database is away: it ends in time, and has told nobody "saved"."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import httpx
import psutil

from collab.offloading import HEAVY
from tests.clients.process import ClientProcess
from tests.faults import outages
from tests.faults.conftest import StartServer
from tests.faults.writing import Writing
from tests.support.eventually import poll
from tests.support.peers import Peer
from tests.support.private_postgres import PrivatePostgres
from tests.support.server import RunningServer

DRAIN = {"COLLAB_DRAIN_TIMEOUT": "1"}


def stops_and_its_clients_bring_everything_to_the_next(
    server: RunningServer, clients: ClientProcess, outage: Callable[[], AbstractContextManager[None]]
) -> None:
    writing = Writing.begun(server, clients)
    with outage():
        writing.write_unacknowledged(0.5)
        before = writing.edits()["saved"]

        assert server.terminate() == 0

        assert writing.edits()["saved"] == before
    server.restart()
    writing.ada.until(synced=True, unsynced=0, text=writing.text, seconds=40)
    writing.survives_a_kill()


def test_a_server_stops_while_sqlite_is_locked(servers: StartServer, clients: ClientProcess, tmp_path: Path) -> None:
    stops_and_its_clients_bring_everything_to_the_next(
        servers(tmp_path, environment=DRAIN), clients, lambda: outages.locked(tmp_path / "collab.db")
    )


def test_a_server_stops_while_postgresql_hangs(
    postgres: PrivatePostgres, postgres_url: str, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url, **DRAIN})

    stops_and_its_clients_bring_everything_to_the_next(server, clients, postgres.frozen)


def test_a_server_stops_while_work_on_a_large_document_hangs(servers: StartServer, tmp_path: Path) -> None:
    server = servers(tmp_path, environment=DRAIN)
    api = f"http://{server.address}/api/v1/documents"
    httpx.post(api, json={"name": "large", "kind": "yjs"}).raise_for_status()
    binary = {"Content-Type": "application/octet-stream"}
    httpx.post(f"{api}/large/content", content=Peer(1).type("a" * HEAVY), headers=binary).raise_for_status()

    def ask() -> None:
        with suppress(httpx.HTTPError):
            httpx.get(f"{api}/large/authorship", timeout=60)

    with ThreadPoolExecutor() as threads:
        threads.submit(ask)
        poll(lambda: psutil.Process(server.pid).children(), "a process works on it")
        (working,) = psutil.Process(server.pid).children()
        working.suspend()

        assert server.terminate() == 0

    poll(lambda: not working.is_running(), "it has ended too")
