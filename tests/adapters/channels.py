"""Channels in memory, some of which fail, and the clients at their other ends."""

import asyncio
from typing import Any

from pycrdt import Doc, Provider, Text

from tests.support.eventually import eventually


class MemoryChannel:
    """One end of a connection."""

    def __init__(
        self, path: str, outgoing: "asyncio.Queue[bytes | None]", incoming: "asyncio.Queue[bytes | None]"
    ) -> None:
        self.path = path
        self.fails = False
        self.sent: list[bytes] = []
        self._outgoing = outgoing
        self._incoming = incoming

    def __aiter__(self) -> "MemoryChannel":
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def recv(self) -> bytes:
        message = await self._incoming.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def send(self, message: bytes) -> None:
        if self.fails:
            raise RuntimeError("this channel takes nothing")
        self.sent.append(message)
        self._outgoing.put_nowait(message)

    def close(self) -> None:
        """Let both ends hear that the connection is closed."""
        for queue in (self._outgoing, self._incoming):
            queue.put_nowait(None)


def channels(path: str) -> tuple[MemoryChannel, MemoryChannel]:
    """Return the two ends of a connection: the client's and the server's."""
    up: asyncio.Queue[bytes | None] = asyncio.Queue()
    down: asyncio.Queue[bytes | None] = asyncio.Queue()
    return MemoryChannel(path, up, down), MemoryChannel(path, down, up)


class Client:
    """A document that pycrdt's own provider keeps in step with a server."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.doc: Doc[Any] = Doc()
        self.text: Text = self.doc.get("text", type=Text)
        self.provider = Provider(self.doc, channel)

    async def sees(self, text: str) -> None:
        await eventually(lambda: str(self.text) == text)
