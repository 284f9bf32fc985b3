"""What an open connection is made of, counted: one task of ours, and nothing of the server's."""

import asyncio
import gc
from collections import Counter
from contextlib import AsyncExitStack

import h11
import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream

from collab.gateways.connection import Connection
from collab.gateways.transport_wire import TransportWire
from collab.rooms.session import Session
from tests.gateways.clients import HocuspocusClient, YWebsocketClient, joining
from tests.gateways.serving import Served
from tests.support.eventually import eventually
from tests.support.heard import LetIn, Step1

CLIENTS = 10


def tasks() -> Counter[str]:
    """Count the tasks of each kind, by the last words of the coroutine or of the name that anyio gives them."""
    kinds = Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return kinds + Counter(task.get_name().rpartition(".")[2] for task in asyncio.all_tasks())


def alive(*kinds: type) -> int:
    gc.collect()
    return sum(type(each) in kinds for each in gc.get_objects())


@pytest.mark.parametrize("dialect", ["y-websocket", "hocuspocus"])
async def test_open_connection_is_one_task_and_nothing_of_the_servers(server: Served, dialect: str) -> None:
    before, servers_before = tasks(), alive(TCPServer, H11Protocol, WSStream, h11.Connection)
    async with AsyncExitStack() as stack:
        for _ in range(CLIENTS):
            if dialect == "y-websocket":
                connection = await stack.enter_async_context(joining(server.sync + "doc"))
                while not isinstance(await YWebsocketClient(connection).hear(), Step1):
                    pass
            else:
                connection = await stack.enter_async_context(joining(server.hocuspocus))
                client = HocuspocusClient(connection)
                await client.authenticate()
                await client.until(LetIn)

        await eventually(lambda: tasks()["worker_serve.<locals>._server_callback"] == 0)

        new = tasks() - before
        assert new["_serve_apart"] == CLIENTS
        assert new["_handle"] == 0
        assert alive(TCPServer, H11Protocol, WSStream, h11.Connection) == servers_before
        assert [alive(kind) for kind in (Connection, TransportWire, Session)] == [CLIENTS] * 3
    await eventually(lambda: "_serve_apart" not in tasks())
    assert [alive(kind) for kind in (Connection, TransportWire, Session)] == [0] * 3
