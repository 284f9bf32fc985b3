"""What a request's body may cost before its endpoint has it: bytes of its own, bytes of all together, time, and a database in arrears."""

import re
from functools import partial
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab.api.problems import UnreadBody
from collab.api.services import Pressure
from collab.errors import ServerBusy
from collab.protocol.budget import PIECE_BYTES, Budget
from collab.settings import Settings

_LENGTH: Final = re.compile(r"[0-9]{1,19}")
LINGER: Final = 5.0
"""Seconds for which the rest of a body is read and dropped that was refused. A socket that is closed with bytes unread is reset, and the
answer with it, so that whoever sends all before they read would never learn why.
"""

LINGER_BODIES: Final = 2
"""How many of the largest bodies are dropped so at most."""

_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Of these no endpoint reads one."""


class LimitBodies:
    """Reads no body while too much waits for the database, and ends a request whose body is too large or slow, or finds no room."""

    def __init__(self, app: ASGIApp, *, settings: Settings, pressure: Pressure) -> None:
        self._app = app
        self._settings = settings
        self._pressure = pressure
        self._budget = Budget(settings.max_bodies_bytes, "all requests' bodies")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body. It counts until the request is answered, for the endpoint has it until then."""
        if scope["type"] != "http" or scope["method"] in _WITHOUT_BODY:
            await self._app(scope, receive, send)
            return
        body = _Body(receive, _declared(scope), self._budget, self._pressure, self._settings)
        try:
            await self._app(scope, body.receive, partial(body.answer, send))
        finally:
            body.forget()


class _Body:
    """The body of one request."""

    def __init__(self, receive: Receive, declared: int, budget: Budget, pressure: Pressure, settings: Settings) -> None:
        self._receive = receive
        self._declared = declared
        self._budget = budget
        self._pressure = pressure
        self._max_bytes = settings.max_message_bytes
        self._timeout = settings.body_timeout
        self._deadline: float | None = None
        self._received = 0
        self._counted = 0
        self._is_whole = False
        self._is_late = False

    async def receive(self) -> Message:
        """Return the next piece; after the last one, whatever comes, for as long as it takes."""
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._check(self._declared)
            if self._pressure.is_full:
                raise UnreadBody(ServerBusy("more edits wait for the database than may; come back in a moment"))
            self._deadline = anyio.current_time() + self._timeout
        try:
            with anyio.fail_after(self._deadline - anyio.current_time()):
                message = await self._receive()
        except TimeoutError:
            self._is_late = True
            raise HTTPException(
                408, f"{self._received} bytes of the body came in {self._timeout:g} s; expected all of it by then"
            ) from None
        self._is_whole = not message.get("more_body", False)
        self._count(len(message.get("body", b"")))
        return message

    async def answer(self, send: Send, message: Message) -> None:
        """Send a part of the answer; before its end, take what the client still sends."""
        if (
            message["type"] != "http.response.body"
            or message.get("more_body", False)
            or self._is_whole
            or self._is_late
        ):
            await send(message)
            return
        await send({**message, "more_body": True})
        await self._drop_rest()
        await send({"type": "http.response.body"})

    async def _drop_rest(self) -> None:
        dropped = 0
        with anyio.move_on_after(LINGER):
            while not self._is_whole and dropped <= LINGER_BODIES * self._max_bytes:
                message = await self._receive()
                dropped += len(message.get("body", b""))
                self._is_whole = not message.get("more_body", False)  # as it is where the client has gone

    def _count(self, size: int) -> None:
        self._received += size
        self._check(self._received)
        try:
            self._budget.take(size + PIECE_BYTES)
        except ServerBusy as error:
            raise UnreadBody(error) from None
        self._counted += size + PIECE_BYTES

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise HTTPException(413, f"the body is larger than {self._max_bytes} bytes, the most that is taken")

    def forget(self) -> None:
        """Give the room back."""
        self._budget.give_back(self._counted)


def _declared(scope: Scope) -> int:
    """Return how large a body its header says it is; zero where it does not say, or nothing that makes sense."""
    header = Headers(scope=scope).get("content-length", "")
    return int(header) if _LENGTH.fullmatch(header) else 0
