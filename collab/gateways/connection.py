"""One WebSocket: refused or accepted, read message by message, and ended once, whoever ends it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote

import anyio

from collab.errors import CollabError, PeerTimeout, ProtocolError, Unauthenticated
from collab.gateways.closing import ending_of, reason_of
from collab.gateways.wires import AsgiMessage, AsgiSend, ConnectionWire, spare_memory, wire_for

AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiScope = Mapping[str, Any]

RETRY_AFTER_SECONDS: Final = 2
"""What a client that was refused for the moment is told to wait."""

CLOSE_TIMEOUT: Final = 2.0
"""Seconds that a client may take to make room for the close frame."""


class Connection:
    """A WebSocket of one client."""

    def __init__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._error: CollabError | None = None
        self._lifetime = anyio.CancelScope()
        self.wire: ConnectionWire
        self.tasks: anyio.abc.TaskGroup

    # Before the upgrade

    @property
    def path(self) -> str:
        """The path that was asked for, percent-decoded."""
        return str(self._scope["path"])

    @property
    def raw_path(self) -> bytes:
        """The path as it was sent, without the query."""
        raw_path = self._scope.get("raw_path")
        return quote(self.path).encode() if raw_path is None else bytes(raw_path)

    def header(self, name: str) -> str | None:
        """Return a header of the upgrade request; the first, where it was sent several times."""
        wanted = name.lower().encode()
        for key, value in self._scope["headers"]:
            if key.lower() == wanted:
                return bytes(value).decode("latin-1")
        return None

    def token(self) -> str | None:
        """Return the access token of the upgrade request: `?token=`, or `Authorization: Bearer`."""
        query: dict[str, list[str]] = parse_qs(bytes(self._scope["query_string"]).decode("latin-1"))
        if "token" in query:
            return query["token"][0]
        scheme, _, credentials = (self.header("authorization") or "").partition(" ")
        return credentials.strip() if scheme.lower() == "bearer" else None

    async def requested(self) -> None:
        """Take the event that opens every WebSocket."""
        await self._receive()

    async def refuse(self, error: CollabError) -> None:
        """Answer the upgrade request with the HTTP status that this error stands for; clients back off then."""
        ending = ending_of(error)
        if "websocket.http.response" not in self._scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": ending.code})
            return
        body = json.dumps(
            {
                "type": "about:blank",
                "title": HTTPStatus(ending.status).phrase,
                "status": ending.status,
                "detail": str(error),
            }
        ).encode()
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        if ending.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", b"Bearer"))
        await self._send({"type": "websocket.http.response.start", "status": ending.status, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": body})

    # The upgrade and after

    @asynccontextmanager
    async def accepted(self) -> AsyncIterator[Self]:
        """Accept the upgrade; on leaving, close the WebSocket with the code that its end stands for.

        A `CollabError` raised inside ends the connection and goes no further; any other is passed on after that.
        """
        spare_memory(self._send)
        await self._send({"type": "websocket.accept"})
        self.wire = wire_for(self._send)
        try:
            with self._lifetime:
                async with anyio.create_task_group() as self.tasks:
                    self.tasks.start_soon(self.wire.pump)
                    try:
                        yield self
                    except CollabError as error:
                        self.end(error)
                    self.tasks.cancel_scope.cancel()
        finally:
            await self._close()
            self.wire.abort_unless_taken(CLOSE_TIMEOUT)

    async def messages(self, max_waiting: int) -> AsyncIterator[bytes]:
        """Yield each binary message until the client goes. Raises `ProtocolError` for a text message.

        While more than `max_waiting` bytes wait for the client nothing is read from it: one that asks must read the answers.
        """
        while True:
            if self.wire.waiting() > max_waiting:
                await self.wire.has_room()
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] == "websocket.receive":
                data = message.get("bytes")
                if data is None:
                    raise ProtocolError("a text message came; expected a binary one")
                yield data

    def end(self, error: CollabError) -> None:
        """End the connection, from wherever; the first reason is the one the client is told."""
        if self._error is None:
            self._error = error
        self._lifetime.cancel()

    async def _close(self) -> None:
        if self._error is None:
            return
        if isinstance(self._error, PeerTimeout):
            self.wire.abort()
            return
        message = {"type": "websocket.close", "code": ending_of(self._error).code, "reason": reason_of(self._error)}
        with anyio.move_on_after(CLOSE_TIMEOUT, shield=True):
            await self._send(message)
