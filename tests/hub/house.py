"""A hub over a real SQLite database, and guests in it without a network."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collab.errors import CollabError
from collab.hub import Hub
from collab.hub.live_room import LiveRoom
from collab.ports import DocumentKind, DocumentName
from collab.protocol.dialect import Dialect
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.messages import RoomMessage, SyncStep1, SyncUpdate
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.rooms.session import Rights, Session, SessionId
from collab.settings import Settings
from collab.storage import SqlDocumentStore, Storage, migrate, open_storage
from tests.hub.faults import FaultyLog
from tests.support import heard
from tests.support.heard import Heard, Status, Step2, Update, only
from tests.support.wires import MemoryWire

DOC = DocumentName("doc")
_EDITOR = Rights()


@dataclass
class Guest:
    """A session in a room of the hub, what it was told, and how it was ended."""

    live: LiveRoom
    session: Session
    wire: MemoryWire
    endings: list[CollabError] = field(default_factory=list)

    def send(self, *messages: RoomMessage) -> None:
        for message in messages:
            self.live.receive(self.session, message)

    def update(self, *updates: bytes) -> None:
        self.send(*map(SyncUpdate, updates))

    def ask(self) -> None:
        self.send(SyncStep1(b"\x00"))

    def leave(self) -> None:
        self.live.leave(self.session)

    def said(self) -> list[Heard]:
        """Return all it was ever told."""
        payloads = [frame.payload for frame in self.wire.frames]
        if isinstance(self.session.dialect, HocuspocusDialect):
            return [said for _, said in map(heard.hocuspocus, payloads)]
        return [heard.ywebsocket(payload) for payload in payloads]

    @property
    def saved(self) -> int:
        return self.said().count(Status(saved=True))

    @property
    def content(self) -> list[bytes]:
        """The updates it was sent."""
        return [said.update for said in self.said() if isinstance(said, Step2 | Update)]

    @property
    def answers(self) -> list[Step2]:
        return only(Step2, self.said())


@dataclass
class House:
    """A hub, and what is under it."""

    hub: Hub
    log: FaultyLog
    documents: SqlDocumentStore
    storage: Storage

    async def create(self, name: str = DOC, update: bytes | None = None) -> DocumentName:
        """Create a document beside the hub."""
        document = DocumentName(name)
        await self.documents.create(document, kind=DocumentKind.YJS, title=name, update=update)
        return document

    async def join(
        self, name: str = DOC, dialect: Dialect | None = None, *, create: bool = True, rights: Rights = _EDITOR
    ) -> Guest:
        """Let a Hocuspocus guest into a document."""
        wire, endings = MemoryWire(), list[CollabError]()
        session = Session(SessionId("guest"), dialect or HocuspocusDialect(name), wire, rights, outbox_bytes=1_000_000)
        live = await self.hub.join(DocumentName(name), session, endings.append, create=create)
        return Guest(live, session, wire, endings)

    async def join_by_y_websocket(self, name: str = DOC) -> Guest:
        return await self.join(name, YWebsocketDialect())

    async def stored(self, name: str = DOC) -> list[bytes]:
        """Return what a successor of this server would load."""
        stored = await self.log.load(DocumentName(name))
        if stored is None:
            return []
        snapshot = [] if stored.content.snapshot is None else [stored.content.snapshot]
        return [*snapshot, *stored.content.updates]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with our tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("hub") / "empty.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@asynccontextmanager
async def open_house(path: Path, settings: Settings) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_storage(f"sqlite:///{path}"))
        log = FaultyLog(storage.log)
        hub = await stack.enter_async_context(Hub.running(log, storage.documents, storage.versions, settings))
        yield House(hub, log, storage.documents, storage)


OpenHub = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_hub(migrated_database: Path, tmp_path: Path) -> OpenHub:
    """Open hubs with other settings than the defaults, all on one database."""
    path = tmp_path / "collab.db"
    shutil.copy(migrated_database, path)
    return lambda **settings: open_house(path, Settings.model_validate(settings))


@pytest.fixture
async def house(open_hub: OpenHub) -> AsyncIterator[House]:
    async with open_hub() as house:
        yield house
