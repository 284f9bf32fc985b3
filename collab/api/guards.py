"""What stands before every endpoint: the last catch of errors, `HEAD`, headers for browsers, where a request comes from.

Bodies are in `bodies`.
"""

from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collab.access import Pages, address_of, check_client, check_host
from collab.api.problems import internal_problem, problem_response
from collab.errors import Forbidden
from collab.protocol.answer_headers import answer_headers

log = structlog.get_logger(__name__)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""They tell nothing of documents, and are asked for under whatever address the machine has."""


class AnswerFailures:
    """Logs what nobody expected, and answers it without a word of the inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            try:
                await send(message)
            except OSError as error:  # what a server raises where the connection is lost
                raise ClientDisconnect from error

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            log.debug("the client left before its request was answered", path=scope.get("path"))
        except Exception:
            log.exception("request failed", method=scope.get("method"), path=scope.get("path"))
            if started or scope["type"] != "http":
                raise
            await internal_problem()(scope, receive, send)


class AnswerHead:
    """Answers `HEAD` as `GET`, without the body (RFC 9110, section 9.3.2), so that no endpoint must think of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class ProtectAnswers:
    """Tells browsers with every answer what it may be used for; a header that the endpoint sets goes before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with those headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        protecting = answer_headers(secure=scope.get("scheme") == "https")

        async def protected(message: Message) -> None:
            # By 304 a browser keeps what it has, but for the headers that come with it (RFC 9111, section 3.2): a page has its own policy.
            if message["type"] == "http.response.start" and message["status"] != HTTPStatus.NOT_MODIFIED:
                headers = MutableHeaders(scope=message)
                for name, value in protecting.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, protected)


class RefuseForeignPages:
    """Keeps pages from elsewhere from writing, and in open mode other machines out, and pages from reading by a rebound name."""

    def __init__(self, app: ASGIApp, *, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            headers = Headers(scope=scope)
            try:
                open_mode = self._pages.open_mode
                check_client(address_of(scope), open_mode=open_mode)
                check_host(headers.get("host"), open_mode=open_mode)
                if scope["method"] not in SAFE_METHODS:
                    secure = scope.get("scheme") == "https"
                    self._pages.check(headers.getlist("origin"), headers.get("host"), secure=secure)
            except Forbidden as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
