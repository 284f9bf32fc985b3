"""How often rooms flush and the committer commits, counted under a simulated clock: the bounds come from the settings and the pacing."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from collab.errors import CollabError
from collab.hub.committer import Committer
from collab.hub.live_room import LiveRoom
from collab.ports import (
    Append,
    Compaction,
    DocumentId,
    DocumentKind,
    DocumentName,
    DocumentRecord,
    StoredContent,
    StoredDocument,
)
from collab.protocol.frames import Frame
from collab.protocol.messages import Awareness, SyncUpdate
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.rooms.document import Document
from collab.rooms.pacing import Pacing
from collab.rooms.room import Room
from collab.rooms.session import Rights, Session, SessionId
from collab.settings import Settings
from collab.turns import Turns
from tests.support.peers import Peer
from tests.support.simulated_time import simulate

INTERVAL = Settings().commit_interval
SLACK = 1e-6
"""Seconds that adding up times in binary may cost."""

SECONDS = 10
ROOMS = 1000
READERS = 100
MOST_FRAMES = 640
"""With edits that a reader among so many gets in a second, however many are made."""

MOST_PRESENCE_FRAMES = 60
"""The same of presence: as many as a screen shows."""

DOC = DocumentName("doc")
NO_STORE: Any = None
"""Every document here has its record, so the committer has none to create."""


class MemoryLog:
    """An update log in memory whose commits take a time that a test chooses; one runs at a time."""

    def __init__(self, commit_time: float = 0.0) -> None:
        self._commit_time = commit_time
        self._is_committing = False
        self.began_at: list[float] = []
        self.batches: list[Sequence[Append]] = []

    async def load(self, name: DocumentName) -> StoredDocument | None:
        return None

    async def append(self, batch: Sequence[Append]) -> None:
        assert not self._is_committing
        self._is_committing = True
        self.began_at.append(now())
        self.batches.append(batch)
        await asyncio.sleep(self._commit_time)
        self._is_committing = False

    async def compact(self, document: DocumentId) -> Compaction | None:
        return None


@dataclass(eq=False)
class WrittenDocument:
    """A document that edits are committed for, without a room."""

    name: DocumentName
    record: DocumentRecord | None
    deleted: bool = False
    updates: list[bytes] = field(default_factory=list)

    def committed(self, updates: tuple[bytes, ...]) -> None:
        self.updates += updates

    def created_elsewhere(self, record: DocumentRecord) -> None:
        raise AssertionError("it was there all the time")

    def refused(self, error: CollabError) -> None:
        raise error


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(moment: float) -> None:
    await asyncio.sleep(moment - now())


def record(number: int) -> DocumentRecord:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return DocumentRecord(
        DocumentId(number), DocumentName(f"doc {number}"), "", DocumentKind.YJS, created, created, None
    )


async def with_committer(log: MemoryLog, work: Callable[[Committer], Coroutine[Any, Any, None]]) -> None:
    """Do this while a committer runs, and return when it has committed everything."""
    committer = Committer(log, NO_STORE, interval=INTERVAL, max_unsaved_bytes=1 << 30)
    running = asyncio.create_task(committer.run())
    await work(committer)
    await committer.drained()
    running.cancel()


# Commits


@dataclass
class Committed:
    """What came of many rooms that write evenly."""

    log: MemoryLog
    submitted: dict[int, list[bytes]]
    documents: list[WrittenDocument]
    waits: list[float]
    """How long each update waited for its acknowledgement."""


def write_evenly(rooms: int, rate: int, commit_time: float) -> Committed:
    """Have so many updates a second handed in, by one room after the other."""
    log = MemoryLog(commit_time)
    documents = [WrittenDocument(DOC, record(number)) for number in range(rooms)]
    submitted, waits = defaultdict[int, list[bytes]](list), list[float]()

    async def work(committer: Committer) -> None:
        start = now()
        for number in range(rate * SECONDS):
            await until(start + number / rate)
            update = str(number).encode()
            submitted[number % rooms].append(update)
            done = partial(lambda since: waits.append(now() - since), now())
            committer.submit(documents[number % rooms], (update,), done, writers=1)

    simulate(partial(with_committer, log, work))
    return Committed(log, submitted, documents, waits)


@pytest.mark.parametrize(
    ("rooms", "rate", "commit_time"),
    [(1, 200, 0.0), (ROOMS, 200, 0.004), (1, 5000, 0.0), (ROOMS, 5000, 0.004), (ROOMS, 5000, 4 * INTERVAL)],
)
def test_commits_are_an_interval_apart_however_much_is_written_in_however_many_rooms(
    rooms: int, rate: int, commit_time: float
) -> None:
    written = write_evenly(rooms, rate, commit_time)

    began = written.log.began_at
    assert len(began) <= SECONDS / max(INTERVAL, commit_time) + 1  # the first is at once
    unhurried = began[:-1]  # all but the last, for which the test waited
    assert min(later - one for one, later in pairwise(unhurried)) >= INTERVAL - SLACK
    for batch in written.log.batches:
        assert len({append.document for append in batch}) == len(batch)
    assert [document.updates for document in written.documents] == [written.submitted[room] for room in range(rooms)]


@pytest.mark.parametrize("commit_time", [0.0, 0.004, 4 * INTERVAL])
def test_acknowledgement_waits_for_one_commit_under_way_or_one_interval_and_its_own_commit(commit_time: float) -> None:
    written = write_evenly(ROOMS, 1000, commit_time)

    assert len(written.waits) == 1000 * SECONDS
    assert max(written.waits) <= max(INTERVAL, commit_time) + commit_time + SLACK


def test_first_edit_after_a_pause_is_committed_at_once_and_a_pause_costs_no_commit() -> None:
    log = MemoryLog()
    document = WrittenDocument(DOC, record(1))
    written_at: list[float] = []

    async def work(committer: Committer) -> None:
        for pause in (0.0, 1.0, 2 * INTERVAL, 3600.0):
            await asyncio.sleep(pause)
            written_at.append(now())
            committer.submit(document, (b"x",), lambda: None, writers=1)

    simulate(partial(with_committer, log, work))

    assert log.began_at == written_at


# Flushes


class Alone:
    """A room's surroundings where there is no hub."""

    @property
    def looking(self) -> Turns[DocumentName]:
        raise AssertionError("there is nothing to look for")

    async def load(self, name: DocumentName) -> StoredDocument | None:
        raise AssertionError("nothing is to be loaded")

    async def replica(self, name: DocumentName) -> Document:
        raise AssertionError("no replica is to be built")

    async def diffs(self, name: DocumentName, state_vectors: frozenset[bytes]) -> Mapping[bytes, bytes]:
        raise AssertionError("nothing is to be encoded elsewhere")

    def start(self, work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
        raise AssertionError(f"nothing is to be started, and {name} is")

    def edited(self, live: LiveRoom) -> None:
        pass

    def compaction_due(self, live: LiveRoom) -> None:
        pass

    def drop(self, live: LiveRoom) -> None:
        pass


class Ear:
    """A wire that notes when something came, and whose client takes everything at once."""

    def __init__(self) -> None:
        self.heard_at: list[float] = []

    def write(self, frame: Frame) -> int:
        self.heard_at.append(now())
        return 0

    def waiting(self) -> int:
        return 0


class BusyRoom:
    """A real room with many readers, in which something is said at moments that a test chooses."""

    def __init__(self, readers: int) -> None:
        self.log = MemoryLog()
        self.ears = [Ear() for _ in range(readers)]
        self.said_at: list[float] = []

    def hear(self, moments: Sequence[float], message: Callable[[], SyncUpdate | Awareness]) -> None:
        """Let the writer say something at each of these moments, in seconds from the beginning."""

        async def work(committer: Committer) -> None:
            room = Room(Document(), keep_alive_interval=3600.0, stuck_timeout=3600.0)
            stored = StoredDocument(record(1), StoredContent(None, ()))
            live = LiveRoom(DOC, stored, room, committer, Alone())
            sessions = [
                Session(SessionId(str(number)), YWebsocketDialect(), ear, Rights(), outbox_bytes=1)
                for number, ear in enumerate(self.ears)
            ]
            for session in sessions:
                live.join(session, lambda error: None)
            await asyncio.sleep(60)
            for ear in self.ears:
                ear.heard_at.clear()
            start = now()
            for moment in moments:
                await until(start + moment)
                self.said_at.append(now())
                live.receive(sessions[0], message())
            await asyncio.sleep(1)

        simulate(partial(with_committer, self.log, work))


def evenly(count: int) -> list[float]:
    """Return so many moments of one second."""
    return [number / count for number in range(count)]


TOGETHER = [beat / 10 + person / 10_000 for beat in range(10) for person in range(20)]
"""200 moments of one second: twenty people press a key ten times, all within two milliseconds."""


@pytest.mark.parametrize("moments", [evenly(200), TOGETHER, evenly(5000)], ids=["200 evenly", "20 at once", "5000"])
def test_edits_reach_a_hundred_readers_in_flushes_a_gap_apart_and_none_later_than_that(moments: list[float]) -> None:
    pacing, peer, room = Pacing(), Peer(1), BusyRoom(READERS)
    pacing.flushed(0.0, edits=True, presence=True)
    gap = pacing.wait(0.0, READERS)

    room.hear(moments, lambda: SyncUpdate(peer.type("x")))

    flushed_at = room.ears[0].heard_at
    assert all(ear.heard_at == flushed_at for ear in room.ears)
    assert len(flushed_at) <= min(len(moments), 1 / gap + 2, MOST_FRAMES)
    assert min(later - one for one, later in pairwise(flushed_at)) >= gap - SLACK
    for said_at in room.said_at:
        assert flushed_at[bisect_left(flushed_at, said_at)] <= said_at + gap + SLACK
    assert len(room.log.began_at) <= 1 / INTERVAL + 2


def test_presence_reaches_a_hundred_readers_in_flushes_of_its_own_pace_and_commits_nothing() -> None:
    pacing, peer, room = Pacing(), Peer(1), BusyRoom(READERS)
    pacing.flushed(0.0, edits=True, presence=True)
    gap = pacing.wait_with_presence(0.0, READERS)

    room.hear(evenly(3000), lambda: Awareness((peer.presence(),)))

    told_at = room.ears[0].heard_at
    assert len(told_at) <= min(1 / gap + 2, MOST_PRESENCE_FRAMES)
    assert told_at[-1] >= room.said_at[-1]
    assert room.log.began_at == []
