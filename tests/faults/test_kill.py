"""What the editor shows as saved survives `kill -9` of the server at any moment."""

import os
import random
import time
from pathlib import Path
from typing import Any

from tests.clients.process import ClientProcess
from tests.support.server import RunningServer

ROUNDS = 5
UPDATES_PER_SECOND = 200
LONGEST_ROUND = 1.5
"""Seconds that the server lives at most, from the moment that the typist may connect."""

VERSION = "hocuspocus-v4"
DOCUMENT = "typed while the server dies"


def where(server: RunningServer) -> dict[str, str]:
    return {"version": VERSION, "url": f"{server.websocket_url}/hocuspocus", "document": DOCUMENT}


def test_acknowledged_edits_survive_kills_at_random_moments(tmp_path: Path) -> None:
    seed = os.environ.get("COLLAB_TEST_SEED") or str(random.getrandbits(32))
    print(f"COLLAB_TEST_SEED={seed}")
    moments = random.Random(seed)
    server = RunningServer.start(tmp_path)
    try:
        with ClientProcess() as process:
            process.request("start_typist", client="typist", perSecond=UPDATES_PER_SECOND, **where(server))
            for _ in range(ROUNDS):
                time.sleep(moments.uniform(0, LONGEST_ROUND))
                kill_and_check(server, process)
                process.request("resume_typist", client="typist")

            process.request("finish_typist", client="typist")
            typed = process.request("typist_status", client="typist")["typed"]
            assert process.request("read_numbers", **where(server)) == [*range(1, typed + 1)]
    finally:
        server.kill()


def kill_and_check(server: RunningServer, process: ClientProcess) -> None:
    """Kill the server, keep the typist from healing what may be lost, and look at what the next server has."""
    server.kill()
    shown: dict[str, Any] = process.request("typist_until_cut_off", client="typist")
    process.request("pause_typist", client="typist")
    server.restart()

    stored = process.request("read_numbers", **where(server))
    print(f"typed {shown['typed']}, acknowledged {shown['acknowledged']}, found {len(stored)}")
    assert stored == [*range(1, len(stored) + 1)]
    assert len(stored) >= shown["acknowledged"]
