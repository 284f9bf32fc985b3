"""The adapter behind pycrdt-websocket's own `ASGIServer`, on stock Hypercorn, with real sockets and unmodified clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config
from hypercorn.utils import wrap_app
from pycrdt.websocket import ASGIServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab.adapters.pycrdt_websocket import WebsocketServer
from collab.settings import Settings
from tests.adapters.channels import Client
from tests.clients.process import ClientProcess
from tests.support.eventually import eventually


class SocketChannel:
    """A real WebSocket as a channel."""

    def __init__(self, socket: ClientConnection, path: str) -> None:
        self.path = path
        self._socket = socket

    def __aiter__(self) -> "SocketChannel":
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def recv(self) -> bytes:
        try:
            message = await self._socket.recv()
        except ConnectionClosed:
            raise StopAsyncIteration from None
        assert isinstance(message, bytes)
        return message

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """Run the server on a free port; give its address."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = None
    sockets = config.create_sockets()
    stop = asyncio.Event()
    async with WebsocketServer(settings=settings) as server, anyio.create_task_group() as tasks:

        async def serve() -> None:
            asgi = ASGIServer(cast("Any", server))  # it has the interface of the one that is expected
            await worker_serve(
                wrap_app(cast("Any", asgi), 0, "asgi"), config, sockets=sockets, shutdown_trigger=stop.wait
            )

        tasks.start_soon(serve)
        host, port = sockets.insecure_sockets[0].getsockname()
        sockets.insecure_sockets[0].listen(100)
        try:
            yield f"ws://{host}:{port}"
        finally:
            stop.set()


@asynccontextmanager
async def joining(address: str, path: str) -> AsyncIterator[Client]:
    async with connect(f"{address}{path}") as socket:
        client = Client(SocketChannel(socket, path))
        async with client.provider:
            await client.provider.synced.wait()
            yield client


async def test_providers_meet_through_the_packages_own_asgi_server(settings: Settings) -> None:
    async with (
        served(settings) as address,
        joining(address, "/team/notes") as ada,
        joining(address, "/team/notes") as bob,
    ):
        ada.text += "hello"
        await bob.sees("hello")
        bob.text += " you"
        await ada.sees("hello you")
    async with served(settings) as address, joining(address, "/team/notes") as reader:
        await reader.sees("hello you")


async def test_unmodified_y_websocket_clients_meet_there_with_providers(settings: Settings) -> None:
    async with served(settings) as address, joining(address, "/notes") as ada:
        with ClientProcess() as process:
            bob = process.join("bob", "y-websocket-v3", address, "notes")
            await anyio.to_thread.run_sync(lambda: bob.until(synced=True))
            bob.insert(0, "from the browser")
            await ada.sees("from the browser")
            ada.text += ", and back"
            await anyio.to_thread.run_sync(lambda: bob.until(text="from the browser, and back"))


async def test_one_client_cut_off_leaves_the_others_alone(settings: Settings) -> None:
    async with served(settings) as address, joining(address, "/notes") as ada, joining(address, "/notes") as bob:
        async with connect(f"{address}/notes") as socket:
            socket.transport.abort()
        ada.text += "goes on"
        await eventually(lambda: str(bob.text) == "goes on")
