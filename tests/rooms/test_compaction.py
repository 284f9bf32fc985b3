"""Folding a log into a snapshot, without losing what no snapshot can hold."""

import random
from functools import partial
from typing import Final

import pytest
from pycrdt import merge_updates

from collab.errors import UpdateError
from collab.protocol.updates import decode_state_vector
from collab.rooms.compaction import (
    LONGEST_AT_REST,
    LONGEST_TAIL,
    ROW_BYTES,
    SMALLEST_AT_REST,
    SMALLEST_TAIL_BYTES,
    SNAPSHOT_BYTES_PER_ROW,
    compact,
    is_due,
    is_due_at_rest,
)
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from tests.support.peers import Peer, text_of

MANY_KINDS: Final = bytes.fromhex(
    "0110070004010174016881070002840702026c6f8407040520f09f98802101016d026b3001070101780301702101016d0161010003a80708017701782701016d"
    "0162012700070f01710008000710017c3f80000007000709060400071202796f46070004626f6c640474727565c60704070504626f6c64046e756c6c01070301"
    "0208010a04"
)
"""A document of client 7 with text, marks, maps, arrays and XML, some of it deleted."""


def edits(peer: Peer, count: int) -> list[bytes]:
    """Have a peer type, delete and set, and return its updates."""
    source = random.Random(peer.client_id)
    made = []
    for number in range(count):
        if number % 5 == 4:
            length = len(str(peer.text))
            made.append(peer.edit(partial(erase, at=source.randrange(length))))
        elif number % 5 == 3:
            made.append(peer.edit(partial(note, number=number)))
        else:
            made.append(peer.type("x"))
    return made


def erase(peer: Peer, at: int) -> None:
    del peer.text[at : at + 1]


def note(peer: Peer, number: int) -> None:
    peer.map["last"] = float(number)


def test_snapshot_loads_to_the_state_of_its_log() -> None:
    ada = Peer(1)

    compacted = compact(None, edits(ada, 50))

    assert Document([compacted.state]).state() == ada.state
    assert compacted.waiting == ()


def test_snapshot_of_many_writers_loads_to_the_state_of_its_log() -> None:
    """A state vector of several clients is written in any order, and so must not be compared as bytes."""
    writers = [Peer(client_id) for client_id in range(1, 31)]
    log = [update for writer in writers for update in edits(writer, 3)]

    compacted = compact(None, log)

    assert decode_state_vector(Document([compacted.state]).state_vector()) == decode_state_vector(
        Document(log).state_vector()
    )


def test_snapshot_takes_in_its_predecessor() -> None:
    ada = Peer(1)
    first = compact(None, edits(ada, 20)).state

    compacted = compact(first, edits(ada, 20))

    assert Document([compacted.state]).state() == ada.state


def test_snapshot_of_many_edits_is_smaller_than_their_log() -> None:
    log = edits(Peer(1), 200)

    assert len(compact(None, log).state) < sum(map(len, log)) / 3


def test_update_that_waits_is_named_and_loads_beside_the_snapshot() -> None:
    ada = Peer(1)
    first, missing, third = ada.type("a"), ada.type("b"), ada.type("c")

    compacted = compact(None, [first, third])

    assert compacted.waiting == (1,)
    successor = Document([compacted.state, third])
    successor.apply([missing])
    assert text_of(successor.state()) == "abc"


def test_deletion_that_waits_is_named() -> None:
    ada = Peer(1)
    ada.type("abc")
    deletion = ada.edit(lambda peer: peer.text.clear())

    assert compact(None, [Peer(2).type("x"), deletion]).waiting == (1,)


def test_update_that_waits_no_more_is_folded() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")

    compacted = compact(compact(None, [second]).state, [second, first])

    assert compacted.waiting == ()
    assert text_of(compacted.state) == "ab"


def test_log_with_junk_is_left_alone() -> None:
    with pytest.raises(UpdateError):
        compact(None, [Peer(1).type("a"), b"junk"])


