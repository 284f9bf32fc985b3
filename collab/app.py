"""The whole server as one ASGI application.

`collab serve` runs it on Hypercorn; any other ASGI server runs it as well (`uvicorn --factory collab.app:create_app`), on the slower way
to write. WebSockets go straight to their door, HTTP to the REST API and the editor.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final, Protocol

import anyio
import structlog

from collab.access import Pages, Policy, TrustedProxies, access_from, tokens_from
from collab.access.oidc import Provider, configuration_from
from collab.access.passwords import Passwords
from collab.api import Figures, Services, create_api
from collab.errors import CollabError, DocumentNotFound, LimitExceeded, ServerDraining
from collab.gateways import hocuspocus, ywebsocket
from collab.gateways.admission import Entrance
from collab.gateways.connection import CLOSE_TIMEOUT, AsgiScope, Connection
from collab.gateways.connections import Connections
from collab.gateways.intake import Intake
from collab.gateways.wires import AsgiReceive, AsgiSend
from collab.hub import Hub
from collab.light_tasks import LightTasks
from collab.log_output import log_to_stderr
from collab.services.accounts import Accounts, accounts_on
from collab.services.audit_trail import AuditTrail
from collab.services.audited_access import AuditedAccess
from collab.services.keys import Keys
from collab.services.live_rights import LiveRights
from collab.services.sharing import Links
from collab.services.single_sign_on import SingleSignOn
from collab.settings import Settings
from collab.storage import Storage, open_storage

log = structlog.get_logger(__name__)

AsgiApp = Callable[[MutableMapping[str, Any], AsgiReceive, AsgiSend], Awaitable[None]]


class WebSocketDoor(Protocol):
    """A module that serves the WebSockets of one dialect."""

    __name__: str

    def is_asked_for(self, connection: Connection) -> bool:
        """Tell whether the upgrade request names this door."""
        ...

    def serve(self, connection: Connection, entrance: Entrance) -> Awaitable[None]:
        """Serve one WebSocket from its upgrade request to its end."""
        ...


WEBSOCKET_DOORS: Final[tuple[WebSocketDoor, ...]] = (ywebsocket, hocuspocus)
"""Each has a path of its own, and lets nobody in but by the `Entrance`."""


class Collab:
    """An ASGI application; it opens the database at the lifespan's start-up, and drains at its shutdown."""

    def __init__(self, settings: Settings) -> None:
        """Make it; raises `SettingsError` for settings that contradict each other."""
        self.settings = settings
        self.on_ready: Callable[[], None] = lambda: None
        """Called once the application serves."""
        self.on_failure: Callable[[], None] = lambda: None
        """Called when what works behind the application has failed. Nothing is saved from then on, and servers go on without noticing."""
        self.failure: CollabError | None = None
        """Why the application could not start, or serves no more."""
        self._takes_tokens = tokens_from(settings) is not None
        self._oidc = configuration_from(settings)
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._entrance: Entrance
        self._websockets: LightTasks
        self._api: AsgiApp

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one connection, request or lifespan."""
        scope = self._proxies.seen_through(scope)
        match scope["type"]:
            case "websocket":
                await self._serve_websocket(scope, receive, send)
            case "http":
                await self._api(dict(scope), receive, send)
            case "lifespan":
                await self._live(receive, send)

    async def _serve_websocket(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve a WebSocket to its end, or until the server lets go of it: it then has a task of ours, and none of the server's."""
        let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection = Connection(scope, receive, send, partial(_settle, let_go))
        self._websockets.start(self._serve_apart(connection, let_go))
        try:
            await let_go
        except asyncio.CancelledError:
            connection.end(ServerDraining("the server is going down; come back in a moment"))
            raise

    async def _serve_apart(self, connection: Connection, let_go: "asyncio.Future[None]") -> None:
        try:
            await self._serve_at_a_place(connection)
        except Exception as error:
            if let_go.done():  # the server does not hear of this connection any more
                log.exception("a connection failed")
            else:
                let_go.set_exception(error)
        finally:
            _settle(let_go)

    async def _serve_at_a_place(self, connection: Connection) -> None:
        await connection.requested()
        try:
            self._entrance.connections.take_place(connection)
        except LimitExceeded as error:
            log.info("a client was refused", error=str(error), address=connection.client_host)
            await connection.refuse(error)
            return
        try:
            await self._served_at_its_door(connection)
        finally:
            self._entrance.connections.leave_place(connection)

    def _served_at_its_door(self, connection: Connection) -> Awaitable[None]:
        for door in WEBSOCKET_DOORS:
            if door.is_asked_for(connection):
                return door.serve(connection, self._entrance)
        return connection.refuse(
            DocumentNotFound("no WebSocket is served at this path; expected /hocuspocus or /sync/{document}")
        )

    async def _live(self, receive: AsgiReceive, send: AsgiSend) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._running())
            except CollabError as error:
                self.failure = error
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            except Exception:
                log.exception("the server could not start")
                self.failure = CollabError("the server could not start; its log says why")
                await send({"type": "lifespan.startup.failed", "message": str(self.failure)})
                return
            await send({"type": "lifespan.startup.complete"})
            self.on_ready()
            await self._until_told_to_stop(receive)
        await send({"type": "lifespan.shutdown.complete"})

    async def _until_told_to_stop(self, receive: AsgiReceive) -> None:
        try:
            await receive()
        except asyncio.CancelledError:  # by the task groups around it, one of whose tasks has failed
            self.failure = CollabError("the server failed and has stopped; its log says why")
            self.on_failure()
            raise

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        settings = self.settings
        async with open_storage(settings.database) as storage:
            await storage.documents.ready()
            await storage.log.warm_up()
            async with (
                Intake.opened() as intake,
                Hub.running(storage.log, storage.documents, storage.versions, settings) as hub,
                anyio.create_task_group() as tasks,
                LightTasks() as self._websockets,
            ):
                connections = Connections(settings, hub.committer, intake, self._websockets)
                tasks.start_soon(connections.watch)
                trail = AuditTrail(storage.audit.add, time.monotonic)
                access = AuditedAccess(access_from(settings, storage.sessions, storage.keys, storage.links), trail)
                policy = Policy(storage.shares, storage.workspaces)
                rights = LiveRights(storage.shares, access, hub.deletions)
                tasks.start_soon(rights.run)
                self._entrance = Entrance(
                    hub, access, policy, rights, connections, settings, Pages(access.open, settings.origins)
                )
                accounts = (
                    accounts_on(storage.accounts, storage.sessions, storage.tickets, settings)
                    if settings.accounts
                    else None
                )
                services = Services(
                    storage.documents,
                    hub,
                    hub.committer,
                    storage.versions,
                    storage.authorship,
                    access,
                    self._takes_tokens,
                    accounts,
                    policy,
                    storage.shares,
                    Links(storage.links, Passwords(), time.monotonic),
                    Keys(storage.keys),
                    storage.workspaces,
                    storage.audit,
                    trail,
                    rights,
                    settings.max_named_versions,
                    Figures(hub.lag, connections.__len__, hub, hub.committer),
                    self._single_sign_on(storage, accounts),
                )
                self._api = create_api(services, settings)
                yield
                self._part_with_all()
                await self._websockets.finished(CLOSE_TIMEOUT)
                tasks.cancel_scope.cancel()

    def _single_sign_on(self, storage: Storage, accounts: Accounts | None) -> SingleSignOn | None:
        if self._oidc is None or accounts is None:
            return None
        return SingleSignOn(Provider(self._oidc), accounts, storage.identities, storage.visits, storage.tickets)

    async def drain(self) -> None:
        """Take nobody in any more, commit everything, and part with everybody; they come back to the next server."""
        await self._entrance.hub.drain()
        self._part_with_all()

    def _part_with_all(self) -> None:
        self._entrance.connections.end_all(ServerDraining("the server is going down; come back in a moment"))


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def create_app() -> Collab:
    """Make the application from the environment."""
    settings = Settings()
    log_to_stderr(settings.log_level)
    return Collab(settings)
