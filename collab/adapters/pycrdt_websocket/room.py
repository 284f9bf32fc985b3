"""A room as pycrdt-websocket knows it, on one of ours."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from inspect import isawaitable
from logging import Logger, getLogger
from typing import Any, Final, Protocol
from uuid import uuid4

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from pycrdt import Awareness, Channel, Doc, Provider

from collab.adapters.pycrdt_websocket.mirror import Mirror
from collab.adapters.pycrdt_websocket.opening import Opening
from collab.errors import CollabError, MessageTooLarge, ServerDraining
from collab.gateways.flow import Flow, FlowRates
from collab.gateways.wires import AsgiMessage, AsgiWire
from collab.hub import Hub
from collab.hub.live_room import LiveRoom
from collab.ports import DocumentName
from collab.protocol.ywebsocket import YWebsocketDialect, decode
from collab.rooms.session import Rights, Session, SessionId
from collab.settings import Settings

_KNOWN_TYPES: Final = frozenset({0, 1, 3})
"""Sync, awareness and the question for it. Other messages may mean something to `on_message`, and nothing to the room."""

ExceptionHandler = Callable[[Exception, Logger], bool]
OnMessage = Callable[[bytes], Awaitable[bool] | bool]
OnMessageError = Callable[[Exception, bytes, Channel], Awaitable[bool] | bool]


class ProviderFactory(Protocol):
    """Makes what keeps a room in step with something else."""

    def __call__(self, doc: Doc[Any] | None = None, log: Logger | None = None, path: str | None = None) -> Provider:
        """Return a provider for this document."""
        ...


class YRoom:
    """One document, its clients, and the program's own replica of it: `ydoc` and `awareness`.

    What the program changes there goes through the log to every client, as their edits do; what clients change comes to be there.
    """

    name: DocumentName
    """The document's name, from the first opening on."""

    def __init__(
        self,
        ready: bool = True,
        ystore: object = None,
        exception_handler: ExceptionHandler | None = None,
        log: Logger | None = None,
        ydoc: Doc[Any] | None = None,
        provider_factory: ProviderFactory | None = None,
    ) -> None:
        """Make a room, which a server opens: see `WebsocketServer.start_room`.

        `ready` says whether clients are served at once; otherwise they wait until it is set. What `ydoc` holds is merged into the document.
        Raises `ValueError` for a store: the document is kept in the database.
        """
        if ystore is not None:
            raise ValueError(
                f"a {type(ystore).__name__} came; expected no store, for the document is kept in the database. "
                "`await ystore.apply_updates(room.ydoc)` brings over what it holds"
            )
        self.log = log or getLogger(__name__)
        self.ydoc: Doc[Any] = Doc() if ydoc is None else ydoc
        self.awareness = Awareness(self.ydoc)
        self.clients: set[Channel] = set()
        self.ready_event = anyio.Event()
        self.started = anyio.Event()
        self.exception_handler = exception_handler
        """Called with what ended a client; where it returns `True` nobody else hears of it."""
        self.provider_factory = provider_factory
        self.on_message: OnMessage | None = None
        """Called with each message before it is looked at; one for which it returns `True` is skipped."""
        self.on_message_error: OnMessageError | None = None
        """Called with what is wrong with a message; where it returns `True` the client goes on."""
        self.opening: Opening | None = None
        """The try to open it that is under way, or that succeeded; `None` while it is not open."""
        self.waiting = 0
        """How many wait for the opening."""
        self._hub: Hub | None = None
        self._settings: Settings
        self._scope: anyio.CancelScope | None = None
        self._stopped = anyio.Event()
        self.ready = ready

    @property
    def ready(self) -> bool:
        """Whether clients are served. It cannot be unset."""
        return self.ready_event.is_set()

    @ready.setter
    def ready(self, value: bool) -> None:
        if value:
            self.ready_event.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was closed, for good."""
        return self._stopped.is_set()

    def belong_to(self, hub: Hub, settings: Settings, name: DocumentName) -> None:
        """Say which document it opens, and where; the first that is said stands."""
        if self._hub is None:
            self._hub, self._settings, self.name = hub, settings, name

    async def start(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Open the document and keep `ydoc` in step with it until `stop`.

        Raises what `Hub.open` does, and `RuntimeError` for a room of no server.
        """
        hub = self._required()
        while not self.is_stopped and not hub.draining:
            with anyio.CancelScope() as scope:  # left when the room has parted with everybody: then it is opened anew
                self._scope = scope
                await self._keep_in_step(hub, scope, task_status)
            task_status = TASK_STATUS_IGNORED  # it is told once

    async def _keep_in_step(self, hub: Hub, scope: anyio.CancelScope, task_status: TaskStatus[None]) -> None:
        mirror = Mirror(self.ydoc, self.awareness, self.log)
        live = await hub.join(self.name, mirror.session, mirror.end, create=True)
        async with AsyncExitStack() as stack:
            self.started.set()
            task_status.started()
            if self.provider_factory is not None:
                await stack.enter_async_context(self.provider_factory(doc=self.ydoc, log=self.log))
            await mirror.run(live, scope.cancel)

    async def stop(self) -> None:
        """Let go of the document. What is in it stays in the log, and what was received is committed."""
        self._stopped.set()
        if self._scope is not None:
            self._scope.cancel()

    async def serve(self, channel: Channel) -> None:
        """Serve a client until it is gone.

        What ends it otherwise is for `exception_handler`, and raised where that does not handle it: a `CollabError` where the client is to
        blame, or what reading from it raises.
        """
        hub = self._required()
        self.clients.add(channel)
        try:
            await self.ready_event.wait()
            await _Client(self, channel, hub, self._settings).serve()
        except ServerDraining:
            raise
        except Exception as error:
            if self.exception_handler is None or not self.exception_handler(error, self.log):
                raise
        finally:
            self.clients.discard(channel)

    def _required(self) -> Hub:
        if self._hub is None:
            raise RuntimeError("The YRoom has no server: put it into its `rooms`, and await `start_room(room)` of it")
        return self._hub


