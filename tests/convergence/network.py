"""A room, its log, and many clients on bad connections: nothing arrives before a random source says so."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.messages import RoomMessage, SyncStep1, SyncStep2, SyncUpdate
from collab.protocol.structs import read_structs
from collab.protocol.updates import decode_state_vector
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.rooms.compaction import compact
from collab.rooms.document import Document
from collab.rooms.room import Room
from collab.rooms.session import Rights, Session, SessionId, Writer
from tests.convergence.edits import random_edit
from tests.support import heard
from tests.support.heard import Status, Step1, Step2, Update
from tests.support.peers import Peer
from tests.support.wires import MemoryWire

OUTBOX_BYTES: Final = 400
"""Small, so that clients fall behind."""


@dataclass
class Line:
    """One connection: what is under way in both directions."""

    session: Session
    wire: MemoryWire
    sending: deque[RoomMessage] = field(default_factory=deque)
    unanswered: deque[bytes] = field(default_factory=deque)
    """The edits that the client awaits an answer to."""


class Client:
    """A client that edits whether it is connected or not."""

    def __init__(self, client_id: int, dialect: HocuspocusDialect | YWebsocketDialect) -> None:
        self.peer = Peer(client_id)
        self.dialect = dialect
        self.line: Line | None = None
        self._early: list[bytes] = []

    def say(self, message: RoomMessage) -> None:
        if self.line is not None:
            self.line.sending.append(message)
            if isinstance(message, SyncStep2 | SyncUpdate):
                self.line.unanswered.append(message.update)

    def hear(self, payload: bytes) -> bytes | None:
        """Take in one message; return the edit that it acknowledges, if it does."""
        said = (
            heard.hocuspocus(payload)[1] if isinstance(self.dialect, HocuspocusDialect) else heard.ywebsocket(payload)
        )
        match said:
            case Step1(state_vector):
                self.say(SyncStep2(self.peer.doc.get_update(state_vector)))
            case Step2(update) | Update(update):
                self._take_in(update)
            case Status(saved):
                assert saved, "an honest edit was refused"
                assert self.line is not None
                return self.line.unanswered.popleft()
        return None

    def _take_in(self, update: bytes) -> None:
        """Apply what does not build upon something missing, as Yjs does; pycrdt's documents do not wait by themselves."""
        self._early.append(update)
        while ready := next((early for early in self._early if self._is_ready(early)), None):
            self._early.remove(ready)
            self.peer.hear([ready])

    def _is_ready(self, update: bytes) -> bool:
        _, early = read_structs(update).ready(decode_state_vector(self.peer.state_vector))
        return not early


class Network:
    """Everything there is, and one random source that decides what happens next."""

    def __init__(self, seed: int, clients: int) -> None:
        self.source = random.Random(seed)
        self.log: list[bytes] = []
        self.uncommitted: deque[tuple[tuple[bytes, ...], tuple[Writer, ...]]] = deque()
        self.acknowledged: list[bytes] = []
        self.now = 0.0
        self.room = self._new_room()
        self.clients = [
            Client(number + 1, YWebsocketDialect() if number % 2 else HocuspocusDialect("doc"))
            for number in range(clients)
        ]

    def _new_room(self) -> Room:
        return Room(Document(self.log), keep_alive_interval=5.0, stuck_timeout=1e9)

    # What can happen

    def edit(self, client: Client) -> None:
        update = random_edit(client.peer, self.source)
        if update is not None:
            client.say(SyncUpdate(update))

    def repeat(self, client: Client) -> None:
        """Send the whole state again, as a provider does after offline edits."""
        client.say(SyncUpdate(client.peer.state))

    def connect(self, client: Client) -> None:
        if client.line is None:
            wire = MemoryWire()
            session = Session(
                SessionId(str(client.peer.client_id)), client.dialect, wire, Rights(), outbox_bytes=OUTBOX_BYTES
            )
            self.room.join(session, self.now)
            client.line = Line(session, wire)
            client.say(SyncStep1(client.peer.state_vector))

    def disconnect(self, client: Client) -> None:
        """Lose the connection and whatever is under way on it."""
        if client.line is not None:
            self.room.leave(client.line.session)
            client.line = None

    def carry_to_room(self, client: Client) -> None:
        line = client.line
        for _ in range(self.source.randint(1, 3)):
            if line is not None and line.sending:
                self.room.receive(line.session, line.sending.popleft())

    def carry_to_client(self, client: Client) -> None:
        if client.line is None:
            return
        line = client.line
        for payload in line.wire.take():
            edit = client.hear(payload)
            if edit is not None:
                self.acknowledged.append(edit)
        line.wire.drain()

    def stall(self, client: Client) -> None:
        if client.line is not None:
            client.line.wire.stalled = True

    def flush(self, _: Client) -> None:
        flush = self.room.flush(self.now)
        assert flush.offences == ()
        self.uncommitted.append((flush.append, flush.acknowledge))

    def commit(self, _: Client) -> None:
        if self.uncommitted:
            append, acknowledge = self.uncommitted.popleft()
            self.log += append
            for writer in acknowledge:
                writer.saved()

    def tick(self, _: Client) -> None:
        self.now += 1.0
        self.room.tick(self.now, owing=False)

    def compact(self, _: Client) -> None:
        compacted = compact(None, self.log)
        self.log = [compacted.state, *(self.log[index] for index in compacted.waiting)]

    def crash(self, _: Client) -> None:
        """Lose the process and what it had not committed; what it had acknowledged must be there."""
        for client in self.clients:
            self.carry_to_client(client)
            self.disconnect(client)
        self.uncommitted.clear()
        self.room = self._new_room()
        self.check_acknowledged()

    # What must hold

    def check_acknowledged(self) -> None:
        document = Document(self.log)
        for update in self.acknowledged:
            # One that waits for an edit still missing is in the log as it came.
            assert update in self.log or document.holds(update), "an acknowledged edit is not in the log"

    def step(self) -> None:
        """Let one thing happen."""
        happening = self.source.choices(HAPPENINGS, WEIGHTS)[0]
        happening(self, self.source.choice(self.clients))

    def settle(self) -> None:
        """Connect everybody and carry everything to its end."""
        for client in self.clients:
            self.connect(client)
        quiet = 0
        while quiet < 3:
            before = self._traffic()
            for client in self.clients:
                self.carry_to_room(client)
                self.carry_to_client(client)
            self.flush(self.clients[0])
            while self.uncommitted:
                self.commit(self.clients[0])
            self.room.tick(self.now, owing=False)
            quiet = quiet + 1 if before == self._traffic() == 0 else 0

    def _traffic(self) -> int:
        return sum(
            len(client.line.sending) + len(client.line.wire.frames)
            for client in self.clients
            if client.line is not None
        )


HAPPENINGS: Final = (
    Network.edit,
    Network.repeat,
    Network.connect,
    Network.disconnect,
    Network.carry_to_room,
    Network.carry_to_client,
    Network.stall,
    Network.flush,
    Network.commit,
    Network.tick,
    Network.compact,
    Network.crash,
)
WEIGHTS: Final = (30, 1, 6, 2, 30, 25, 3, 20, 15, 4, 1, 0.5)
