"""More edits than may wait for a database that is away: the server reads no more, grows no more, and saves everything afterwards."""

from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import httpx
import psutil
from websockets.exceptions import InvalidStatus

from collab.settings import KIB, MIB
from tests.faults import outages
from tests.faults.conftest import StartServer
from tests.gateways.clients import HocuspocusClient, joining
from tests.support.answers import parsed
from tests.support.heard import LetIn, Status
from tests.support.peers import Peer
from tests.support.server import RunningServer

LIMIT = 1 * MIB
CHUNK = 64 * KIB
WRITERS = 2
CHUNKS = 256
"""Each writer has 16 MiB to say, far more than what the limit and the buffers of its socket hold."""

OUTAGE = 3.0
"""Seconds that the outage goes on after the server has said that it is full. All that the writers have to say would be read in one."""

MOST_GROWTH = 20 * MIB
"""What the server's memory may grow by meanwhile: the limit in several forms (log entries, replica, frames to the other writer), and
what was read from each socket when the limit was reached."""


class Writer:
    """A client that says a lot, as fast as the server reads it."""

    def __init__(self, client: HocuspocusClient, number: int) -> None:
        self.client = client
        self.sent = 0
        self._peer = Peer(number)

    async def enter(self) -> None:
        await self.client.authenticate()
        await self.client.until(LetIn)
        await self._say()
        await self.client.until(Status)

    async def _say(self) -> None:
        await self.client.update(self._peer.edit(lambda peer: peer.text.insert(0, "x" * CHUNK)))
        self.sent += 1

    async def say_everything(self) -> None:
        while self.sent < CHUNKS:
            await self._say()

    async def hear_everything_is_saved(self) -> None:
        for _ in range(CHUNKS - 1):
            assert await self.client.until(Status) == Status(saved=True)


async def is_full(server: RunningServer) -> bool:
    """Whether the server takes nobody in because more waits for the database than may."""
    try:
        async with joining(f"{server.websocket_url}/hocuspocus"):
            return False
    except InvalidStatus as refusal:
        return refusal.response.status_code == 503


async def answer_to_a_head(server: RunningServer) -> httpx.Response:
    """Announce a body over REST, send none of it, and return the answer."""
    host, port = server.address.split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(
            f"POST /api/v1/documents/doc/content HTTP/1.1\r\nHost: {server.address}\r\nContent-Length: 1000\r\n"
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        answer = b""
        with anyio.fail_after(20):
            async for part in stream:
                answer += part
    return parsed(answer)


async def most_memory_during(server: RunningServer, seconds: float) -> int:
    """Return the most bytes that the server's process takes up in the next seconds."""
    process, most = psutil.Process(server.pid), 0
    with anyio.move_on_after(seconds):
        while True:
            most = max(most, process.memory_info().rss)
            await anyio.sleep(0.05)
    return most


async def test_a_server_that_cannot_save_reads_no_more_stays_small_and_saves_everything_afterwards(
    servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_MAX_UNSAVED_BYTES": str(LIMIT)})
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        writers = []
        for number in range(1, WRITERS + 1):
            connection = await stack.enter_async_context(joining(f"{server.websocket_url}/hocuspocus"))
            writers.append(Writer(HocuspocusClient(connection), number))
            await writers[-1].enter()
        before = psutil.Process(server.pid).memory_info().rss

        with outages.no_more_bytes(server):
            for writer in writers:
                tasks.start_soon(writer.say_everything)
            with anyio.fail_after(20):
                while not await is_full(server):  # noqa: ASYNC110 - nothing else tells of it
                    await anyio.sleep(0.01)
            most = await most_memory_during(server, OUTAGE)
            unread = [CHUNKS - writer.sent for writer in writers]
        print(f"grew by {(most - before) / MIB:.1f} MiB; {unread} of {CHUNKS} messages could not be sent")

        assert min(unread) > 0
        assert most - before < MOST_GROWTH
        for writer in writers:
            await writer.hear_everything_is_saved()

    server.kill()
    server.restart()
    async with joining(f"{server.websocket_url}/hocuspocus") as connection:
        reader = HocuspocusClient(connection)
        await reader.authenticate()
        assert await reader.sync() == "x" * CHUNK * CHUNKS * WRITERS


async def test_a_server_that_cannot_save_reads_no_body_and_says_so_before_it_comes(
    servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_MAX_UNSAVED_BYTES": str(LIMIT)})
    async with (
        joining(f"{server.websocket_url}/hocuspocus") as connection,
        httpx.AsyncClient(base_url=server.url) as api,
        anyio.create_task_group() as tasks,
    ):
        writer = Writer(HocuspocusClient(connection), 1)
        await writer.enter()
        with outages.no_more_bytes(server):
            tasks.start_soon(writer.say_everything)
            with anyio.fail_after(20):
                while not await is_full(server):  # noqa: ASYNC110 - nothing else tells of it
                    await anyio.sleep(0.01)
            refused = await answer_to_a_head(server)
            assert (await api.get("/healthz")).status_code == 200
        await writer.hear_everything_is_saved()

        update = Peer(2).type("afterwards")
        headers = {"content-type": "application/octet-stream"}
        written = await api.post("/api/v1/documents/doc/content", content=update, headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["type"] == "/api/docs#busy"
    assert written.status_code == 204
