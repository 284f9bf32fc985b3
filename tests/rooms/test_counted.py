"""What a flush, a reader and a joiner cost, counted: transactions, encodings, frames and bytes. No clock is asked."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Transaction

from collab.protocol import awareness
from collab.protocol.dialect import Dialect
from collab.protocol.frames import Frame
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.rooms import document, presence
from tests.rooms.scene import HOCUSPOCUS, READER, Y_WEBSOCKET, Client, Scene
from tests.support.heard import States, Step2, Update, only
from tests.support.peers import Peer

WRITERS = 20
EDITS_EACH = 10
READERS = 30
"""Of each dialect."""

BOTH: tuple[Dialect, ...] = (Y_WEBSOCKET, HOCUSPOCUS)

ROOMY = 1_000_000
"""Bytes that may wait for a session, so that nobody is behind."""

HEADERS: dict[Dialect, int] = {Y_WEBSOCKET: 4 + 2 + 2, HOCUSPOCUS: 4 + 2 + 2 + len(b"\x03doc")}
"""Bytes before an update of 126 to 16,383: WebSocket's own, the two types, the update's length, and the address where there is one."""


class Count(Counter[str]):
    """How often what was done, in all documents, dialects and rooms of a test."""

    def calls(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        """Count the calls of a function where its callers look it up; it does what it did."""
        original: Callable[..., object] = getattr(owner, name)

        def counted(*args: object, **options: object) -> object:
            self[name] += 1
            return original(*args, **options)

        monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    count = Count()

    class CountedDoc(Doc[Any]):
        def transaction(self, origin: Any = None) -> Transaction:
            if self._txn is None:  # else it joins the one that is under way
                count["transactions"] += 1
            return super().transaction(origin)

        def get_update(self, state: bytes | None = None) -> bytes:
            count["state encodings"] += 1
            return super().get_update(state)

        def get_state(self) -> bytes:
            count["state vector encodings"] += 1
            return super().get_state()

    monkeypatch.setattr(document, "Doc", CountedDoc)
    for dialect in (YWebsocketDialect, HocuspocusDialect):
        for name in ("sync_update", "awareness"):
            count.calls(monkeypatch, dialect, name)
    count.calls(monkeypatch, Frame, "binary")
    count.calls(monkeypatch, presence, awareness.encode_awareness.__name__)
    return count


class Crowd:
    """A room with a history, many who write into it, and many who read."""

    def __init__(self, *dialects: Dialect, readers: int = READERS) -> None:
        self.history = Peer(1)
        self.scene = Scene(self.history.type("what was there before " * 100))
        self.writers = [self.scene.enter(dialects[index % len(dialects)]) for index in range(WRITERS)]
        self.peers = [Peer(100 + index) for index in range(WRITERS)]
        self.readers = {
            dialect: [self.scene.enter(dialect, READER, outbox_bytes=ROOMY) for _ in range(readers)]
            for dialect in dialects
        }
        self.scene.flush()
        for client in (*self.writers, *self.everybody_reading()):
            client.wire.take()

    def everybody_reading(self) -> list[Client]:
        return [reader for readers in self.readers.values() for reader in readers]

    def type(self) -> list[bytes]:
        """Have each writer type in turn, a key at a time; return the updates."""
        typed = []
        for _ in range(EDITS_EACH):
            for writer, peer in zip(self.writers, self.peers, strict=True):
                typed.append(peer.type("x"))
                writer.update(typed[-1])
        return typed


def merged(base: bytes, updates: list[bytes]) -> bytes:
    """Return the updates as one, as short as the CRDT writes it."""
    doc: Doc[Any] = Doc()
    doc.apply_update(base)
    before = doc.get_state()
    with doc.transaction():
        for update in updates:
            doc.apply_update(update)
    return doc.get_update(before)


def test_reader_gets_one_frame_of_a_flush_no_larger_than_what_is_new_and_a_header() -> None:
    crowd = Crowd(*BOTH)

    typed = crowd.type()
    crowd.scene.flush()

    news = merged(crowd.history.state, typed)
    assert 126 <= len(news) < sum(map(len, typed)) / 4
    for dialect, readers in crowd.readers.items():
        frames = [reader.wire.frames for reader in readers]
        assert {len(each) for each in frames} == {1}
        assert len({id(frame) for (frame,) in frames}) == 1
        assert len(frames[0][0].wire) <= len(news) + HEADERS[dialect]


def test_flush_is_one_transaction_and_encodes_neither_state_nor_state_vector(count: Count) -> None:
    crowd = Crowd(*BOTH)
    count.clear()

    crowd.type()
    crowd.scene.flush()

    assert count["transactions"] == 1
    assert (count["state encodings"], count["state vector encodings"]) == (0, 0)


@pytest.mark.parametrize("readers", [1, READERS])
@pytest.mark.parametrize("dialects", [(Y_WEBSOCKET,), (HOCUSPOCUS,), BOTH], ids=["y-websocket", "hocuspocus", "both"])
def test_flush_is_encoded_once_for_each_dialect_that_is_spoken(
    count: Count, dialects: tuple[Dialect, ...], readers: int
) -> None:
    crowd = Crowd(*dialects, readers=readers)
    count.clear()

    crowd.type()
    crowd.scene.flush()

    assert count["sync_update"] == count["binary"] == len(dialects)


def test_flush_of_a_room_that_everybody_has_left_is_encoded_for_nobody(count: Count) -> None:
    crowd = Crowd(*BOTH)
    crowd.type()
    for client in (*crowd.writers, *crowd.everybody_reading()):
        client.leave()
    count.clear()

    flush = crowd.scene.flush()

    assert (
        len(flush.append) == WRITERS * 2
    )  # of each the first keystroke, which goes on from nothing, and the others as one
    assert len(flush.acknowledge) == WRITERS * EDITS_EACH
    assert (count["transactions"], count["sync_update"], count["binary"]) == (1, 0, 0)


def test_writer_gets_one_frame_of_a_flush_and_one_for_each_edit_that_is_saved(count: Count) -> None:
    crowd = Crowd(HOCUSPOCUS)

    crowd.type()
    flush = crowd.scene.flush()
    assert [len(writer.wire.take()) for writer in crowd.writers] == [1] * WRITERS
    for writer in flush.acknowledge:
        writer.saved()

    assert [len(writer.wire.take()) for writer in crowd.writers] == [EDITS_EACH] * WRITERS


def test_presence_of_a_hundred_people_is_one_frame_to_each_encoded_once_for_each_dialect(count: Count) -> None:
    scene = Scene()
    people = [(scene.join(dialect), Peer(index + 1)) for index, dialect in enumerate(BOTH * 50)]
    count.clear()

    for step in range(3):
        for client, peer in people:
            client.announce(peer.presence(f'{{"at":{step}}}'))
    scene.flush()

    assert (count["encode_awareness"], count["awareness"], count["binary"]) == (1, 2, 2)
    assert len({id(client.wire.frames[0]) for client, _ in people}) == 2
    for client, _ in people:
        (states,) = only(States, client.heard())
        assert states.states == {peer.client_id: '{"at":2}' for _, peer in people}


def test_two_hundred_joiners_between_two_changes_cost_one_encoding_of_the_state(count: Count) -> None:
    crowd = Crowd(*BOTH)
    count.clear()

    joiners = [join_and_ask(crowd.scene, dialect) for dialect in BOTH * 100]

    assert count["state encodings"] == 1
    assert {answer.update for joiner in joiners for answer in only(Step2, joiner.heard())} == {crowd.scene.room.state()}


def test_joiners_answered_in_one_flush_share_one_frame_in_each_dialect(count: Count) -> None:
    crowd = Crowd(*BOTH)
    joiners = [crowd.scene.join(dialect, outbox_bytes=ROOMY) for dialect in BOTH * 10]
    for joiner in joiners:
        joiner.ask()
    count.clear()

    crowd.scene.flush()

    answered = [
        frame for joiner in joiners for frame in joiner.wire.frames if len(frame.wire) > len(crowd.history.state)
    ]
    assert (len(answered), len(set(map(id, answered)))) == (20, 2)


def test_change_between_joiners_costs_one_more_encoding_of_the_state(count: Count) -> None:
    crowd = Crowd(Y_WEBSOCKET)
    count.clear()

    for _ in range(5):
        for _ in range(10):
            join_and_ask(crowd.scene, HOCUSPOCUS)
        crowd.type()
        crowd.scene.flush()
        assert only(Update, crowd.readers[Y_WEBSOCKET][0].heard())
    join_and_ask(crowd.scene, HOCUSPOCUS)

    assert count["state encodings"] == 6


def test_presence_and_known_edits_between_joiners_cost_no_encoding_of_the_state(count: Count) -> None:
    crowd = Crowd(Y_WEBSOCKET)
    join_and_ask(crowd.scene, HOCUSPOCUS)
    count.clear()

    for writer, peer in zip(crowd.writers, crowd.peers, strict=True):
        writer.announce(peer.presence())
        writer.update(crowd.history.state)
        join_and_ask(crowd.scene, HOCUSPOCUS)

    assert count["state encodings"] == 0


def test_state_that_was_just_loaded_whole_costs_no_encoding_until_it_changes(count: Count) -> None:
    peer = Peer(1)
    peer.type("stored")
    stored = peer.state
    loaded = document.Document(snapshot=stored)

    assert loaded.state() == stored
    assert count["state encodings"] == 0

    loaded.apply([peer.type(", and then more")])
    assert loaded.state() == peer.state
    assert count["state encodings"] == 1


def join_and_ask(scene: Scene, dialect: Dialect) -> Client:
    """Let somebody in who has nothing yet, and have them answered by a flush of their own."""
    joiner = scene.enter(dialect, outbox_bytes=ROOMY)
    joiner.ask()
    scene.flush()
    return joiner
