"""A client that reads nothing while others write much: it costs the server little, the others nothing, and catches up by one diff."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import psutil

from collab.protocol.structs import read_structs
from collab.protocol.updates import decode_state_vector
from collab.settings import KIB, MIB
from tests.faults.conftest import StartServer
from tests.gateways.clients import DEADLINE, YWebsocketClient, joining, y_websocket
from tests.support.heard import Step1, Step2, Update
from tests.support.peers import Peer
from tests.support.server import RunningServer

PASTE: Final = "x" * 64 * KIB
WARM_UP: Final = 640
"""Pastes before the reader comes, as many as then, so that the server has the memory that such pastes take at most."""

PASTES: Final = 640
"""40 MiB, each paste deleted by the next edit, so that it is not the document that grows."""

MOST_GROWTH: Final = 20 * MIB
"""Of the server's memory: half of what it would hold for the reader if it held everything. Without that reader it comes to half of this
too, by what committing and compacting such pastes takes."""

SMALL_BUFFER: Final = 4 * KIB


@asynccontextmanager
async def slow_reader(server: RunningServer) -> AsyncIterator[YWebsocketClient]:
    """Join, and read from the socket only what is asked for, but for a little."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    host, _, port = server.address.partition(":")
    await anyio.to_thread.run_sync(sock.connect, (host, int(port)))
    async with joining(server.sync + "doc", sock=sock, max_queue=1) as connection:
        client = YWebsocketClient(connection)
        await client.until(Step1)
        await client.sync()
        yield client


class Writing:
    """Somebody who pastes and deletes, and somebody who sees each of these edits before the next is made."""

    def __init__(self, writer: YWebsocketClient, listener: YWebsocketClient) -> None:
        self.peer = Peer(7)
        self._writer = writer
        self._listener = listener
        self._seen = Peer(8)

    async def paste(self, times: int) -> None:
        for _ in range(times):
            await self.make(self.peer.type(PASTE))
            await self.make(self.peer.edit(lambda peer: peer.text.clear()))

    async def make(self, update: bytes) -> None:
        await self._writer.update(update)
        while self._seen.state_vector != self.peer.state_vector or str(self._seen.text) != str(self.peer.text):
            self._seen.hear([(await self._listener.until(Update)).update])


async def test_reader_that_reads_nothing_costs_little_and_catches_up_by_one_diff(
    servers: StartServer, tmp_path: Path
) -> None:
    server = servers(tmp_path, environment={"COLLAB_BYTE_BURST": str(256 * MIB)})
    memory = psutil.Process(server.pid).memory_info
    async with y_websocket(server) as writer, y_websocket(server) as listener:
        writing = Writing(writer, listener)
        await writing.paste(WARM_UP)
        async with slow_reader(server) as slow:
            before, growth = memory().rss, 0
            for _ in range(PASTES):
                await writing.paste(1)
                growth = max(growth, memory().rss - before)
            await writing.make(writing.peer.type("the end"))

            assert growth < MOST_GROWTH
            spans = await catch_up(slow, writing.peer)
            assert len(spans) < PASTES // 4, "what the kernel had taken, what waited, and what was missed"
            assert [span > len(PASTE) for span in spans] == [False] * (len(spans) - 1) + [True]


async def catch_up(slow: YWebsocketClient, peer: Peer) -> list[int]:
    """Read until everything is there; return how many units each edit that came brought."""
    replica, spans = Peer(9), list[int]()
    replica.hear(slow.content)
    expected = decode_state_vector(peer.state_vector)
    while decode_state_vector(replica.state_vector) != expected or str(replica.text) != "the end":
        with anyio.fail_after(DEADLINE):
            said = await slow.hear()
        if isinstance(said, Update | Step2):
            replica.hear([said.update])
            spans.append(sum(run.end - run.start for run in read_structs(said.update).runs))
    return spans
