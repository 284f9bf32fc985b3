"""Rooms of pycrdt-websocket while they open: whoever waits is served, or hears why not, whatever becomes of the others."""

import sqlite3
from contextlib import closing

import anyio
import pytest
from anyio.lowlevel import checkpoint
from pycrdt import Text

from collab.adapters.pycrdt_websocket import WebsocketServer, YRoom
from collab.errors import CorruptDocument
from collab.settings import Settings
from tests.adapters.channels import Client, channels
from tests.adapters.conftest import joining
from tests.support.eventually import eventually


async def write(settings: Settings, text: str) -> None:
    """Have a document that is there already."""
    async with WebsocketServer(settings=settings) as server, joining(server)("/notes") as (ada, _):
        ada.text += text


def damage(settings: Settings) -> bytes:
    """Change a byte of what is stored; return what was there."""
    with closing(sqlite3.connect(settings.data_dir / "collab.db")) as database, database:
        (content,) = database.execute("SELECT content FROM updates").fetchone()
        database.execute("UPDATE updates SET content = ?", (content + b"x",))
    assert isinstance(content, bytes)
    return content


def mend(settings: Settings, content: bytes) -> None:
    with closing(sqlite3.connect(settings.data_dir / "collab.db")) as database, database:
        database.execute("UPDATE updates SET content = ?", (content,))


async def waiting_for(server: WebsocketServer, count: int) -> YRoom:
    """Return a room that so many wait for, while it opens."""
    while "/notes" not in server.rooms or server.rooms["/notes"].waiting < count:
        await checkpoint()
    room = server.rooms["/notes"]
    assert not room.started.is_set()
    return room


@pytest.mark.parametrize("by_serving", [True, False], ids=["serve", "get_room"])
async def test_the_others_are_served_when_the_first_who_asked_is_cancelled(
    settings: Settings, by_serving: bool
) -> None:
    await write(settings, "kept")
    async with WebsocketServer(settings=settings) as server, anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def first() -> None:
            with scope:
                await (server.serve(channels("/notes")[1]) if by_serving else server.get_room("/notes"))

        ours, theirs = channels("/notes")
        tasks.start_soon(first)
        tasks.start_soon(server.serve, theirs)
        await waiting_for(server, 2)
        scope.cancel()
        client = Client(ours)
        async with client.provider:
            await client.sees("kept")
        ours.close()


async def test_a_room_whose_only_client_is_cancelled_while_it_opens_is_closed(settings: Settings) -> None:
    async with WebsocketServer(settings=settings) as server:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, channels("/notes")[1])
            room = await waiting_for(server, 1)
            tasks.cancel_scope.cancel()
        assert room.is_stopped
        assert not server.rooms


async def test_all_hear_that_the_room_does_not_open_and_it_is_tried_again(settings: Settings) -> None:
    await write(settings, "kept")
    content = damage(settings)
    errors: list[Exception] = []

    def handle(error: Exception, _log: object) -> bool:
        errors.append(error)
        return True

    async with WebsocketServer(exception_handler=handle, settings=settings) as server:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(server.serve, channels("/notes")[1])
        assert [type(error) for error in errors] == [CorruptDocument, CorruptDocument]
        with pytest.raises(CorruptDocument):
            await server.get_room("/notes")
        mend(settings, content)
        async with joining(server)("/notes") as (reader, _):
            await reader.sees("kept")


async def test_a_room_that_is_deleted_while_it_opens_is_opened_anew_for_those_who_wait(settings: Settings) -> None:
    await write(settings, "kept")
    found: list[YRoom] = []
    async with WebsocketServer(settings=settings) as server, anyio.create_task_group() as tasks:

        async def ask() -> None:
            found.append(await server.get_room("/notes"))

        ours, theirs = channels("/notes")
        tasks.start_soon(ask)
        tasks.start_soon(server.serve, theirs)
        deleted = await waiting_for(server, 2)
        await server.delete_room(name="/notes")
        client = Client(ours)
        async with client.provider:
            await client.sees("kept")
            (room,) = found
            assert room is server.rooms["/notes"]
            assert room is not deleted
            await eventually(lambda: str(room.ydoc.get("text", type=Text)) == "kept")
        ours.close()


async def test_whoever_waits_when_the_server_stops_waits_no_longer(settings: Settings) -> None:
    async with anyio.create_task_group() as tasks, WebsocketServer(settings=settings) as server:
        tasks.start_soon(server.serve, channels("/notes")[1])
        await waiting_for(server, 1)
    assert not server.rooms


async def test_a_subclass_sets_rooms_up_before_their_clients_are_served(settings: Settings) -> None:
    asked: list[str] = []

    class Prepared(WebsocketServer):
        async def get_room(self, name: str) -> YRoom:
            asked.append(name)
            room = await super().get_room(f"/team{name}")
            if not room.ready:
                room.ydoc.get("text", type=Text).insert(0, "prepared")
                room.ready = True
            return room

    async with Prepared(rooms_ready=False, settings=settings) as server, joining(server)("/notes") as (ada, _):
        await ada.sees("prepared")
        assert list(server.rooms) == ["/team/notes"]
    assert asked == ["/notes"]
    assert not server.rooms


async def test_a_last_client_that_leaves_while_a_subclass_sets_the_room_up_leaves_the_next_an_open_one(
    settings: Settings,
) -> None:
    go_on = anyio.Event()
    asked: list[YRoom] = []

    class Slow(WebsocketServer):
        async def get_room(self, name: str) -> YRoom:
            room = await super().get_room(name)
            asked.append(room)
            if len(asked) == 2:
                await go_on.wait()
            return room

    async with Slow(settings=settings) as server, anyio.create_task_group() as tasks:
        async with joining(server)("/notes") as (ada, _):
            ours, theirs = channels("/notes")
            tasks.start_soon(server.serve, theirs)
            await eventually(lambda: len(asked) == 2)
            ada.text += "kept"
        assert asked[0].is_stopped
        go_on.set()
        client = Client(ours)
        async with client.provider:
            await client.sees("kept")
            assert server.rooms["/notes"] is asked[2]
        ours.close()
