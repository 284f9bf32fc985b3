"""The server as pycrdt-websocket knows it: rooms by name, and channels to serve."""

from functools import partial
from logging import Logger, getLogger

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskGroup, TaskStatus
from pycrdt import Channel

from collab.adapters.pycrdt_websocket.background import InBackground
from collab.adapters.pycrdt_websocket.opening import Opening
from collab.adapters.pycrdt_websocket.room import ExceptionHandler, ProviderFactory, YRoom
from collab.errors import ServerDraining
from collab.hub import Hub
from collab.ports import DocumentName
from collab.protocol.names import check_document_name
from collab.settings import Settings
from collab.stacks import deepen_stacks
from collab.storage import migrate, open_storage


class WebsocketServer(InBackground):
    """Serves channels; each path is a document, kept in the database.

    Use it as an asynchronous context, or `start` it in a task and `stop` it; both again, if you like. Where the original keeps documents in
    memory only, unless each room is given a store, here every edit is committed. What else differs is in `docs/pycrdt-websocket.md`.
    """

    def __init__(
        self,
        rooms_ready: bool = True,
        auto_clean_rooms: bool = True,
        exception_handler: ExceptionHandler | None = None,
        log: Logger | None = None,
        provider_factory: ProviderFactory | None = None,
        *,
        settings: Settings | None = None,
    ) -> None:
        """Make a server; `settings` say where documents are kept and what the limits are, by default what the environment says."""
        self.rooms_ready = rooms_ready
        self.auto_clean_rooms = auto_clean_rooms
        self.exception_handler = exception_handler
        self.log = log or getLogger(__name__)
        self.provider_factory = provider_factory
        self.rooms: dict[str, YRoom] = {}
        self.started = anyio.Event()
        self._settings = settings or Settings()
        self._hub: Hub | None = None
        self._tasks: TaskGroup | None = None
        self._stop = anyio.Event()
        self._stopped = anyio.Event()

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._tasks is not None

    # Life

    async def start(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Serve until `stop`. Raises `RuntimeError` when it serves already, and what `collab.storage.open_storage` does."""
        if self._tasks is not None:
            raise RuntimeError("WebsocketServer already running")
        deepen_stacks()
        await migrate(self._settings.database)
        try:
            async with (
                open_storage(self._settings.database) as storage,
                Hub.running(storage.log, storage.documents, storage.versions, self._settings) as hub,
                anyio.create_task_group() as tasks,
            ):
                self._hub, self._tasks = hub, tasks
                self.started.set()
                task_status.started()
                await self._stop.wait()
                await hub.drain()
                for room in tuple(self.rooms.values()):
                    await room.stop()
                tasks.cancel_scope.cancel()
        finally:
            self.rooms.clear()
            self._tasks = self._hub = None
            self._stopped.set()
            self._stop, self._stopped, self.started = anyio.Event(), anyio.Event(), anyio.Event()

    async def stop(self) -> None:
        """Part with everybody, commit everything, and return when `start` has."""
        if self._tasks is None:
            raise RuntimeError("WebsocketServer not running")
        self._stop.set()
        await self._stopped.wait()

    # Rooms

    async def get_room(self, name: str) -> YRoom:
        """Return the room of this name, opened and started. Raises `InvalidName`, and what `Hub.open` does.

        A subclass may set rooms up here, before the first client is served: `serve` asks for its room so.
        """
        while True:
            room = self._room(name)
            await self.start_room(room)
            if not room.is_stopped:  # one that was closed while it opened has a successor
                return room

    def _room(self, name: str) -> YRoom:
        hub, _ = self._required()
        if hub.draining:
            raise ServerDraining("the server is going down; come back in a moment")
        room = self.rooms.get(name)
        if room is None or room.is_stopped:
            check_document_name(name)
            factory = None if self.provider_factory is None else partial(self.provider_factory, path=name)
            room = self.rooms[name] = YRoom(
                self.rooms_ready, None, self.exception_handler, self.log, provider_factory=factory
            )
        return room

    async def start_room(self, room: YRoom) -> None:
        """Open a room of `rooms`, once, however many ask, and return when it is open or was closed meanwhile.

        Whoever is cancelled waits no longer, and the room opens for the others. Raises `ValueError` for a room that is not in `rooms`,
        and what `Hub.open` does, to all who wait; then another call tries again.
        """
        hub, tasks = self._required()
        if room.opening is None and not room.is_stopped:
            room.belong_to(hub, self._settings, DocumentName(check_document_name(self.get_room_name(room))))
            room.opening = Opening()
            tasks.start_soon(self._run_room, room, room.opening)
        if room.opening is not None:
            room.waiting += 1
            try:
                await room.opening.wait()
            finally:
                room.waiting -= 1

    async def _run_room(self, room: YRoom, opening: Opening) -> None:
        try:
            await room.start(task_status=opening)
        except Exception as error:  # noqa: BLE001 - it is for those who wait, or the handler's to judge
            if opening.is_over:
                self._handle(error)
            else:
                opening.fail(error)
        finally:
            room.opening = None
            if room.is_stopped:
                opening.started()
            else:
                opening.fail(ServerDraining("the server is going down; come back in a moment"))

    def get_room_name(self, room: YRoom) -> str:
        """Return the name of a room. Raises `ValueError` for one that is not here."""
        for name, other in self.rooms.items():
            if other is room:
                return name
        raise ValueError("the room is none of this server")

    def rename_room(self, to_name: str, *, from_name: str | None = None, from_room: YRoom | None = None) -> None:
        """Have a room answer to another name while it is open; its document keeps the name it was opened under."""
        self.rooms[to_name] = self.rooms.pop(self._name_of(from_name, from_room))

    async def delete_room(self, *, name: str | None = None, room: YRoom | None = None) -> None:
        """Close a room and forget it. Its document stays in the database."""
        await self.rooms.pop(self._name_of(name, room)).stop()

    def _name_of(self, name: str | None, room: YRoom | None) -> str:
        if (name is None) == (room is None):
            raise RuntimeError("expected either a name or a room")
        return self.get_room_name(room) if room is not None else str(name)

    async def serve(self, websocket: Channel) -> None:
        """Serve a client, at the room that its path names, until it is gone."""
        self._required()
        try:
            await self._serve(websocket)
        except ServerDraining:
            self.log.info("a client was parted with: the server stops")
        except Exception as error:  # noqa: BLE001 - it is the handler's to judge
            self._handle(error)

    async def _serve(self, websocket: Channel) -> None:
        room: YRoom | None = None
        try:
            room = await self.get_room(websocket.path)
            if room.is_stopped:  # by the last client, who left while a subclass's `get_room` went on
                room = await self.get_room(websocket.path)
            await room.serve(websocket)
        finally:
            await self._clean(self.rooms.get(websocket.path) if room is None else room)

    async def _clean(self, room: YRoom | None) -> None:
        """Close a room that nobody is in, nor waits for."""
        if room is None or room.clients or room.waiting or not self.auto_clean_rooms:
            return
        if room in self.rooms.values():
            await self.delete_room(room=room)

    def _required(self) -> tuple[Hub, TaskGroup]:
        if self._hub is None or self._tasks is None:
            raise RuntimeError(
                "The WebsocketServer is not running: use `async with websocket_server:` or `await websocket_server.start()`"
            )
        return self._hub, self._tasks

    def _handle(self, error: Exception) -> None:
        if self.exception_handler is None or not self.exception_handler(error, self.log):
            raise error


def exception_logger(exception: Exception, log: Logger) -> bool:
    """Log an exception, and have it count as handled."""
    log.error("WebsocketServer exception", exc_info=exception)
    return True
