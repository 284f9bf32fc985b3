"""Rooms and channels of pycrdt-websocket on our hub: what its own rooms get wrong goes right here."""

from pathlib import Path

import anyio
import pytest
from pycrdt import Array, Awareness, Doc, Text, create_awareness_message, read_message

from collab.adapters.pycrdt_websocket import WebsocketServer
from collab.settings import Settings
from tests.adapters.channels import Client, MemoryChannel, channels
from tests.adapters.conftest import Join, joining
from tests.faults import outages
from tests.support.eventually import eventually
from tests.support.peers import Peer


async def test_clients_see_each_other_write(join: Join) -> None:
    async with join("/notes") as (ada, _), join("/notes") as (bob, _):
        ada.text += "hello"
        await bob.sees("hello")
        bob.text += " you"
        await ada.sees("hello you")


async def test_rooms_are_apart(join: Join) -> None:
    async with join("/one") as (ada, _), join("/two") as (bob, _), join("/one") as (other, _):
        ada.text += "hello"
        await other.sees("hello")
        assert str(bob.text) == ""


async def test_a_second_client_that_joins_while_the_room_opens_gets_all_there_is(settings: Settings) -> None:
    async with WebsocketServer(settings=settings) as first, joining(first)("/notes") as (ada, _):
        ada.text += "kept"
    async with WebsocketServer(settings=settings) as second, anyio.create_task_group() as tasks:
        clients = []
        for _ in range(2):
            ours, theirs = channels("/notes")
            tasks.start_soon(second.serve, theirs)
            clients.append(Client(ours))
        for client in clients:
            async with client.provider:
                await client.sees("kept")
            client.channel.close()


async def test_a_channel_that_takes_nothing_ends_its_own_client_alone(server: WebsocketServer, join: Join) -> None:
    async with join("/notes") as (ada, _), join("/notes") as (_, broken), join("/notes") as (bob, _):
        broken.fails = True
        ada.text += "one"
        await bob.sees("one")
        room = await server.get_room("/notes")
        await eventually(lambda: broken not in room.clients)
        bob.text += " two"
        await ada.sees("one two")


async def test_an_edit_waits_for_a_database_that_is_locked_and_is_kept(settings: Settings) -> None:
    async with WebsocketServer(settings=settings) as server:
        join = joining(server)
        async with join("/notes") as (ada, _), join("/notes") as (bob, _):
            ada.text += "one"
            await bob.sees("one")
            with outages.locked(settings.data_dir / "collab.db"):
                ada.text += " two"
                await bob.sees("one two")
            bob.text += " three"
            await ada.sees("one two three")
    assert await stored(settings) == "one two three"


async def test_the_last_edit_of_the_last_client_is_kept_though_it_leaves_during_a_slow_write(
    settings: Settings,
) -> None:
    async with WebsocketServer(settings=settings) as server:
        with outages.locked(settings.data_dir / "collab.db"):
            async with joining(server)("/notes") as (ada, _):
                room = await server.get_room("/notes")
                ada.text += "the last word"
                await eventually(lambda: str(room.ydoc.get("text", type=Text)) == "the last word")
            await eventually(lambda: not server.rooms)
    assert await stored(settings) == "the last word"


async def stored(settings: Settings) -> str:
    """Return what another server finds."""
    async with WebsocketServer(settings=settings) as server, joining(server)("/notes") as (reader, _):
        return str(reader.text)


async def test_a_late_joiner_sees_who_is_here(join: Join) -> None:
    async with join("/notes") as (ada, _):
        awareness = Awareness(ada.doc)
        awareness.set_local_state({"user": "Ada"})
        await ada.channel.send(create_awareness_message(awareness.encode_awareness_update([ada.doc.client_id])))
        async with join("/notes") as (_, late):
            await eventually(lambda: states_in(late).get(ada.doc.client_id) == {"user": "Ada"})


def states_in(channel: MemoryChannel) -> dict[int, object]:
    """Return the presence that was sent through a channel."""
    awareness = Awareness(Doc())
    for message in channel.sent:
        if message[0] == 1:
            awareness.apply_awareness_update(read_message(message[1:]), "server")
    return {**awareness.states}


async def test_what_the_program_writes_reaches_everybody_and_is_kept(settings: Settings) -> None:
    async with WebsocketServer(settings=settings) as server, joining(server)("/notes") as (ada, _):
        room = await server.get_room("/notes")
        room.ydoc.get("text", type=Text).insert(0, "from the program")
        await ada.sees("from the program")
        ada.text += ", and back"
        await eventually(lambda: str(room.ydoc.get("text", type=Text)) == "from the program, and back")
    assert await stored(settings) == "from the program, and back"


async def test_the_program_is_present_and_sees_who_is(server: WebsocketServer, join: Join) -> None:
    async with join("/notes") as (ada, channel):
        room = await server.get_room("/notes")
        room.awareness.set_local_state({"user": "program"})
        await eventually(lambda: states_in(channel).get(room.ydoc.client_id) == {"user": "program"})
        awareness = Awareness(ada.doc)
        awareness.set_local_state({"user": "Ada"})
        await ada.channel.send(create_awareness_message(awareness.encode_awareness_update([ada.doc.client_id])))
        await eventually(lambda: room.awareness.states.get(ada.doc.client_id) == {"user": "Ada"})


