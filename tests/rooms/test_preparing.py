"""A replica that is built in steps is the one that is built at once."""

import pytest
from pycrdt import Map

from collab.errors import ProtocolError, UpdateError
from collab.protocol.limits import Limits
from collab.protocol.messages import EMPTY_UPDATE
from collab.protocol.updates import encode_state_vector
from collab.rooms import preparing
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from collab.rooms.prepared import Prepared
from collab.rooms.preparing import encode_diffs, prepare
from tests.support.peers import Peer, text_of


def built(prepared: Prepared, state: bytes, limits: Limits | None = None) -> tuple[Document, int]:
    """Build a replica; return it, and in how many steps."""
    document = Document(limits=limits or Limits(), is_loaded=False)
    steps = sum(1 for _ in document.load(prepared, state))
    return document, steps


def typed(peer: Peer, edits: int) -> list[bytes]:
    return [peer.edit(lambda peer: peer.text.insert(0, "letters ")) for _ in range(edits)]


@pytest.fixture
def _fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "PIECE", 100)


@pytest.mark.usefixtures("_fine")
def test_a_snapshot_is_built_in_steps_and_answers_the_same() -> None:
    peer = Peer(1)
    typed(peer, 2000)

    document, steps = built(prepare(peer.state, ()), peer.state)

    assert steps > 1
    assert (document.state(), document.diff(peer.state_vector)) == (
        peer.state,
        Document([peer.state]).diff(peer.state_vector),
    )


def test_rows_are_folded_into_what_is_built() -> None:
    peer = Peer(1)
    snapshot, rows = peer.type("first "), typed(peer, 20)

    prepared = prepare(snapshot, rows)
    document, _ = built(prepared, prepared.state or b"")

    assert document.state() == prepared.state == encode_diffs(snapshot, rows, [b"\x00"])[b"\x00"]
    assert text_of(document.state()) == str(peer.text)


def test_a_snapshot_alone_is_not_sent_back() -> None:
    assert prepare(Peer(1).type("text"), ()).state is None


def test_what_waits_still_waits() -> None:
    ada, bob = Peer(1), Peer(2)
    first = ada.type("first ")
    bob.hear([first])
    missing = bob.type("missing ")
    ada.hear([missing])
    late = ada.type("late")

    prepared = prepare(first, [late])
    document, _ = built(prepared, prepared.state or b"")
    before = text_of(document.state())
    document.apply([missing])

    assert prepared.waiting == (late,)
    assert (before, text_of(document.state())) == ("first ", str(ada.text))


def test_a_built_replica_tells_what_changes_and_forgets_its_state() -> None:
    peer = Peer(1)
    state = peer.type("text")
    document, _ = built(prepare(state, ()), state)
    update = peer.type(" and more")

    applied = document.apply([update])

    assert applied.broadcast == update
    assert text_of(document.state()) == "text and more"


def test_pairs_are_known_without_a_look_at_the_document() -> None:
    peer = Peer(1)
    state = peer.type("a😀b")
    document, _ = built(prepare(state, ()), state)
    between = bytes((1, 1, 2, 0, 0xC4, 1, 1, 1, 2, 1)) + b"x\x00"

    applied = document.apply([between])

    assert len(applied.parted) == 1
    assert text_of(document.state()) == "axb"


def test_types_are_counted_on() -> None:
    peer = Peer(1)
    peer.edit(lambda peer: peer.map.update({str(key): Map() for key in range(3)}))
    document, _ = built(prepare(peer.state, ()), peer.state, Limits(document_types=3))
    more = Peer(2)

    applied = document.apply([more.edit(lambda peer: peer.map.update({"one more": Map()}))])

    assert list(applied.refused) == [0]


def test_pieces_that_make_another_document_are_not_served() -> None:
    state = Peer(1).type("text")
    prepared = prepare(state, ())
    other = Prepared(None, prepared.pieces, {1: 5}, 0, {}, ())

    with pytest.raises(PoisonedReplica, match="do not load to the state"):
        built(other, state)


def test_a_piece_that_is_no_update_is_told() -> None:
    with pytest.raises(UpdateError, match="the stored snapshot"):
        built(Prepared(None, (b"junk",), {}, 0, {}, ()), b"junk")


def test_what_is_stored_and_no_update_is_told() -> None:
    with pytest.raises(UpdateError):
        prepare(None, [b"junk"])
    with pytest.raises(ProtocolError):
        prepare(b"junk", ())


def test_a_state_vector_that_breaks_the_crdt_leaves_the_others_their_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer(1)
    peer.type("text")
    breaking = encode_state_vector({1: 2})
    diff = Document.diff

    def breaks(document: Document, state_vector: bytes) -> bytes:
        broken = document in broken_ones
        if broken or state_vector == breaking:
            broken_ones.append(document)
            raise PoisonedReplica("the CRDT failed")
        return diff(document, state_vector)

    broken_ones: list[Document] = []
    monkeypatch.setattr(Document, "diff", breaks)

    diffs = encode_diffs(peer.state, (), [b"\x00", breaking, encode_state_vector({1: 4})])

    assert diffs == {b"\x00": peer.state, encode_state_vector({1: 4}): EMPTY_UPDATE}


def test_what_is_no_state_vector_leaves_the_others_their_answers() -> None:
    peer = Peer(1)
    peer.type("text")

    assert encode_diffs(peer.state, (), [b"\x05", b"\x00"]) == {b"\x00": peer.state}
