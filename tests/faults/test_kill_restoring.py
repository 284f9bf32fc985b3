"""A server that is killed while it restores a version: before the commit nothing has become of it, after the commit all of it."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from pycrdt import Doc, Text

from tests.faults.conftest import StartServer
from tests.faults.stored import NAME, text_in, until_busy, work_endlessly, work_no_more
from tests.faults.transactions import (
    IS_IN_TRANSACTION,
    WAITS_FOR_LOCK,
    make_gate,
    make_gate_at_commit,
    shut_gate,
    until_no_session,
    until_session,
)
from tests.support.eventually import DEADLINE
from tests.support.server import RunningServer

CONTENT = f"/api/v1/documents/{NAME}/content"
VERSIONS = f"/api/v1/documents/{NAME}/versions"
DRAFT = "".join(f"A paragraph that somebody has written, number {number}.\n" for number in range(300))
LATER = "Later.\n" + DRAFT[:2000] + DRAFT[9000:]


class Restoring:
    """A document that is something else than its draft, and a client that asks for the draft."""

    def __init__(self, server: RunningServer, draft: int) -> None:
        self.server = server
        self.answers: list[int] = []
        """The status of each answer that came."""
        self._draft = draft

    @classmethod
    async def prepared(cls, server: RunningServer) -> "Restoring":
        """Write the draft, keep it as a version, and write on."""
        doc: Doc[Text] = Doc()
        text = doc.get("text", type=Text)
        async with httpx.AsyncClient(base_url=server.url) as client:
            (await client.post("/api/v1/documents", json={"name": NAME, "kind": "yjs"})).raise_for_status()
            text.insert(0, DRAFT)
            await write(client, doc.get_update())
            draft = (await client.post(VERSIONS, json={"name": "Draft"})).raise_for_status().json()["id"]
            del text[2000:9000]
            text.insert(0, "Later.\n")
            await write(client, doc.get_update())
        restoring = cls(server, draft)
        await restoring.comes_to(LATER, kept=0)
        return restoring

    @asynccontextmanager
    async def asked_for(self) -> AsyncIterator[None]:
        """Ask for the draft; what is done meanwhile kills the server, which ends the request."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.restore)
            yield
            assert not self.server.is_running

    async def restore(self) -> None:
        """Ask for the draft, and note what is answered."""
        async with httpx.AsyncClient(base_url=self.server.url, timeout=DEADLINE) as client:
            try:
                self.answers.append((await client.post(f"{VERSIONS}/{self._draft}/restore")).status_code)
            except httpx.TransportError:
                return  # the server was killed

    async def comes_to(self, text: str, *, kept: int) -> None:
        """Assert what the document is, and of how many restores it was kept what it was before."""
        async with httpx.AsyncClient(base_url=self.server.url, params={"format": "text"}) as client:
            assert (await client.get(CONTENT)).text == text
            versions = (await client.get(VERSIONS)).json()["versions"]
            before = [each["id"] for each in versions if each["kind"] == "before-restore"]
            assert [(await client.get(f"{VERSIONS}/{each}/content")).text for each in before] == [LATER] * kept

    async def goes_through_the_next_time(self, *, kept: int) -> None:
        """Ask again, and assert that the draft is there."""
        await self.restore()
        assert self.answers == [200]
        await self.comes_to(DRAFT, kept=kept)


async def write(client: httpx.AsyncClient, update: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    (await client.post(CONTENT, content=update, headers=headers)).raise_for_status()


BEFORE_THE_COMMIT = pytest.mark.parametrize(
    ("at", "kept"), [("INSERT ON versions", 0), ("INSERT ON updates", 1)], ids=["while it keeps", "while it edits"]
)
"""A restore keeps what the document was, in one transaction, and edits the document in another."""


@BEFORE_THE_COMMIT
async def test_a_server_killed_before_the_commit_of_a_restore_leaves_the_document_as_it_was_on_sqlite(
    at: str, kept: int, servers: StartServer, tmp_path: Path
) -> None:
    server, database = servers(tmp_path), tmp_path / "collab.db"
    restoring = await Restoring.prepared(server)
    await work_endlessly(database, at)

    async with restoring.asked_for():
        await until_busy(server.pid, database)
        server.kill()

    assert restoring.answers == []
    await work_no_more(database)
    server.restart()
    await restoring.comes_to(LATER, kept=kept)
    await restoring.goes_through_the_next_time(kept=kept + 1)


@BEFORE_THE_COMMIT
async def test_a_server_killed_before_the_commit_of_a_restore_leaves_the_document_as_it_was_on_postgresql(
    at: str, kept: int, postgres_url: str, servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})
    restoring = await Restoring.prepared(server)
    await make_gate(postgres_url, at)

    async with shut_gate(postgres_url), restoring.asked_for():
        await until_session(postgres_url, WAITS_FOR_LOCK)
        server.kill()

    assert restoring.answers == []
    await until_no_session(postgres_url, IS_IN_TRANSACTION)
    server.restart()
    await restoring.comes_to(LATER, kept=kept)
    await restoring.goes_through_the_next_time(kept=kept + 1)


async def test_a_server_killed_after_the_commit_of_a_restore_has_restored_on_sqlite(
    servers: StartServer, tmp_path: Path
) -> None:
    server, url = servers(tmp_path), f"sqlite:///{tmp_path / 'collab.db'}"
    restoring = await Restoring.prepared(server)

    async with restoring.asked_for():
        with anyio.fail_after(DEADLINE):
            while await text_in(url) != DRAFT:
                pass
        server.kill()

    server.restart()
    await restoring.comes_to(DRAFT, kept=1)


async def test_a_server_killed_after_the_commit_of_a_restore_and_before_its_answer_has_restored_on_postgresql(
    postgres_url: str, servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_DATABASE_URL": postgres_url})
    restoring = await Restoring.prepared(server)
    await make_gate_at_commit(postgres_url, "INSERT ON updates")

    async with restoring.asked_for():
        async with shut_gate(postgres_url):
            await until_session(postgres_url, f"{WAITS_FOR_LOCK} AND query LIKE 'COMMIT%'")
            os.kill(server.pid, signal.SIGSTOP)
        # The commit is carried out now, and the server does not come to its answer.
        await until_no_session(postgres_url, IS_IN_TRANSACTION)
        server.kill()

    assert restoring.answers == []
    server.restart()
    await restoring.comes_to(DRAFT, kept=1)