async def test_messages_may_be_skipped(server: WebsocketServer, join: Join) -> None:
    async with join("/notes") as (ada, _), join("/notes") as (bob, _):
        room = await server.get_room("/notes")
        skipped: list[bytes] = []

        def skip(message: bytes) -> bool:
            skipped.append(message)
            return True

        room.on_message = skip
        ada.text += "lost"
        await eventually(lambda: skipped)
        room.on_message = None
        bob.text += "seen"
        await eventually(lambda: "seen" in str(ada.text))
        assert str(bob.text) == "seen"


async def test_what_is_wrong_with_a_message_may_be_handled(server: WebsocketServer, join: Join) -> None:
    async with join("/notes") as (ada, _), join("/notes") as (bob, _):
        room = await server.get_room("/notes")
        errors: list[Exception] = []

        def handle(error: Exception, _message: bytes, _channel: object) -> bool:
            errors.append(error)
            return True

        room.on_message_error = handle
        await ada.channel.send(b"\x00\x07")
        ada.text += "still here"
        await bob.sees("still here")
        assert len(errors) == 1


async def test_a_client_that_breaks_the_rules_ends_alone_and_the_handler_hears_of_it(settings: Settings) -> None:
    errors: list[Exception] = []

    def handle(error: Exception, _log: object) -> bool:
        errors.append(error)
        return True

    async with WebsocketServer(exception_handler=handle, settings=settings) as server:
        join = joining(server)
        async with join("/notes") as (ada, _), join("/notes") as (bob, _):
            await bob.channel.send(b"\x00\x02\x05junk!")
            await eventually(lambda: errors)
            ada.text += "goes on"
            async with join("/notes") as (third, _):
                await third.sees("goes on")


async def test_a_room_that_is_not_ready_makes_its_clients_wait(settings: Settings) -> None:
    async with WebsocketServer(rooms_ready=False, settings=settings) as server, anyio.create_task_group() as tasks:
        ours, theirs = channels("/notes")
        tasks.start_soon(server.serve, theirs)
        room = await server.get_room("/notes")
        room.ydoc.get("text", type=Text).insert(0, "prepared")
        client = Client(ours)
        async with client.provider:
            assert theirs.sent == []
            room.ready = True
            await client.sees("prepared")
        ours.close()


async def test_rooms_are_cleaned_renamed_and_deleted(settings: Settings) -> None:
    async with WebsocketServer(auto_clean_rooms=False, settings=settings) as server:
        async with joining(server)("/notes") as (ada, _):
            ada.text += "kept"
        room = await server.get_room("/notes")
        assert server.get_room_name(room) == "/notes"
        server.rename_room("/other", from_room=room)
        assert await server.get_room("/other") is room
        await server.delete_room(name="/other")
        assert not server.rooms
        with pytest.raises(ValueError, match="none of this server"):
            server.get_room_name(room)
        async with joining(server)("/notes") as (back, _):
            await back.sees("kept")


async def test_it_may_be_started_in_a_task_and_stopped(settings: Settings) -> None:
    server = WebsocketServer(settings=settings)
    with pytest.raises(RuntimeError, match="not running"):
        await server.get_room("/notes")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.start)
        await server.started.wait()
        assert server.running
        async with joining(server)("/notes") as (ada, _):
            room = await server.get_room("/notes")
            ada.text += "kept"
            await eventually(lambda: str(room.ydoc.get("text", type=Text)) == "kept")
            await server.stop()
    assert not server.running
    assert await stored(settings) == "kept"


async def test_a_message_over_the_limit_ends_its_client_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, max_message_bytes=64 * 1024)
    errors: list[Exception] = []

    def handle(error: Exception, _log: object) -> bool:
        errors.append(error)
        return True

    async with WebsocketServer(exception_handler=handle, settings=settings) as server:
        join = joining(server)
        async with join("/notes") as (ada, _), join("/notes") as (bob, broken):
            bob.text += "x" * 100_000
            await eventually(lambda: errors)
            assert broken not in server.rooms["/notes"].clients
            ada.text += "goes on"
            async with join("/notes") as (third, _):
                await third.sees("goes on")
    (error,) = errors
    assert "a message of 1000" in str(error)
    assert "65536 are allowed" in str(error)


async def test_a_server_that_was_stopped_serves_again(settings: Settings) -> None:
    server = WebsocketServer(settings=settings)
    async with server, joining(server)("/notes") as (ada, _):
        ada.text += "once"
    assert not server.running
    async with server, joining(server)("/notes") as (ada, _):
        await ada.sees("once")
        ada.text += " and again"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.start)
        await server.started.wait()
        async with joining(server)("/notes") as (reader, _):
            await reader.sees("once and again")
        await server.stop()


async def test_every_kind_of_content_comes_through(server: WebsocketServer, join: Join) -> None:
    async with join("/notes") as (ada, _), join("/notes") as (bob, _):
        peer = Peer(7)
        peer.map["k"] = 1.0
        peer.type("inside")
        ada.doc.apply_update(peer.state)
        listed = ada.doc.get("a", type=Array)
        listed.append("value")
        await eventually(lambda: list(bob.doc.get("a", type=Array)) == ["value"])
        room = await server.get_room("/notes")
        await eventually(lambda: list(room.ydoc.get("a", type=Array)) == ["value"])
