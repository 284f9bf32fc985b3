"""What an open connection is made of, counted: one task of ours, some sixty objects, and nothing of the server's."""

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from contextvars import Context

import anyio
import h11
import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream

from collab.gateways.connection import Connection
from collab.gateways.transport_wire import TransportWire
from collab.protocol.lib0 import var_string
from collab.rooms.session import Session
from tests.gateways.clients import HocuspocusClient, YWebsocketClient, joining
from tests.gateways.raw import RawClient
from tests.gateways.serving import Served
from tests.support.eventually import eventually
from tests.support.heard import LetIn, Step1

CLIENTS = 10
MANY = 50
TIMES = 3
"""How often so many come and go; what else this process makes meanwhile is fewer objects than they would leave."""

OBJECTS = {"y-websocket": 57, "hocuspocus": 57}
"""What one idle connection may be made of, its room's part and its test client's two objects included; 54 of each on CPython 3.11."""

LOOKS = 10
"""How often objects are counted at most, until two counts agree."""

SWEPT_LATER = (weakref.ref, asyncio.TimerHandle, Context)
"""What Python clears away when it comes to it: dead weak references, and cancelled timers with their contexts."""


@pytest.fixture(autouse=True)
def _only_what_is_new() -> Iterator[None]:
    """Have the collector see nothing of what other tests in this process have left: it would walk all of it at each look."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def tasks() -> Counter[str]:
    """Count the tasks of each kind, by the last words of the coroutine or of the name that anyio gives them."""
    kinds = Counter(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return kinds + Counter(task.get_name().rpartition(".")[2] for task in asyncio.all_tasks())


def alive(*kinds: type) -> int:
    gc.collect()
    return sum(type(each) in kinds for each in gc.get_objects())


def ours() -> list[int]:
    """Count what we make of each connection."""
    return [alive(kind) for kind in (Connection, TransportWire, Session)]


@pytest.mark.parametrize("dialect", ["y-websocket", "hocuspocus"])
async def test_open_connection_is_one_task_and_nothing_of_the_servers(server: Served, dialect: str) -> None:
    before, servers_before = tasks(), alive(TCPServer, H11Protocol, WSStream, h11.Connection)
    ours_before = ours()
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
        assert new["Collab._serve_apart"] == CLIENTS
        assert new["_handle"] == 0
        assert alive(TCPServer, H11Protocol, WSStream, h11.Connection) == servers_before
        assert [now - then for now, then in zip(ours(), ours_before, strict=True)] == [CLIENTS] * 3
    await eventually(lambda: "Collab._serve_apart" not in tasks())
    assert ours() == ours_before


def objects() -> int:
    """Count what the garbage collector knows of."""
    gc.collect()
    return sum(type(each) not in SWEPT_LATER for each in gc.get_objects())


async def objects_at_rest() -> int:
    """Count objects until two looks find the same, or a few have found what comes and goes by itself; return the fewest.

    There are turns of the loop between the looks, in which what has ended is let go of.
    """
    looks = [objects()]
    while len(looks) < LOOKS:
        await anyio.sleep(0.001)
        looks.append(objects())
        if looks[-1] == looks[-2]:
            break
    return min(looks)


async def connect(server: Served, dialect: str, stack: ExitStack) -> None:
    """Let one in that has next to no objects of its own in this process, and says no more than it must."""
    client = stack.enter_context(RawClient(server, "/sync/doc" if dialect == "y-websocket" else "/hocuspocus"))
    await client.upgrade()
    if dialect == "hocuspocus":
        await client.send(var_string("doc") + b"\x02\x00" + var_string(""))


async def hold_many(server: Served, dialect: str) -> tuple[int, int]:
    """Connect many, and return how many tasks and objects there are more while all of them are here and idle."""
    tasks_before, objects_before, sessions_before = len(asyncio.all_tasks()), await objects_at_rest(), alive(Session)
    with ExitStack() as stack:
        for _ in range(MANY):
            await connect(server, dialect, stack)
        await eventually(lambda: tasks()["worker_serve.<locals>._server_callback"] == 0)
        await eventually(lambda: alive(Session) == sessions_before + MANY)
        new_objects = await objects_at_rest() - objects_before
        new_tasks = len(asyncio.all_tasks()) - tasks_before
    await eventually(lambda: "Collab._serve_apart" not in tasks())
    await eventually(lambda: alive(Session) == sessions_before)
    return new_tasks, new_objects


@pytest.mark.parametrize("dialect", OBJECTS)
async def test_idle_connection_is_one_task_and_few_objects_and_leaves_none_behind(server: Served, dialect: str) -> None:
    await hold_many(server, dialect)  # what the first connections bring into being stays: caches, the room
    tasks_before, objects_before = len(asyncio.all_tasks()), await objects_at_rest()

    held = [await hold_many(server, dialect) for _ in range(TIMES)]

    assert [new_tasks for new_tasks, _ in held] == [MANY] * TIMES
    assert min(new_objects for _, new_objects in held) <= MANY * OBJECTS[dialect]
    assert len(asyncio.all_tasks()) == tasks_before
    assert await objects_at_rest() < objects_before + TIMES * MANY / 2  # not one for each
