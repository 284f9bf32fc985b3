"""An update is cut so that each piece builds upon nothing but those before it."""

import random
from itertools import pairwise

import pytest
from pycrdt import Doc, Map, Text

from collab.errors import ProtocolError
from collab.protocol.cutting import RANGES, cut
from collab.protocol.struct_reader import GC, SKIP
from collab.protocol.structs import read_structs, ready_runs
from collab.protocol.updates import StateVector, decode_state_vector
from tests.support.peers import Peer


def written_together(people: int, edits: int, *, seed: int) -> bytes:
    """Return the state of a text that people type into each other's text of, and delete from."""
    source = random.Random(seed)
    peers = [Peer(client) for client in range(1, people + 1)]
    for _ in range(edits):
        writer = source.choice(peers)

        def change(peer: Peer) -> None:
            length = len(str(peer.text))
            at = source.randrange(length + 1)
            if length - at > 3 and source.random() < 0.3:
                del peer.text[at : at + 3]
            else:
                peer.text.insert(at, "letters"[: source.randint(1, 7)])

        update = writer.edit(change)
        if source.random() < 0.5:
            for peer in peers:
                peer.doc.apply_update(writer.state)
        else:
            peers[0].doc.apply_update(update)
    for peer in peers[1:]:
        peers[0].doc.apply_update(peer.state)
    return peers[0].state


def lacks_nothing(pieces: tuple[bytes, ...]) -> bool:
    """Tell whether each of these builds upon nothing but those before it."""
    reached: StateVector = {}
    for piece in pieces:
        ready, early = ready_runs(read_structs(piece).runs, reached)
        if early:
            return False
        for run in ready:
            reached[run.client] = max(run.end, reached.get(run.client, 0))
    return True


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("size", "stretch"), [(1, 1), (200, 1), (200, 100), (10**9, 100)])
def test_the_pieces_make_the_same_document_and_none_waits(seed: int, size: int, stretch: int) -> None:
    state = written_together(4, 120, seed=seed)

    found = cut(state, size, stretch)

    built: Doc[Text] = Doc()
    for piece in found.pieces:
        built.apply_update(piece)
    whole: Doc[Text] = Doc()
    whole.apply_update(state)
    assert lacks_nothing(found.pieces)
    assert found.reached == decode_state_vector(built.get_state()) == decode_state_vector(whole.get_state())
    assert str(built.get("t", type=Text)) == str(whole.get("t", type=Text))
    assert len(built.get_update()) == len(state)


def test_what_one_person_wrote_is_cut_as_fine_as_asked() -> None:
    peer = Peer(1)
    for _ in range(1000):
        peer.edit(lambda peer: peer.text.insert(0, "letters"))

    found = cut(peer.state, 1000, 1000)

    assert len(found.pieces) > 10
    assert all(len(piece) < 1200 for piece in found.pieces)


def test_many_short_structs_weigh_as_much_as_long_ones() -> None:
    structs = 10_000
    update = bytes((1, 0x90, 0x4E, 1, 0)) + bytes((GC, 1)) * structs + b"\x00"

    assert len(cut(update, 24_000, 2_400).pieces) == 10


def test_deletions_come_last_and_in_pieces_too() -> None:
    peer = Peer(1)
    peer.type("ab" * (RANGES + 100))
    with peer.doc.transaction():
        for at in range(RANGES + 100):
            del peer.text[at : at + 1]

    pieces = cut(peer.state, 10**9).pieces

    ranges = [sum(map(len, read_structs(piece).deleted.values())) for piece in pieces]
    assert ranges == [0, RANGES, 100]


def test_types_are_counted() -> None:
    peer = Peer(1)
    peer.edit(lambda peer: peer.map.update({str(key): Map() for key in range(5)}))

    assert cut(peer.state, 10).types == 5


def test_a_gap_stays_one() -> None:
    update = bytes((1, 3, 1, 0)) + bytes((GC, 2, SKIP, 3, GC, 4)) + b"\x00"

    pieces = cut(update, 1, 1).pieces

    assert [(run.start, run.end) for piece in pieces for run in read_structs(piece).runs] == [(0, 2), (5, 9)]


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x01\x01\x01\x00\x1e", b"\xff" * 20])
def test_what_is_no_update_is_not_cut(junk: bytes) -> None:
    with pytest.raises(ProtocolError):
        cut(junk, 10)


def test_stretches_of_one_client_keep_their_order() -> None:
    found = cut(written_together(3, 200, seed=1), 50, 1)

    starts: dict[int, list[int]] = {}
    for piece in found.pieces:
        for run in read_structs(piece).runs:
            starts.setdefault(run.client, []).append(run.start)
    assert all(before < after for clocks in starts.values() for before, after in pairwise(clocks))
