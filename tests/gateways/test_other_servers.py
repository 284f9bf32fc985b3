"""The plain road: the same application under another ASGI server, and over HTTP/2."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from collab.gateways.wires import AsgiWire
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.gateways.clients import HocuspocusClient, YWebsocketClient, joining
from tests.gateways.serving import Served
from tests.support import heard
from tests.support.heard import LetIn, Status, Step1, Step2, Update
from tests.support.peers import Peer, text_of

DIALECT = YWebsocketDialect()


@pytest.fixture
def uvicorn(migrated_database: Path, tmp_path: Path) -> Iterator[str]:
    """The application under uvicorn; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        database = tmp_path / "collab.db"
        database.write_bytes(migrated_database.read_bytes())
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "collab.app:create_app", "--fd", str(listening.fileno())],
            env={**os.environ, "COLLAB_DATABASE_URL": f"sqlite:///{database}"},
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        address = f"127.0.0.1:{listening.getsockname()[1]}"
    try:
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "Traceback" not in said, said


@contextlib.asynccontextmanager
async def y_websocket_at(address: str) -> AsyncIterator[YWebsocketClient]:
    async with joining(f"ws://{address}/sync/doc", open_timeout=30) as connection:
        client = YWebsocketClient(connection)
        client.asked = await client.until(Step1)
        yield client


async def test_dialects_meet_under_uvicorn(uvicorn: str) -> None:
    async with (
        y_websocket_at(uvicorn) as reader,
        joining(f"ws://{uvicorn}/hocuspocus") as connection,
    ):
        writer = HocuspocusClient(connection)
        await writer.authenticate()
        await writer.until(LetIn)
        await writer.update(Peer(1).type("hello"))

        assert text_of((await reader.until(Update)).update) == "hello"
        assert await writer.until(Status) == Status(saved=True)


async def test_malformed_message_ends_with_its_code_under_uvicorn(uvicorn: str) -> None:
    async with y_websocket_at(uvicorn) as good, y_websocket_at(uvicorn) as bad:
        await bad.say(b"\x07")

        assert (await bad.ending())[0] == 4400
        assert await good.sync() == ""


async def test_client_that_goes_while_frames_wait_makes_no_noise_under_uvicorn(uvicorn: str) -> None:
    peer = Peer(1)
    async with y_websocket_at(uvicorn) as writer:
        for _ in range(5):
            async with y_websocket_at(uvicorn) as leaver:
                await writer.update(peer.type("x" * 100_000))
                leaver.connection.transport.abort()
        assert len(await writer.sync()) == 500_000


class Http2Client:
    """A WebSocket over HTTP/2 (RFC 8441), without TLS."""

    def __init__(self, stream: anyio.abc.SocketStream, authority: str) -> None:
        self._stream = stream
        self._authority = authority
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._websocket = Connection(ConnectionType.CLIENT)
        self._id = 0
        self.status = ""
        self.received: list[bytes] = []
        self.code: int | None = None

    async def upgrade(self, path: str) -> None:
        self._http.initiate_connection()
        await self._flush()
        await self._until(lambda: self._http.remote_settings.enable_connect_protocol == 1)
        self._id = self._http.get_next_available_stream_id()
        self._http.send_headers(
            self._id,
            [
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":path", path),
                (":authority", self._authority),
                ("sec-websocket-version", "13"),
            ],
        )
        await self._flush()
        await self._until(lambda: self.status)

    async def send(self, payload: bytes) -> None:
        self._http.send_data(self._id, self._websocket.send(BytesMessage(payload)))
        await self._flush()

    async def next(self) -> bytes:
        await self._until(lambda: self.received)
        return self.received.pop(0)

    async def ending(self) -> int | None:
        await self._until(lambda: self.code is not None)
        return self.code

    async def _flush(self) -> None:
        await self._stream.send(self._http.data_to_send())

    async def _until(self, condition: Callable[[], object]) -> None:
        with anyio.fail_after(20):
            while not condition():
                for event in self._http.receive_data(await self._stream.receive()):
                    self._take(event)
                await self._flush()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.status = next(bytes(value).decode() for name, value in event.headers if bytes(name) == b":status")
        elif isinstance(event, h2.events.DataReceived) and event.stream_id == self._id:
            self._http.acknowledge_received_data(event.flow_controlled_length, self._id)
            self._websocket.receive_data(event.data)
            for message in self._websocket.events():
                if isinstance(message, BytesMessage):
                    self.received.append(bytes(message.data))
                elif isinstance(message, CloseConnection):
                    self.code = message.code


@contextlib.asynccontextmanager
async def over_http_2(server: Served, path: str = "/sync/doc") -> AsyncIterator[Http2Client]:
    host, port = server.address.split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        client = Http2Client(stream, server.address)
        await client.upgrade(path)
        yield client


async def test_websocket_over_http_2_goes_the_plain_road_and_meets_the_others(server: Served) -> None:
    async with over_http_2(server) as one, over_http_2(server) as other:
        assert (one.status, heard.ywebsocket(await one.next())) == ("200", Step1(b"\x00"))
        assert heard.ywebsocket(await other.next()) == Step1(b"\x00")
        assert {type(each.wire) for each in server.app._entrance.connections._open} == {AsgiWire}

        await one.send(DIALECT.sync_update(Peer(1).type("hello")))

        for client in (one, other):
            update = heard.ywebsocket(await client.next())
            assert isinstance(update, Update)
            assert text_of(update.update) == "hello"


async def test_question_over_http_2_is_answered(server: Served) -> None:
    async with over_http_2(server) as client:
        await client.next()

        await client.send(DIALECT.sync_step1(b"\x00"))

        assert heard.ywebsocket(await client.next()) == Step2(b"\x00\x00")


async def test_malformed_message_over_http_2_ends_with_its_code(server: Served) -> None:
    async with over_http_2(server) as client:
        await client.next()

        await client.send(b"\x07")

        assert await client.ending() == 4400


async def test_refusal_over_http_2_is_an_answer(server: Served) -> None:
    async with over_http_2(server, "/elsewhere") as client:
        assert client.status == "404"


async def test_rest_and_websockets_share_an_application_under_uvicorn(uvicorn: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{uvicorn}", timeout=30) as http:
        assert (await http.get("/healthz")).status_code == 200
