"""Serves pycrdt-websocket as its documentation shows it, on Hypercorn with uvloop.

python pycrdt_websocket_server.py HOST PORT [DATABASE]: with its SQLite store, or in memory.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom, exception_logger

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

BACKLOG: Final = 2048
"""Hypercorn's own, of a hundred, would refuse the clients of the larger workloads before the server could."""


class StoringServer(WebsocketServer):
    """Opens each room from the store before anybody is served in it, and lets all it was told be stored.

    A room that is cleaned when its last client leaves drops the updates that still wait to be written; so none is.
    """

    def __init__(self) -> None:
        super().__init__(auto_clean_rooms=False, exception_handler=exception_logger)
        self._opening = asyncio.Lock()

    async def get_room(self, name: str) -> YRoom:
        async with self._opening:
            if name not in self.rooms:
                self.rooms[name] = await self._open(name)
        return self.rooms[name]

    async def _open(self, name: str) -> YRoom:
        store = SQLiteYStore(name)
        room = YRoom(ready=False, ystore=store, exception_handler=exception_logger)
        await self.start_room(room)
        await store.started.wait()
        with suppress(YDocNotFound):
            await store.apply_updates(room.ydoc)
        room.ready = True  # from here on what changes is stored
        await room.ydoc_observed.wait()
        return room


async def main(host: str, port: str, database: str | None = None) -> None:
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.backlog = BACKLOG
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    if database is None:
        rooms = WebsocketServer(exception_handler=exception_logger)
    else:
        SQLiteYStore.db_path = database
        rooms = StoringServer()
    async with rooms as server:
        await serve(cast("ASGIFramework", ASGIServer(server)), config, shutdown_trigger=stopping.wait)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
