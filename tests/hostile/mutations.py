"""Updates that were broken on purpose, thrown at rooms in which somebody else writes: `python -m tests.hostile.mutations SEED COUNT`.

It runs in a process of its own, so that a crash of the CRDT is a failure like any other. It prints where it is, and fails with what went
wrong. Everything follows from the seed.
"""

import faulthandler
import random
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.errors import CollabError, ProtocolError
from collab.protocol.lib0 import var_uint
from collab.protocol.structs import read_structs
from collab.protocol.updates import decode_state_vector
from collab.rooms.compaction import compact
from collab.rooms.document import Document
from collab.rooms.session import Session
from tests.rooms.scene import HOCUSPOCUS, Y_WEBSOCKET, Client, Scene
from tests.support.heard import Status
from tests.support.peers import Peer

UPDATES_PER_ROOM: Final = 2_500
UPDATES_PER_POOL: Final = 250
MOST_IN_A_FLUSH: Final = 4
WRITER_ID: Final = 0x7A11_5AFE
LONGEST_SECONDS: Final = 20
"""For one flush, whatever is in it; then the process says where it hangs, and ends."""


class Siege:
    """One room, its log, somebody who writes, and somebody who breaks things."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._scene = Scene()
        self._log: list[bytes] = []
        self._writer = self._scene.join(HOCUSPOCUS)
        self._peer = Peer(WRITER_ID)
        self._written = 0
        self._vandal = self._enter()
        self.outcomes: Counter[str] = Counter()
        self._pool: list[bytes] = []
        """What is broken: updates by clients that know the document, half of them delivered whole."""

    def _enter(self) -> Client:
        return self._scene.join(HOCUSPOCUS if self._chance.random() < 0.5 else Y_WEBSOCKET)

    def go_on(self, updates: int) -> None:
        """Throw so many updates; after each flush the writer's edit is there."""
        thrown = 0
        while thrown < updates:
            if thrown % UPDATES_PER_POOL == 0:
                self._change_vandals()
            batch = min(self._chance.randint(1, MOST_IN_A_FLUSH), UPDATES_PER_POOL - thrown % UPDATES_PER_POOL)
            for _ in range(batch):
                self._throw()
            thrown += batch
            self._write()
        self._check_store()

    def _change_vandals(self) -> None:
        """Let another one in, on a room where honest clients have gone on meanwhile."""
        self._vandal.leave()
        self._vandal = self._enter()
        self._pool = _good_updates(self._scene.room.state(), self._chance)
        self._vandal.update(*self._pool[::2])
        self._write()

    def _throw(self) -> None:
        update = _mutated(self._chance.choice(self._pool), self._pool, self._chance)
        while _is_under_the_writers_id(update):
            update = _mutated(self._chance.choice(self._pool), self._pool, self._chance)
        try:
            self._vandal.update(update)
        except CollabError as error:
            self._part_with(self._vandal.session, error)

    def _write(self) -> None:
        self._writer.update(self._peer.type("x"))
        self._written += 1
        faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
        acknowledged = self._flush_until_done()
        faulthandler.cancel_dump_traceback_later()
        assert acknowledged == 1, f"{acknowledged} answers to one edit"
        assert self._writer.heard().count(Status(saved=True)) == 1
        self.outcomes["refused"] += self._vandal.heard().count(Status(saved=False))
        assert self._writer.session in self._scene.room.sessions

    def _flush_until_done(self) -> int:
        acknowledged = 0
        while self._scene.room.has_work or self._scene.room.needs_rebuild:
            if self._scene.room.needs_rebuild:
                self.outcomes["rebuilt"] += 1
                self._scene.room.rebuild(Document(self._log))
            flush = self._scene.save()
            self._log += flush.append
            self.outcomes["taken in"] += len(flush.append)
            acknowledged += sum(writer is self._writer.session for writer in flush.acknowledge)
            for offence in flush.offences:
                assert offence.writer is not self._writer.session, f"the writer was blamed: {offence.error}"
                if isinstance(offence.writer, Session):
                    self._part_with(offence.writer, offence.error)
        return acknowledged

    def _part_with(self, session: Session, error: CollabError) -> None:
        self.outcomes[type(error).__name__] += 1
        if session is self._vandal.session:
            self._vandal.leave()
            self._vandal = self._enter()

    def _check_store(self) -> None:
        """What the log holds loads to what the room holds; so does what compaction makes of it, unless it refuses to.

        What was malformed beside something may be well-formed beside what is left of that when it was deleted, so there may be more.
        """
        live = decode_state_vector(Document(snapshot=self._scene.room.state()).state_vector())
        assert live[WRITER_ID] == self._written, f"{live[WRITER_ID]} of {self._written} letters are there"
        _check_has(Document(self._log), live)
        try:
            compacted = compact(None, self._log)
        except CollabError:
            self.outcomes["not compacted"] += 1
            return
        rest = [self._log[index] for index in compacted.waiting]
        _check_has(Document(rest, snapshot=compacted.state), live)


