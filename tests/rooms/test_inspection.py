"""Finding the stored updates that keep a document from loading."""

from collab.rooms.document import Document
from collab.rooms.inspection import find_poison
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state


def test_sound_log_has_no_poison() -> None:
    ada = Peer(1)

    assert find_poison(None, [ada.type("a"), ada.type("b")]) == []
    assert find_poison(ada.state, [ada.type("c")]) == []


def test_each_update_to_blame_is_found_and_no_other() -> None:
    ada = Peer(1)
    ada.hear([victim_state()])
    updates = [victim_state(), *(ada.type(letter) for letter in "abcdef")]
    updates[2:2] = [POISON]
    updates[6:6] = [b"junk"]

    found = find_poison(None, updates)

    assert sorted(poison.index or 0 for poison in found) == [2, 6]
    assert any("no Yjs update" in poison.reason for poison in found)
    assert any("the CRDT failed" in poison.reason for poison in found)
    rest = [update for index, update in enumerate(updates) if index not in {2, 6}]
    assert text_of(Document(rest).state()) == text_of(ada.state)


def test_snapshot_that_does_not_load_is_to_blame_alone() -> None:
    (poison,) = find_poison(b"junk", [Peer(1).type("a")])

    assert poison.index is None
