"""A document that cannot be loaded is never an empty one, is never stored over, and hurts no other."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from collab.ports import Append, DocumentKind, DocumentName
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import var_string
from collab.storage import migrate, open_storage
from tests.clients.process import ClientProcess
from tests.contracts.edits import typed
from tests.faults.conftest import StartServer
from tests.faults.writing import Writing, join
from tests.support import heard
from tests.support.peers import Peer
from tests.support.poison import POISON, victim_state
from tests.support.private_postgres import PrivatePostgres
from tests.support.server import RunningServer

DAMAGED = "minutes"
TEXT = "abc"


def get_content(server: RunningServer, document: str = DAMAGED) -> httpx.Response:
    return httpx.get(f"{server.url}/api/v1/documents/{quote(document)}/content?format=update", timeout=20)


def ywebsocket_answer(server: RunningServer, document: str = DAMAGED) -> tuple[int, str]:
    """Return the status and the words that a y-websocket client is refused with."""
    with pytest.raises(InvalidStatus) as refusal, connect(f"{server.websocket_url}/sync/{quote(document)}"):
        pass
    response = refusal.value.response
    return response.status_code, (response.body or b"").decode()


def hocuspocus_answer(server: RunningServer, document: str = DAMAGED) -> object:
    """Ask for a document as a Hocuspocus client does, handing in an edit; return the one answer, or the close code."""
    with connect(f"{server.websocket_url}/hocuspocus") as connection:
        connection.send(var_string(document) + b"\x02\x00" + var_string("") + var_string("4.8.0"))
        connection.send(HocuspocusDialect(document).sync_step1(b"\x00"))
        connection.send(HocuspocusDialect(document).sync_update(Peer(66).type("over it")))
        try:
            answer = connection.recv(timeout=20)
        except ConnectionClosed:
            return connection.close_code
        assert isinstance(answer, bytes)
        return heard.hocuspocus(answer)[1]


# The database away


def test_a_document_opened_while_the_database_is_away_is_not_there_yet_and_not_empty(
    postgres: PrivatePostgres, postgres_url: str, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})
    writing = Writing.begun(server, clients, DAMAGED)
    writing.ada.leave()
    writing.ben.leave()
    server.kill()
    server.restart()

    with postgres.stopped():
        late = join(clients, "late", server, DAMAGED)
        late.insert(0, "!")
        assert get_content(server).status_code == 503
        assert ywebsocket_answer(server)[0] == 503
        assert hocuspocus_answer(server) == 1013
        state = late.state()
        assert (state["synced"], state["text"]) == (False, "!")
        assert not state["edits"]["saved"]

    assert set(late.until(synced=True, unsynced=0, length=2)["text"]) == {"!", writing.text}


# What is stored is damaged


async def _store(url: str, last: bytes) -> None:
    await migrate(url)
    async with open_storage(url) as storage:
        record = await storage.documents.create(
            DocumentName(DAMAGED), kind=DocumentKind.YJS, title="", update=victim_state()
        )
        await storage.log.append([Append(record.id, typed(TEXT))])
        await storage.log.append([Append(record.id, (last,))])


def poison_it(database: Path) -> None:
    """Store an update that the CRDT fails on."""
    asyncio.run(_store(f"sqlite:///{database}", POISON))


def change_a_byte(database: Path) -> None:
    """Change a stored byte, as a failing disk may."""
    asyncio.run(_store(f"sqlite:///{database}", Peer(9).type("z")))
    with closing(sqlite3.connect(database)) as connection, connection:
        changed = connection.execute(
            "UPDATE updates SET content = replace(content, CAST('z' AS BLOB), CAST('y' AS BLOB)) WHERE id = 5"
        )
        assert changed.rowcount == 1


LAST_ROW = 5


def stored(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT u.id, content, checksum FROM updates u JOIN documents d ON d.id = document_id WHERE d.name = ?",
            (DAMAGED,),
        ).fetchall()
        assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (0,)
    return rows


@pytest.mark.parametrize("damage", [poison_it, change_a_byte])
def test_a_damaged_document_is_refused_and_kept_while_others_are_served_until_its_bad_row_is_cut(
    damage: Callable[[Path], None], servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    database = tmp_path / "collab.db"
    damage(database)
    before = stored(database)
    server = servers(tmp_path, environment={"COLLAB_IDLE_TIMEOUT": "0"})
    others = Writing.begun(server, clients)
    kept = "it is kept as it is until somebody has mended it"

    client = join(clients, "client", server, DAMAGED)
    client.insert(0, "over it")
    state = client.until(denied=True)
    assert (state["synced"], state["edits"]["saved"]) == (False, 0)
    answer = hocuspocus_answer(server)
    assert isinstance(answer, heard.Denied)
    assert kept in answer.reason
    status, words = ywebsocket_answer(server)
    assert status == 500
    assert kept in words
    problem = get_content(server)
    assert (problem.status_code, problem.json()["type"]) == (500, "/api/docs#corrupt-document")
    written = httpx.post(
        f"{server.url}/api/v1/documents/{DAMAGED}/content",
        content=Peer(67).type("over it"),
        headers={"content-type": "application/octet-stream"},
    )
    assert written.status_code == 500
    assert f"row {LAST_ROW}" in "".join(server.output) or damage is poison_it  # the log names what the CRDT cannot
    others.write()
    others.saved()
    assert stored(database) == before

    client.leave()
    cut = subprocess.run(
        [sys.executable, "-m", "collab", "cut", DAMAGED, str(LAST_ROW), "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (cut.returncode, cut.stderr) == (0, "")
    join(clients, "again", server, DAMAGED).until(synced=True, unsynced=0, denied=False, text=TEXT)
    assert get_content(server).status_code == 200
    others.write()
    others.saved()
