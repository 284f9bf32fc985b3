"""A room as pycrdt-websocket knows it, on one of ours."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from inspect import isawaitable
from logging import Logger
from typing import Any, Final, Protocol
from uuid import uuid4

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from pycrdt import Awareness, Channel, Doc, Provider

from collab.adapters.pycrdt_websocket.mirror import Mirror
from collab.errors import CollabError
from collab.gateways.wires import AsgiMessage, AsgiWire
from collab.hub import Hub
from collab.hub.live_room import LiveRoom
from collab.ports import DocumentName
from collab.protocol.ywebsocket import YWebsocketDialect, decode
from collab.rooms.session import Rights, Session, SessionId
from collab.settings import Settings

_KNOWN_TYPES: Final = frozenset({0, 1, 3})
"""Sync, awareness and the question for it. Other messages may mean something to `on_message`, and nothing to the room."""

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

    def __init__(
        self,
        name: DocumentName,
        hub: Hub,
        settings: Settings,
        log: Logger,
        *,
        ready: bool = True,
        provider_factory: ProviderFactory | None = None,
    ) -> None:
        """`ready` says whether clients are served at once; otherwise they wait until it is set."""
        self.name = name
        self.log = log
        self.ydoc: Doc[Any] = Doc()
        self.awareness = Awareness(self.ydoc)
        self.clients: set[Channel] = set()
        self.ready_event = anyio.Event()
        self.started = anyio.Event()
        self.on_message: OnMessage | None = None
        """Called with each message before it is looked at; one for which it returns `True` is skipped."""
        self.on_message_error: OnMessageError | None = None
        """Called with what is wrong with a message; where it returns `True` the client goes on."""
        self._hub = hub
        self._settings = settings
        self._provider_factory = provider_factory
        self.is_starting = False
        """Whether somebody has started it."""
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

    async def start(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Open the document and keep `ydoc` in step with it until `stop`. Raises what `Hub.open` does."""
        while not self._stopped.is_set() and not self._hub.draining:
            with anyio.CancelScope() as scope:  # left when the room has parted with everybody: then it is opened anew
                self._scope = scope
                await self._keep_in_step(scope, task_status)

    async def _keep_in_step(self, scope: anyio.CancelScope, task_status: TaskStatus[None]) -> None:
        mirror = Mirror(self.ydoc, self.awareness, self.log)
        live = await self._hub.join(self.name, mirror.session, mirror.end, create=True)
        async with AsyncExitStack() as stack:
            if not self.started.is_set():
                self.started.set()
                task_status.started()
            if self._provider_factory is not None:
                provider = self._provider_factory(doc=self.ydoc, log=self.log, path=self.name)
                await stack.enter_async_context(provider)
            await mirror.run(live, scope.cancel)

    async def stop(self) -> None:
        """Let go of the document. What is in it stays in the log, and what was received is committed."""
        self._stopped.set()
        if self._scope is not None:
            self._scope.cancel()

    async def serve(self, channel: Channel) -> None:
        """Serve a client until it is gone. Raises a `CollabError` where the client is to blame, and what reading from it raises."""
        self.clients.add(channel)
        try:
            await self.ready_event.wait()
            await _Client(self, channel, self._hub, self._settings).serve()
        finally:
            self.clients.discard(channel)


class _Client:
    """A channel's session in the room."""

    def __init__(self, room: YRoom, channel: Channel, hub: Hub, settings: Settings) -> None:
        self._room = room
        self._channel = channel
        self._hub = hub
        self._wire = AsgiWire(
            _nothing, self._send, hub.committer, max_message_bytes=settings.max_message_bytes, max_waiting=0
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
            try:
                message = await self._channel.__anext__()
            except StopAsyncIteration:
                return
            try:
                if message and not await self._is_skipped(message) and message[0] in _KNOWN_TYPES:
                    live.receive(self._session, decode(message))
            except Exception as error:
                if not await self._is_handled(error, message):
                    raise

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
