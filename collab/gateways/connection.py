"""One WebSocket: refused or accepted, read message by message, and ended once, whoever ends it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, quote

import anyio

from collab.access import address_of
from collab.access.cookies import session_shown
from collab.errors import CollabError, FramingError, PeerTimeout, Unauthenticated
from collab.gateways.closing import ending_of, reason_of, words_of
from collab.gateways.flow import Flow
from collab.gateways.inflow import Inflow
from collab.gateways.takeover import hang_up_if_answered, sent_too_early, take_over
from collab.gateways.wires import (
    NORMAL_CLOSURE,
    AsgiMessage,
    AsgiReceive,
    AsgiSend,
    AsgiWire,
    ConnectionWire,
    Take,
)
from collab.ports import Credentials
from collab.protocol.answer_headers import answer_headers

AsgiScope = Mapping[str, Any]

Talk = Callable[[], Awaitable[None]]
"""What goes on between an accepted client and its documents."""

RETRY_AFTER_SECONDS: Final = 2
"""What a client that was refused for the moment is told to wait."""

CLOSE_TIMEOUT: Final = 2.0
"""Seconds that a client may take to make room for the close frame."""


class Connection:
    """A WebSocket of one client."""

    __slots__ = (
        "_error",
        "_lifetime",
        "_on_cut_loose",
        "_owes_goodbye",
        "_receive",
        "_scope",
        "_send",
        "_session",
        "address_counted",
        "client_host",
        "user_counted",
        "wire",
    )

    def __init__(
        self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend, on_cut_loose: Callable[[], None]
    ) -> None:
        """`on_cut_loose` is called where the server lets go of the connection, after the upgrade: then it must hear of its end."""
        self._scope = scope
        self._receive = receive
        self._send = send
        self._on_cut_loose = on_cut_loose
        self._error: CollabError | None = None
        self._owes_goodbye = False
        self._session = session_shown(self.header, secure=self.is_secure, acts=True)
        self._lifetime = anyio.CancelScope()
        self.client_host = address_of(scope)
        """The address that the client connects from; `None` where the server does not tell, as behind a Unix socket."""
        self.address_counted: str | None = None
        """As which its address is counted; `None` where it is not."""
        self.user_counted: str | None = None
        """For which user it is counted: the first who was let in on it, and who is no guest."""
        self.wire: ConnectionWire

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

    @property
    def is_secure(self) -> bool:
        """Whether the request came by TLS."""
        return bool(self._scope.get("scheme") == "wss")

    def header(self, name: str) -> str | None:
        """Return a header of the upgrade request; the first, where it was sent several times."""
        return next(iter(self.headers(name)), None)

    def headers(self, name: str) -> list[str]:
        """Return a header of the upgrade request as often as it was sent."""
        wanted = name.lower().encode()
        return [bytes(value).decode("latin-1") for key, value in self._scope["headers"] if key.lower() == wanted]

    def token(self) -> str | None:
        """Return the access token of the upgrade request: `?token=`, or `Authorization: Bearer`."""
        query: dict[str, list[str]] = parse_qs(bytes(self._scope["query_string"]).decode("latin-1"))
        if "token" in query:
            return query["token"][0]
        scheme, _, credentials = (self.header("authorization") or "").partition(" ")
        return credentials.strip() if scheme.lower() == "bearer" else None

    def credentials(self, token: str | None) -> Credentials:
        """Return what the client has shown: this token, and the cookie of its browser's session."""
        return Credentials(token, self._session, self.client_host)

    async def requested(self) -> None:
        """Take the event that opens every WebSocket."""
        await self._receive()

    async def refuse(self, error: CollabError) -> None:
        """Answer the upgrade request with the HTTP status that this error stands for; clients back off then."""
        if hang_up_if_answered(self._send, CLOSE_TIMEOUT):
            return
        ending = ending_of(error)
        if "websocket.http.response" not in self._scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": ending.code})
            return
        body = json.dumps(
            {
                "type": "about:blank",
                "title": HTTPStatus(ending.status).phrase,
                "status": ending.status,
                "detail": words_of(error),
            }
        ).encode()
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        protecting = answer_headers(secure=self.is_secure)
        headers += [(name.lower().encode(), value.encode()) for name, value in protecting.items()]
        if ending.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", b"Bearer"))
        await self._send({"type": "websocket.http.response.start", "status": ending.status, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": body})

    # The upgrade and after

    async def run(self, talk: Talk, inflow: Inflow, *, max_message_bytes: int) -> None:
        """Accept the upgrade and talk to the client; then close the WebSocket with the code that its end stands for.

        A `CollabError` that the talk raises ends the connection and goes no further; any other is passed on after that.
        """
        if sent_too_early(self._send):
            await self.refuse(FramingError("bytes came before the upgrade was answered; expected none until then"))
            return
        # As much may wait for a client as one answer may take, before nothing more is read from it.
        limits = {"max_message_bytes": max_message_bytes, "max_waiting": max_message_bytes}
        self.wire = take_over(self._send, inflow, **limits) or AsgiWire(
            self._receive, self._send, inflow.pressure, Flow(inflow.rates), **limits
        )
        await self._send({"type": "websocket.accept"})
        if self.wire.cut_loose():
            self._forget_request()
            self._on_cut_loose()
        try:
            with self._lifetime:
                async with self.wire.pumped():
                    try:
                        await talk()
                    except CollabError as error:
                        self.end(error)
                    except Exception:
                        self.end(CollabError("internal error"))
                        raise
        finally:
            await self._close()
            self.wire.hang_up()
            self.wire.abort_unless_taken(CLOSE_TIMEOUT)

    def _forget_request(self) -> None:
        """Let go of what only served the upgrade, and keeps all of the server's objects of the connection."""
        self._scope = {}
        self._receive, self._send = _receive_nothing, _send_nothing

    async def serve(self, take: Take) -> None:
        """Hand over each binary message until the client goes. Raises what ends the connection."""
        self._owes_goodbye = await self.wire.read(take)

    def end(self, error: CollabError) -> None:
        """End the connection, from wherever; the first reason is the one the client is told."""
        if self._error is None:
            self._error = error
        self._lifetime.cancel()

    async def _close(self) -> None:
        if isinstance(self._error, PeerTimeout):
            self.wire.abort()
        elif self._error is not None:
            await self._say_goodbye(ending_of(self._error).code, reason_of(self._error))
        elif self._owes_goodbye:
            await self._say_goodbye(NORMAL_CLOSURE, "")

    async def _say_goodbye(self, code: int, reason: str) -> None:
        with anyio.move_on_after(CLOSE_TIMEOUT, shield=True):
            await self.wire.say_goodbye(code, reason)


async def _receive_nothing() -> AsgiMessage:
    raise RuntimeError("the server has let go of this connection")


async def _send_nothing(message: AsgiMessage) -> None:
    raise RuntimeError(f"the server has let go of this connection; {message['type']} was to be sent")
