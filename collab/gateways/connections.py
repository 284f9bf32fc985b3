"""All WebSockets of this process: how many there may be, and which of them answer no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from collab.errors import LimitExceeded, PeerTimeout
from collab.gateways.connection import Connection
from collab.gateways.wires import Pressure
from collab.settings import Settings


class Connections:
    """Counts the WebSockets, and drops the peers that have died without a word."""

    def __init__(self, settings: Settings, pressure: Pressure) -> None:
        """Under `pressure` nothing is read from any of them."""
        self._pressure = pressure
        self._max_message_bytes = settings.max_message_bytes
        self._limit = settings.max_connections
        self._timeout = settings.peer_timeout
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def check_room(self) -> None:
        """Raise `LimitExceeded` when there may be no more."""
        if len(self._open) >= self._limit:
            raise LimitExceeded(f"the server has {self._limit} connections and takes no more; try again later")

    @asynccontextmanager
    async def opened(self, connection: Connection) -> AsyncIterator[Connection]:
        """Accept a WebSocket and count it while it lasts."""
        async with connection.accepted(self._pressure, max_message_bytes=self._max_message_bytes):
            self._open.add(connection)
            try:
                yield connection
            finally:
                self._open.discard(connection)

    async def watch(self) -> None:
        """Ask silent peers for a sign of life, and drop those that give none, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._timeout / 6)
            now = loop.time()
            for connection in tuple(self._open):
                silence = now - connection.wire.heard_at()
                if silence >= self._timeout:
                    connection.end(PeerTimeout(f"nothing came from the client for {silence:.0f} s"))
                elif silence >= self._timeout / 3:
                    connection.wire.ask_for_life()
