"""Clients of both dialects that say exactly what a test tells them, over the `websockets` library."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import time
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import jwt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab.protocol.awareness import encode_awareness
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import var_string
from collab.protocol.messages import AwarenessEntry
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.gateways.serving import SECRET, Doors
from tests.support import heard
from tests.support.heard import Heard, Step1, Step2, Update
from tests.support.peers import text_of

DEADLINE = 20.0
"""Seconds; never reached by a test that passes."""

TOKEN_LIFETIME = 24 * 3600.0
"""Seconds; some tokens are made while tests are collected, and must outlive the whole run."""

Kind = TypeVar("Kind")


class YWebsocketClient:
    """A client of one document."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.dialect = YWebsocketDialect()
        self.content: list[bytes] = []
        self.asked: Step1

    async def say(self, *payloads: bytes) -> None:
        for payload in payloads:
            await self.connection.send(payload)

    async def update(self, update: bytes) -> None:
        await self.say(self.dialect.sync_update(update))

    async def hear(self) -> Heard:
        """Return the next thing the server says."""
        with anyio.fail_after(DEADLINE):
            said = heard.ywebsocket(await self.receive())
        if isinstance(said, Step2 | Update):
            self.content.append(said.update)
        return said

    async def receive(self) -> bytes:
        payload = await self.connection.recv()
        assert isinstance(payload, bytes)
        return payload

    async def until(self, kind: type[Kind]) -> Kind:
        """Return the next thing of this kind, whatever comes before it."""
        with anyio.fail_after(DEADLINE):
            while not isinstance(said := await self.hear(), kind):
                pass
        return said

    async def sync(self) -> str:
        """Ask for everything, and return the document's text."""
        await self.say(self.dialect.sync_step1(b"\x00"))
        await self.until(Step2)
        return text_of(*self.content)

    async def ending(self) -> tuple[int | None, str]:
        """Return the close code and the reason with which the server ends the connection."""
        return await ending_of(self.connection)


class HocuspocusClient:
    """A client with one socket, and any number of addresses."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, *payloads: bytes) -> None:
        for payload in payloads:
            await self.connection.send(payload)

    async def authenticate(self, address: str = "doc", token: str = "", version: str | None = "4.8.0") -> None:
        await self.say(
            var_string(address) + b"\x02\x00" + var_string(token) + (b"" if version is None else var_string(version))
        )

    async def ask(self, address: str = "doc") -> None:
        await self.say(HocuspocusDialect(address).sync_step1(b"\x00"))

    async def update(self, update: bytes, address: str = "doc") -> None:
        await self.say(HocuspocusDialect(address).sync_update(update))

    async def announce(self, *entries: AwarenessEntry, address: str = "doc") -> None:
        await self.say(HocuspocusDialect(address).awareness(encode_awareness(entries)))

    async def leave(self, address: str = "doc") -> None:
        await self.say(var_string(address) + b"\x07")

    async def hear(self) -> tuple[str, Heard]:
        """Return the next thing the server says, and to which address."""
        with anyio.fail_after(DEADLINE):
            payload = await self.connection.recv()
        assert isinstance(payload, bytes)
        return heard.hocuspocus(payload)

    async def until(self, kind: type[Kind], address: str = "doc") -> Kind:
        """Return the next thing of this kind said to an address, whatever comes before it."""
        with anyio.fail_after(DEADLINE):
            while True:
                to, said = await self.hear()
                if to == address and isinstance(said, kind):
                    return said

    async def sync(self, address: str = "doc") -> str:
        """Ask for everything, and return the document's text."""
        await self.ask(address)
        return text_of((await self.until(Step2, address)).update)

    async def ending(self) -> tuple[int | None, str]:
        """Return the close code and the reason with which the server ends the connection."""
        return await ending_of(self.connection)


async def ending_of(connection: ClientConnection) -> tuple[int | None, str]:
    with anyio.fail_after(DEADLINE):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (None, "")


@asynccontextmanager
async def joining(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(url, max_size=None, ping_interval=None, close_timeout=2, **options) as connection:
        yield connection


@asynccontextmanager
async def y_websocket(
    server: Doors, document: str = "doc", token: str | None = None
) -> AsyncIterator[YWebsocketClient]:
    """A y-websocket client that has joined: the server has asked it for what it has."""
    query = "" if token is None else f"?token={token}"
    async with joining(server.sync + quote(document, safe="") + query) as connection:
        client = YWebsocketClient(connection)
        client.asked = await client.until(Step1)
        yield client


@asynccontextmanager
async def hocuspocus(server: Doors) -> AsyncIterator[HocuspocusClient]:
    async with joining(server.hocuspocus) as connection:
        yield HocuspocusClient(connection)


@asynccontextmanager
async def seated(server: Doors, address: str = "doc", token: str = "") -> AsyncIterator[HocuspocusClient]:
    """A Hocuspocus client that was let into a document."""
    async with hocuspocus(server) as client:
        await client.authenticate(address, token)
        await client.until(heard.LetIn, address)
        yield client


def token_for(
    documents: Mapping[str, str],
    *,
    secret: str = SECRET,
    user: str = "ada",
    seconds: float = TOKEN_LIFETIME,
    admin: bool = False,
) -> str:
    """Return an access token for these documents."""
    claims = {"sub": user, "name": user.title(), "exp": time() + seconds, "documents": dict(documents), "admin": admin}
    return jwt.encode(claims, secret, algorithm="HS256")