def test_snapshot_that_would_load_to_less_is_refused() -> None:
    """A deletion that parts a surrogate pair, past us: the CRDT (pycrdt 0.14.13) writes a state that it does not wholly read again."""
    broken = merge_updates(MANY_KINDS, bytes.fromhex("000107010708"))
    with pytest.raises(UpdateError, match="does not load to the state it was made from"):
        compact(broken, [Peer(1).type("a")])


def test_snapshot_that_would_not_load_is_refused() -> None:
    """The same with an insertion: here it does not read that state at all."""
    broken = merge_updates(MANY_KINDS, bytes.fromhex("0101070ea80708017701780107010701"))
    with pytest.raises(PoisonedReplica):
        compact(broken, [Peer(1).type("a")])


def test_snapshot_without_a_tail_stays_as_it_is() -> None:
    """However the CRDT would write it again."""
    state = merge_updates(MANY_KINDS, bytes.fromhex("000107010708"))
    assert compact(state, []).state == state


@pytest.mark.parametrize(
    ("snapshot_bytes", "tail_bytes", "tail_rows", "due"),
    [
        (0, 1, LONGEST_TAIL - 1, False),
        (0, 1, LONGEST_TAIL, True),
        (0, SMALLEST_TAIL_BYTES - ROW_BYTES - 1, 1, False),
        (0, SMALLEST_TAIL_BYTES - ROW_BYTES, 1, True),
        (0, SMALLEST_TAIL_BYTES - 2 * ROW_BYTES, 2, True),
        (10 * SMALLEST_TAIL_BYTES, 10 * SMALLEST_TAIL_BYTES - ROW_BYTES - 1, 1, False),
        (10 * SMALLEST_TAIL_BYTES, 10 * SMALLEST_TAIL_BYTES - ROW_BYTES, 1, True),
        (10 * SMALLEST_TAIL_BYTES, 1, LONGEST_TAIL, False),
        (10 * SMALLEST_TAIL_BYTES, 1, 10 * SMALLEST_TAIL_BYTES // SNAPSHOT_BYTES_PER_ROW, True),
    ],
)
def test_compaction_is_due_when_the_tail_has_outgrown_the_snapshot(
    snapshot_bytes: int, tail_bytes: int, tail_rows: int, due: bool
) -> None:
    assert is_due(snapshot_bytes=snapshot_bytes, tail_bytes=tail_bytes, tail_rows=tail_rows) is due


@pytest.mark.parametrize(
    ("state_bytes", "snapshot_bytes", "tail_bytes", "tail_rows", "due"),
    [
        pytest.param(0, 0, SMALLEST_AT_REST - ROW_BYTES, 1, False, id="a page"),
        pytest.param(0, 0, SMALLEST_AT_REST - ROW_BYTES + 1, 1, True, id="more than a page"),
        pytest.param(0, 0, SMALLEST_AT_REST - 2 * ROW_BYTES + 1, 2, True, id="more than a page in rows"),
        pytest.param(18, 0, 60_020, 2, True, id="a paste that was taken back"),
        pytest.param(18, 60_020, 20, 1, True, id="a paste that was taken back after a compaction"),
        pytest.param(18, 60_020, 0, 0, False, id="nothing to fold"),
        pytest.param(10_000, 0, 500, LONGEST_AT_REST, False, id="as many rows as may wait"),
        pytest.param(10_000, 0, 500, LONGEST_AT_REST + 1, True, id="more rows than may wait"),
        pytest.param(10_000, 10_000, 14_096 - 10 * ROW_BYTES, 10, False, id="twice the state and a page"),
        pytest.param(10_000, 10_000, 14_097 - 10 * ROW_BYTES, 10, True, id="more than twice the state and a page"),
    ],
)
def test_document_at_rest_is_due_when_it_is_slow_to_open_or_takes_up_twice_its_state_and_a_page(
    state_bytes: int, snapshot_bytes: int, tail_bytes: int, tail_rows: int, due: bool
) -> None:
    assert (
        is_due_at_rest(
            state_bytes=state_bytes, snapshot_bytes=snapshot_bytes, tail_bytes=tail_bytes, tail_rows=tail_rows
        )
        is due
    )
