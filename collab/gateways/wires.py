"""Two roads to a client: the transport of stock Hypercorn over HTTP/1.1, taken over at the upgrade, or plain ASGI on anything else.

This file is the plain road, and the interface of both; `collab.gateways.transport_wire` is the other.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

import anyio

from collab.errors import MessageTooLarge, ProtocolError
from collab.gateways.flow import Flow
from collab.protocol.frames import Frame
from collab.rooms.session import Wire

AsgiMessage = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]

Take = Callable[[bytes], None]
"""Takes one binary message; raises a `CollabError` to end the connection."""

NORMAL_CLOSURE: Final = 1000
"""RFC 6455, section 7.4.1."""


class Pressure(Protocol):
    """What may keep a server from reading: more waits for the database than may."""

    @property
    def is_full(self) -> bool:
        """Whether nothing should be read now."""
        ...

    async def has_room(self) -> None:
        """Wait until something may be read again."""
        ...


class ConnectionWire(Wire, Protocol):
    """A session's wire, and what else a connection needs of the road to its client."""

    async def read(self, take: Take) -> bool:
        """Hand over each binary message as it comes, until the client says goodbye or is gone; tell whether a goodbye is owed.

        Nothing is read under pressure, nor while more waits for the client than may: one that asks must read the answers; nor while it has
        sent faster than it may. Raises `ProtocolError` for what is no binary message, `LimitExceeded` for one that is too large, and what
        `take` raises.
        """
        ...

    def limit_messages(self, max_message_bytes: int) -> None:
        """Take no message larger than this from now on; of a larger one that is under way not even the rest."""
        ...

    def pumped(self) -> AbstractAsyncContextManager[None]:
        """Carry what is written to the client, while the block lasts."""
        ...

    def ask_for_life(self) -> None:
        """Send a ping, where its answer will be heard."""
        ...

    def heard_at(self) -> float:
        """Return when the client was last heard, on the clock of the event loop."""
        ...

    def cut_loose(self) -> bool:
        """Have the server let go of the connection, once its upgrade is accepted; `False` where it serves it to its end."""
        ...

    async def say_goodbye(self, code: int, reason: str) -> None:
        """Close the WebSocket with this code, and wait until the client has taken that."""
        ...

    def hang_up(self) -> None:
        """Close the connection once the client has taken what waits; harmless when it is closed."""
        ...

    def abort(self) -> None:
        """End the connection without a word, for a client that hears none."""
        ...

    def abort_unless_taken(self, seconds: float) -> None:
        """End the connection so if the client has not taken what waits for it in this time; servers would wait for that for ever."""
        ...


class AsgiWire:
    """Queues frames for ASGI `send`, which returns when the client has taken one."""

    __slots__ = (
        "_closed",
        "_flow",
        "_frames",
        "_max_message_bytes",
        "_max_waiting",
        "_pressure",
        "_receive",
        "_room",
        "_send",
        "_waiting",
        "_work",
    )

    def __init__(
        self,
        receive: AsgiReceive,
        send: AsgiSend,
        pressure: Pressure,
        flow: Flow,
        *,
        max_message_bytes: int,
        max_waiting: int,
    ) -> None:
        """While more than `max_waiting` bytes wait for the client nothing is read from it."""
        self._receive = receive
        self._send = send
        self._pressure = pressure
        self._flow = flow
        self._max_message_bytes = max_message_bytes
        self._max_waiting = max_waiting
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False

    async def read(self, take: Take) -> bool:
        """Hand over each binary message that ASGI `receive` gives; goodbyes are the server's."""
        clock = asyncio.get_running_loop().time
        while True:
            if self._pressure.is_full:
                await self._pressure.has_room()
            if self._waiting > self._max_waiting:
                await self._has_room()
            if (debt := self._flow.debt(clock())) > 0:
                await asyncio.sleep(debt)
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return False
            data = message.get("bytes")
            if data is None:
                raise ProtocolError("a text message came; expected a binary one")
            if len(data) > self._max_message_bytes:
                raise MessageTooLarge(f"a message of {len(data)} bytes came; {self._max_message_bytes} are allowed")
            self._flow.take(1, len(data), clock())
            take(data)

    def limit_messages(self, max_message_bytes: int) -> None:
        """Refuse what is larger when it has come: what comes before that is the server's."""
        self._max_message_bytes = max_message_bytes

    def write(self, frame: Frame) -> int:
        """Queue a frame."""
        if not self._closed:
            self._frames.append(frame)
            self._waiting += len(frame.wire)
            self._work.set()
        return self._waiting

    def waiting(self) -> int:
        """Return the bytes queued, and under way to the server."""
        return self._waiting

    @asynccontextmanager
    async def pumped(self) -> AsyncIterator[None]:
        """Send what is queued from a task of its own."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.pump)
            yield
            tasks.cancel_scope.cancel()

    async def pump(self) -> None:
        """Send what is queued, in order, until cancelled or the client has gone; `receive` tells of that too."""
        while True:
            while self._frames:
                frame = self._frames.popleft()
                try:
                    await self._send({"type": "websocket.send", "bytes": frame.payload})
                except OSError:  # what ASGI lets a server raise then
                    self.abort()
                    return
                if not self._closed:
                    self._waiting -= len(frame.wire)
            self._room.set()
            self._work.clear()
            await self._work.wait()

    async def _has_room(self) -> None:
        self._room.clear()
        if self._waiting:  # also of a frame that is under way
            await self._room.wait()

    def ask_for_life(self) -> None:
        """Do nothing: ASGI knows no pings, so that dead peers are the server's to find."""

    def heard_at(self) -> float:
        """Return now, for the same reason."""
        return asyncio.get_running_loop().time()

    def cut_loose(self) -> bool:
        """Do nothing: the server serves the connection to its end."""
        return False

    async def say_goodbye(self, code: int, reason: str) -> None:
        """Have the server say it."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def hang_up(self) -> None:
        """Do nothing: the server closes the connection when the application has ended."""

    def abort(self) -> None:
        """Drop what is queued, and take no more."""
        self._closed = True
        self._frames.clear()
        self._waiting = 0
        self._room.set()

    def abort_unless_taken(self, seconds: float) -> None:  # noqa: ARG002 - there is nothing to wait for
        """Drop what is queued; what the server holds is the server's to drop."""
        self.abort()
