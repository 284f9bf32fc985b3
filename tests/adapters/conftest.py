"""A server of the adapter on a database of its own, and clients of it in this process."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

import anyio
import pytest

from collab.adapters.pycrdt_websocket import WebsocketServer
from collab.settings import Settings
from tests.adapters.channels import Client, MemoryChannel, channels


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[WebsocketServer]:
    async with WebsocketServer(settings=settings) as server:
        yield server


class Join(Protocol):
    """Lets a client in, with the server's end of its channel."""

    def __call__(self, path: str) -> AbstractAsyncContextManager[tuple[Client, MemoryChannel]]: ...


@pytest.fixture
def join(server: WebsocketServer) -> Join:
    return joining(server)


def joining(server: WebsocketServer) -> Join:
    """Let clients into this server."""

    @asynccontextmanager
    async def join(path: str) -> AsyncIterator[tuple[Client, MemoryChannel]]:
        ours, theirs = channels(path)
        client = Client(ours)
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(ours.close)
            tasks.start_soon(server.serve, theirs)
            await stack.enter_async_context(client.provider)
            await client.provider.synced.wait()
            yield client, theirs

    return join
