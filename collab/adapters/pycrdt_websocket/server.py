"""The server as pycrdt-websocket knows it: rooms by name, and channels to serve."""

from collections.abc import Callable
from logging import Logger, getLogger

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskGroup, TaskStatus
from pycrdt import Channel

from collab.adapters.pycrdt_websocket.background import InBackground
from collab.adapters.pycrdt_websocket.room import ProviderFactory, YRoom
from collab.errors import ServerDraining
from collab.hub import Hub
from collab.ports import DocumentName
from collab.protocol.names import check_document_name
from collab.settings import Settings
from collab.stacks import deepen_stacks
from collab.storage import migrate, open_storage

ExceptionHandler = Callable[[Exception, Logger], bool]


class WebsocketServer(InBackground):
    """Serves channels; each path is a document, kept in the database.

    Use it as an asynchronous context, or `start` it in a task and `stop` it. Where the original keeps documents in memory only, unless
    each room is given a store, here every edit is committed; nothing else of its behaviour is missing but its failures.
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
                for room in self.rooms.values():
                    await room.stop()
                self.rooms.clear()
                tasks.cancel_scope.cancel()
        finally:
            self._tasks = self._hub = None
            self._stopped.set()

    async def stop(self) -> None:
        """Part with everybody, commit everything, and return when `start` has."""
        if self._tasks is None:
            raise RuntimeError("WebsocketServer not running")
        self._stop.set()
        await self._stopped.wait()

    # Rooms

    async def get_room(self, name: str) -> YRoom:
        """Return the room of this name, opened and started. Raises `InvalidName`, and what `Hub.open` does."""
        room = self._room(name)
        await self.start_room(room)
        return room

    def _room(self, name: str) -> YRoom:
        hub, _ = self._required()
        if name not in self.rooms:
            self.rooms[name] = YRoom(
                DocumentName(check_document_name(name)),
                hub,
                self._settings,
                self.log,
                ready=self.rooms_ready,
                provider_factory=self.provider_factory,
            )
        return self.rooms[name]

    async def start_room(self, room: YRoom) -> None:
        """Start a room, once, however many ask."""
        _, tasks = self._required()
        if not room.is_starting:
            room.is_starting = True
            try:
                await tasks.start(self._run_room, room)
            except BaseException:
                room.is_starting = False
                raise
        await room.started.wait()

    async def _run_room(self, room: YRoom, *, task_status: TaskStatus[None]) -> None:
        try:
            await room.start(task_status=task_status)
        except Exception as error:
            if not room.started.is_set():
                raise
            self._handle(error)

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
            await self._serve(self._room(websocket.path), websocket)
        except ServerDraining:
            self.log.info("a client was parted with: the server stops")
        except Exception as error:  # noqa: BLE001 - it is the handler's to judge
            self._handle(error)

    async def _serve(self, room: YRoom, websocket: Channel) -> None:
        room.clients.add(websocket)  # at once, so that nobody who leaves meanwhile closes the room
        try:
            await self.start_room(room)
            await room.serve(websocket)
        finally:
            room.clients.discard(websocket)
            if self.auto_clean_rooms and not room.clients and room in self.rooms.values():
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
