"""Rooms that a program makes itself, and gives to the server."""

from logging import Logger
from typing import Any

import pytest
from pycrdt import Doc, Provider, Text

from collab.adapters.pycrdt_websocket import WebsocketServer, YRoom
from collab.adapters.pycrdt_websocket.store import YStore
from collab.settings import Settings
from tests.adapters.channels import channels
from tests.adapters.conftest import joining
from tests.support.eventually import eventually


async def test_a_program_gives_a_room_of_its_own_with_what_it_holds_already(settings: Settings) -> None:
    doc: Doc[Text] = Doc()
    doc.get("text", type=Text).insert(0, "brought along")
    room = YRoom(ready=False, ydoc=doc)
    async with WebsocketServer(settings=settings) as server:
        server.rooms["/notes"] = room
        await server.start_room(room)
        room.ready = True
        async with joining(server)("/notes") as (ada, _):
            await ada.sees("brought along")
            ada.text += ", and kept"
            await eventually(lambda: str(doc.get("text", type=Text)) == "brought along, and kept")


async def test_the_handler_of_a_room_hears_of_its_clients(settings: Settings) -> None:
    errors: list[Exception] = []

    def handle(error: Exception, _log: object) -> bool:
        errors.append(error)
        return True

    async with WebsocketServer(settings=settings) as server:
        server.rooms["/notes"] = YRoom(exception_handler=handle)
        async with joining(server)("/notes") as (ada, _):
            await ada.channel.send(b"\x00\x07")
            await eventually(lambda: errors)
    assert len(errors) == 1


class BrokenProvider(Provider):
    """One that does not start."""

    async def __aenter__(self) -> Provider:
        raise ConnectionError("nobody is there")


async def test_a_room_whose_provider_fails_is_opened_again_for_the_next_who_asks(settings: Settings) -> None:
    errors: list[Exception] = []
    made: list[str | None] = []

    def handle(error: Exception, _log: object) -> bool:
        errors.append(error)
        return True

    def provide(doc: Doc[Any] | None = None, log: Logger | None = None, path: str | None = None) -> Provider:
        made.append(path)
        kind = BrokenProvider if len(made) == 1 else Provider
        return kind(Doc() if doc is None else doc, channels("/elsewhere")[0], log)

    async with WebsocketServer(exception_handler=handle, provider_factory=provide, settings=settings) as server:
        room = await server.get_room("/notes")
        await eventually(lambda: errors)
        assert await server.get_room("/notes") is room
        room.ydoc.get("text", type=Text).insert(0, "in step")
        async with joining(server)("/notes") as (ada, _):
            await ada.sees("in step")
    assert [str(error) for error in errors] == ["nobody is there"]
    assert made == ["/notes", "/notes"]


async def test_a_room_takes_no_store_and_is_opened_by_its_server_alone(settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"a YStore came; expected no store"):
        YRoom(ystore=YStore("notes"))
    room = YRoom()
    with pytest.raises(RuntimeError, match="has no server"):
        await room.start()
    async with WebsocketServer(settings=settings) as server:
        with pytest.raises(ValueError, match="none of this server"):
            await server.start_room(room)
