"""A room with clients in it, and no event loop: a test says what arrives, when the room flushes, and what time it is."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from collab.protocol.dialect import Dialect
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import Awareness, AwarenessEntry, RoomMessage, SyncStep1, SyncUpdate
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.rooms.credit_notes import Units
from collab.rooms.document import Document
from collab.rooms.flush import Flush
from collab.rooms.room import Room
from collab.rooms.session import Rights, Session, SessionId
from tests.support import heard
from tests.support.heard import Heard
from tests.support.wires import MemoryWire

KEEP_ALIVE_INTERVAL = 12.0
STUCK_TIMEOUT = 60.0
OUTBOX_BYTES = 1000
Y_WEBSOCKET = YWebsocketDialect()
HOCUSPOCUS = HocuspocusDialect("doc")
READER = Rights(may_write=False)


class Client:
    """A session in a room, and what it was told."""

    def __init__(self, room: Room, session: Session, wire: MemoryWire) -> None:
        self.room = room
        self.session = session
        self.wire = wire

    def send(self, *messages: RoomMessage) -> None:
        for message in messages:
            self.room.receive(self.session, message)

    def update(self, *updates: bytes) -> None:
        self.send(*map(SyncUpdate, updates))

    def announce(self, *entries: AwarenessEntry) -> None:
        self.send(Awareness(entries))

    def ask(self, state_vector: bytes = b"\x00") -> None:
        self.send(SyncStep1(state_vector))

    def leave(self) -> None:
        self.room.leave(self.session)

    def heard(self) -> list[Heard]:
        """Return what it was told since the last call."""
        if self.session.dialect == Y_WEBSOCKET:
            return [heard.ywebsocket(payload) for payload in self.wire.take()]
        return [said for _, said in map(heard.hocuspocus, self.wire.take())]


class Scene:
    """A room and a clock."""

    def __init__(
        self,
        *stored: bytes,
        owners: Mapping[int, str] = MappingProxyType({}),
        open_units: Iterable[Units] = (),
        limits: Limits = DEFAULTS,
    ) -> None:
        self.now = 1000.0
        self.room = Room(
            Document(stored, limits=limits),
            keep_alive_interval=KEEP_ALIVE_INTERVAL,
            stuck_timeout=STUCK_TIMEOUT,
            owners=owners,
            open_units=open_units,
            limits=limits,
        )
        self._joined = 0

    def enter(
        self, dialect: Dialect = Y_WEBSOCKET, rights: Rights | None = None, *, outbox_bytes: int = OUTBOX_BYTES
    ) -> Client:
        """Let a client in, without a flush."""
        self._joined += 1
        wire = MemoryWire()
        session = Session(SessionId(f"s{self._joined}"), dialect, wire, rights or Rights(), outbox_bytes=outbox_bytes)
        self.room.join(session, self.now)
        return Client(self.room, session, wire)

    def join(
        self, dialect: Dialect = Y_WEBSOCKET, rights: Rights | None = None, *, outbox_bytes: int = OUTBOX_BYTES
    ) -> Client:
        """Let a client in and greet it; what it was greeted with is past."""
        client = self.enter(dialect, rights, outbox_bytes=outbox_bytes)
        self.flush()
        client.wire.take()
        return client

    def flush(self) -> Flush:
        return self.room.flush(self.now)

    def save(self) -> Flush:
        """Flush, and tell the writers that it is committed."""
        flush = self.flush()
        for writer in flush.acknowledge:
            writer.saved()
        return flush

    def tick(self, seconds: float = 0.0, *, owing: bool = False) -> list[Session]:
        """Let time pass, and the room look at its clock."""
        self.now += seconds
        return self.room.tick(self.now, owing=owing)