def _is_under_the_writers_id(update: bytes) -> bool:
    """Whoever may write may do so under any id; a Yjs client whose id that is takes another one, which this writer does not."""
    try:
        return any(run.client == WRITER_ID for run in read_structs(update).runs)
    except ProtocolError:
        return False


def _check_has(document: Document, live: dict[int, int]) -> None:
    reached = decode_state_vector(document.state_vector())
    lost = {client: clock for client, clock in live.items() if reached.get(client, 0) < clock}
    assert not lost, f"lost {lost}; there is {reached}"


def _good_updates(state: bytes, chance: random.Random) -> list[bytes]:
    """Return updates as real clients make them, of every kind of content, by several new clients that know this state."""
    updates: list[bytes] = []
    shared: list[Doc[Any]] = [Doc(client_id=chance.randrange(2**32)) for _ in range(3)]
    for doc in shared:
        doc.apply_update(state)
        doc.observe(lambda event: updates.append(event.update))
    for number in count():
        doc = chance.choice(shared)
        chance.choice(_EDITS)(doc, chance)
        if number % 5 == 0:
            other = chance.choice(shared)
            other.apply_update(doc.get_update(other.get_state()))
        if len(updates) >= 200:
            return [*updates, *(doc.get_update() for doc in shared)]
    raise AssertionError("unreachable")


def _type(doc: Doc[Any], chance: random.Random) -> None:
    text = doc.get("t", type=Text)
    text.insert(chance.randint(0, len(str(text))), chance.choice(["a", "words and more", "zz"]))


def _erase(doc: Doc[Any], chance: random.Random) -> None:
    text = doc.get("t", type=Text)
    start = chance.randint(0, len(str(text)))
    del text[start : min(len(str(text)), start + 3)]


def _set(doc: Doc[Any], chance: random.Random) -> None:
    doc.get("m", type=Map)[chance.choice("abc")] = chance.choice([1.0, "x", [None, True], {"k": [2.5]}, Text("inner")])


def _push(doc: Doc[Any], chance: random.Random) -> None:
    doc.get("a", type=Array).append(chance.choice([1.0, b"raw", "two", Map({"k": 1.0}), Array([3.0])]))


def _draw(doc: Doc[Any], chance: random.Random) -> None:
    fragment = doc.get("x", type=XmlFragment)
    if len(fragment.children) > 4:
        del fragment.children[chance.randrange(len(fragment.children))]
    paragraph = fragment.children.append(XmlElement("paragraph"))
    paragraph.children.append(XmlText("a line"))
    paragraph.attributes["align"] = "left"


_EDITS: Final[list[Callable[[Doc[Any], random.Random], None]]] = [_type, _erase, _set, _push, _draw]


def _mutated(update: bytes, pool: list[bytes], chance: random.Random) -> bytes:
    broken = bytearray(update)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if broken:
            chance.choice(_MUTATIONS)(broken, pool, chance)
    return bytes(broken)


def _flip(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)


def _replace(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    broken[chance.randrange(len(broken))] = chance.choice([0, 1, 4, 7, 0x7F, 0x80, 0xFF, chance.randrange(256)])


def _cut(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    del broken[chance.randrange(len(broken)) :]


def _drop(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    start = chance.randrange(len(broken))
    del broken[start : start + chance.randint(1, 4)]


def _splice(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    other = chance.choice(pool)
    start, at = chance.randrange(len(other)), chance.randrange(len(broken))
    broken[at : at + chance.randint(0, 8)] = other[start : start + chance.randint(1, 24)]


def _inflate(broken: bytearray, pool: list[bytes], chance: random.Random) -> None:
    """Put a large number where there was a small one: a length, a count, a clock or an id."""
    at = chance.randrange(len(broken))
    broken[at : at + 1] = var_uint(chance.choice([127, 128, 2**14, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 2**64 - 1]))


_MUTATIONS: Final = [_flip, _replace, _cut, _drop, _splice, _inflate]


def main(seed: int, updates: int) -> None:
    """Besiege one room after the other."""
    outcomes: Counter[str] = Counter()
    for start in range(0, updates, UPDATES_PER_ROOM):
        print(f"seed {seed}, from update {start}", flush=True)
        siege = Siege(random.Random(seed * 1_000_003 + start))
        siege.go_on(min(UPDATES_PER_ROOM, updates - start))
        outcomes += siege.outcomes
    print(dict(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