class _Client:
    """A channel's session in the room."""

    def __init__(self, room: YRoom, channel: Channel, hub: Hub, settings: Settings) -> None:
        self._room = room
        self._channel = channel
        self._hub = hub
        self._settings = settings
        self._flow = Flow(FlowRates.of(settings))
        self._wire = AsgiWire(
            _nothing,
            self._send,
            hub.committer,
            self._flow,
            max_message_bytes=settings.max_message_bytes,
            max_waiting=0,
        )
        self._session = Session(
            SessionId(uuid4().hex), YWebsocketDialect(), self._wire, Rights(), outbox_bytes=settings.outbox_bytes
        )
        self._scope = anyio.CancelScope()
        self._failure: Exception | None = None

    async def serve(self) -> None:
        live = await self._hub.join(self._room.name, self._session, self._end, create=True)
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._pump)
                    try:
                        await self._read(live)
                    except Exception as error:  # noqa: BLE001 - the group would wrap it
                        self._failure = error
                    tasks.cancel_scope.cancel()
        finally:
            live.leave(self._session)
        if self._failure is not None:
            raise self._failure

    def _end(self, error: CollabError) -> None:
        self._failure = error
        self._scope.cancel()

    async def _pump(self) -> None:
        await self._wire.pump()  # returns when the client takes nothing any more
        self._scope.cancel()

    async def _send(self, message: AsgiMessage) -> None:
        try:
            await self._channel.send(message["bytes"])
        except Exception as error:  # whatever a channel raises, only its own client is gone
            self._room.log.info("a client took nothing more: %r", error)
            raise ConnectionError(str(error)) from error

    async def _read(self, live: LiveRoom) -> None:
        while True:
            await self._hub.committer.has_room()
            if (debt := self._flow.debt(anyio.current_time())) > 0:
                await anyio.sleep(debt)
            try:
                message = await self._channel.__anext__()
            except StopAsyncIteration:
                return
            self._flow.take(1, len(message), anyio.current_time())
            try:
                self._check_size(message)
                if message and not await self._is_skipped(message) and message[0] in _KNOWN_TYPES:
                    live.receive(self._session, decode(message))
            except Exception as error:
                if not await self._is_handled(error, message):
                    raise

    def _check_size(self, message: bytes) -> None:
        limit = self._settings.max_message_bytes
        if len(message) > limit:
            raise MessageTooLarge(f"a message of {len(message)} bytes came; {limit} are allowed")

    async def _is_skipped(self, message: bytes) -> bool:
        if self._room.on_message is None:
            return False
        skipped = self._room.on_message(message)
        return await skipped if isawaitable(skipped) else skipped

    async def _is_handled(self, error: Exception, message: bytes) -> bool:
        if self._room.on_message_error is None:
            return False
        handled = self._room.on_message_error(error, message, self._channel)
        return await handled if isawaitable(handled) else handled


async def _nothing() -> AsgiMessage:
    raise NotImplementedError("a channel is read by its room")
