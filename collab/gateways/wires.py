"""Two ways to write to a client: straight into the transport of stock Hypercorn over HTTP/1.1, or by ASGI `send` on anything else.

A server's frame is not masked, so one prepared frame serves every reader. Hypercorn would put each through its own protocol objects and
an await for each reader; written to the transport it costs one system call. The road there leads through Hypercorn's own objects and is
taken only when every one of them is what it is in the releases this was tested with; otherwise the plain way serves, on any ASGI server.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from wsproto.events import Message

from collab.protocol.frames import EMPTY_PING, Frame
from collab.rooms.session import Wire

AsgiMessage = MutableMapping[str, Any]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]


class ConnectionWire(Wire, Protocol):
    """A session's wire, and what else a connection needs of the way to its client."""

    async def pump(self) -> None:
        """Carry what was written to the client until cancelled; returns at once where that happens by itself."""
        ...

    def ask_for_life(self) -> bool:
        """Send a ping whose answer will be heard; `False` where it could not be."""
        ...

    def heard_at(self) -> float:
        """Return when the client was last heard, on the clock of the event loop."""
        ...

    async def has_room(self) -> None:
        """Wait until the client has taken most of what waits for it, or has gone."""
        ...

    def abort(self) -> None:
        """End the connection without a word, for a client that hears none."""
        ...

    def abort_unless_taken(self, seconds: float) -> None:
        """End the connection so if the client has not taken what waits for it in this time; servers would wait for that for ever."""
        ...


class TransportWire:
    """Writes prepared frames to the transport of a Hypercorn connection."""

    __slots__ = ("_heard_at", "_loop", "_transport", "_writer")

    def __init__(self, writer: asyncio.StreamWriter, stream: WSStream) -> None:
        self._writer = writer
        self._transport = writer.transport
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._listen(stream)

    def _listen(self, stream: WSStream) -> None:
        """Note when bytes arrive: Hypercorn tells nobody of pongs."""
        receive_data = stream.connection.receive_data

        def receive_and_note(data: bytes | None) -> None:
            self._heard_at = self._loop.time()
            receive_data(data)

        stream.connection.receive_data = receive_and_note  # type: ignore[method-assign]

    def write(self, frame: Frame) -> None:
        """Write a frame; a transport that closes takes no more."""
        if not self._transport.is_closing():
            self._transport.write(frame.wire)

    def waiting(self) -> int:
        """Return the bytes in the transport's buffer."""
        return self._transport.get_write_buffer_size()

    async def pump(self) -> None:
        """Return at once: the event loop carries what was written."""

    def ask_for_life(self) -> bool:
        """Send a ping."""
        if not self._transport.is_closing():
            self._transport.write(EMPTY_PING)
        return True

    def heard_at(self) -> float:
        """Return when bytes arrived last."""
        return self._heard_at

    async def has_room(self) -> None:
        """Wait until the transport takes more."""
        with suppress(ConnectionError):
            await self._writer.drain()

    def abort(self) -> None:
        """Close the socket and drop what waits."""
        self._transport.abort()

    def abort_unless_taken(self, seconds: float) -> None:
        """Close the socket after this time, where something waits; harmless when it is closed by then."""
        if self.waiting():
            self._loop.call_later(seconds, self._transport.abort)


class AsgiWire:
    """Queues frames for ASGI `send`, which returns when the client has taken one."""

    __slots__ = ("_closed", "_frames", "_room", "_send", "_waiting", "_work")

    def __init__(self, send: AsgiSend) -> None:
        self._send = send
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False

    def write(self, frame: Frame) -> None:
        """Queue a frame."""
        if self._closed:
            return
        self._frames.append(frame)
        self._waiting += len(frame.wire)
        self._work.set()

    def waiting(self) -> int:
        """Return the bytes queued, and under way to the server."""
        return self._waiting

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
                self._waiting -= len(frame.wire)
            self._room.set()
            self._work.clear()
            await self._work.wait()

    def ask_for_life(self) -> bool:
        """Return `False`: ASGI knows no pings, so that dead peers are the server's to find."""
        return False

    def heard_at(self) -> float:
        """Return now, for the same reason."""
        return asyncio.get_running_loop().time()

    async def has_room(self) -> None:
        """Wait until everything is sent."""
        self._room.clear()
        if self._frames:
            await self._room.wait()

    def abort(self) -> None:
        """Drop what is queued, and take no more."""
        self._closed = True
        self._frames.clear()
        self._waiting = 0
        self._room.set()

    def abort_unless_taken(self, seconds: float) -> None:  # noqa: ARG002 - there is nothing to wait for
        """Drop what is queued; what the server holds is the server's to drop."""
        self.abort()


def spare_memory(send: AsgiSend) -> None:
    """Keep Hypercorn from what would cost memory. To be called before the upgrade is accepted; does nothing on another server.

    It must not negotiate permessage-deflate, which costs 100 kB a connection and frames nobody could share. And of a message that it has
    refused as too large it must not go on keeping what still comes.
    """
    stream = getattr(send, "__self__", None)
    if isinstance(stream, WSStream):
        stream.handshake.extensions = None
        _keep_nothing_past_the_limit(stream)


def _keep_nothing_past_the_limit(stream: WSStream) -> None:
    buffer = stream.buffer
    extend = buffer.extend

    def extend_within_limit(event: Message[Any]) -> None:
        if buffer.length > buffer.max_length:
            raise FrameTooLargeError
        extend(event)

    buffer.extend = extend_within_limit  # type: ignore[method-assign]


def wire_for(send: AsgiSend) -> ConnectionWire:
    """Return the best way to write to an accepted WebSocket."""
    stream = getattr(send, "__self__", None)
    if isinstance(stream, WSStream):
        protocol = getattr(stream.send, "__self__", None)
        if isinstance(protocol, H11Protocol):
            server = getattr(protocol.send, "__self__", None)
            if isinstance(server, TCPServer):
                return TransportWire(server.writer, stream)
    return AsgiWire(send)
