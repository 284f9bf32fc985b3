"""What the editor shows as saved survives `kill -9` of the server at any moment, and its orderly end while everybody types."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.process import ClientProcess
from tests.faults.conftest import StartServer
from tests.support.server import RunningServer

UPDATES_PER_SECOND = 200
LONGEST_ROUND = 1.5
"""Seconds that the server lives at most, from the moment that the typist may connect."""

VERSION = "hocuspocus-v4"
DOCUMENT = "typed while the server dies"

ROUNDS = pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.soak)], ids=["few", "many"])


def where(server: RunningServer) -> dict[str, str]:
    return {"version": VERSION, "url": f"{server.websocket_url}/hocuspocus", "document": DOCUMENT}


def seeded() -> random.Random:
    seed = os.environ.get("COLLAB_TEST_SEED") or str(random.getrandbits(32))
    print(f"COLLAB_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, servers: StartServer, tmp_path: Path) -> RunningServer:
    """A server on each kind of database."""
    if request.param == "sqlite":
        return servers(tmp_path)
    return servers(tmp_path, environment={"COLLAB_DATABASE_URL": request.getfixturevalue("postgres_url")})


@ROUNDS
def test_acknowledged_edits_survive_kills_at_random_moments(
    rounds: int, server: RunningServer, clients: ClientProcess
) -> None:
    survive_ends_at_random_moments(rounds, server, clients, RunningServer.kill)


@ROUNDS
def test_acknowledged_edits_survive_sigterm_at_random_moments_and_the_server_exits_with_0(
    rounds: int, server: RunningServer, clients: ClientProcess
) -> None:
    def terminate(running: RunningServer) -> None:
        assert running.terminate() == 0

    survive_ends_at_random_moments((rounds + 1) // 2, server, clients, terminate)


def survive_ends_at_random_moments(
    rounds: int, server: RunningServer, clients: ClientProcess, end: Callable[[RunningServer], None]
) -> None:
    moments = seeded()
    clients.request("start_typist", client="typist", perSecond=UPDATES_PER_SECOND, **where(server))
    for _ in range(rounds):
        time.sleep(moments.uniform(0, LONGEST_ROUND))
        end(server)
        check_and_start_anew(server, clients)
        clients.request("resume_typist", client="typist")

    clients.request("finish_typist", client="typist")
    typed = clients.request("typist_status", client="typist")["typed"]
    assert clients.request("read_numbers", **where(server)) == [*range(1, typed + 1)]


def check_and_start_anew(server: RunningServer, clients: ClientProcess) -> None:
    """Keep the typist from healing what may be lost, and look at what the next server has."""
    shown: dict[str, Any] = clients.request("typist_until_cut_off", client="typist")
    clients.request("pause_typist", client="typist")
    server.restart()

    stored = clients.request("read_numbers", **where(server))
    print(f"typed {shown['typed']}, acknowledged {shown['acknowledged']}, found {len(stored)}")
    assert stored == [*range(1, len(stored) + 1)]
    assert len(stored) >= shown["acknowledged"]
