"""The replica: what it passes on, what the log must keep of it, and what waits for an edit still missing."""

import pytest

from collab.errors import ProtocolError, UpdateError
from collab.rooms.document import Document, is_waiting
from tests.support.peers import Peer, text_of


def test_update_that_waits_is_logged_and_not_passed_on() -> None:
    ada = Peer(1)
    ada.type("a")
    second = ada.type("b")
    document = Document()

    applied = document.apply([second])

    assert applied.append == (second,)
    assert text_of(*filter(None, [applied.broadcast])) == ""


def test_update_that_waited_is_passed_on_with_the_one_it_waited_for() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")
    document = Document()
    document.apply([second])

    applied = document.apply([first])

    assert applied.append == (first,)
    assert applied.broadcast is not None
    assert text_of(applied.broadcast) == "ab"


def test_update_that_waits_survives_a_restart() -> None:
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")
    log = Document().apply([second]).append

    successor = Document(log)
    log += successor.apply([first]).append

    assert text_of(successor.state()) == "ab"
    assert text_of(Document(log).state()) == "ab"


def test_independent_edit_behind_a_gap_reaches_everybody_once_the_gap_is_filled() -> None:
    """The CRDT takes such an edit in at once, under a state vector that does not tell of it."""
    ada, follower = Peer(1), Peer(2)
    first = ada.edit(lambda peer: peer.map.update({"a": 1.0}))
    second = ada.edit(lambda peer: peer.text.insert(0, "b"))
    document = Document()

    passed_on = [document.apply([second]).broadcast, document.apply([first]).broadcast]
    follower.hear(filter(None, passed_on))

    assert follower.state == document.state() == ada.state


def test_deletion_of_something_unseen_is_logged() -> None:
    ada = Peer(1)
    ada.type("abc")
    deletion = ada.edit(lambda peer: peer.text.clear())
    document = Document()

    log = document.apply([deletion]).append

    assert log == (deletion,)
    assert text_of(Document([*log, ada.state]).state()) == ""


def test_known_update_is_not_logged() -> None:
    update = Peer(1).type("a")

    applied = Document([update]).apply([update])

    assert (applied.broadcast, applied.append, applied.refused) == (None, (), {})


def test_junk_among_updates_is_refused_by_its_index() -> None:
    ada = Peer(1)
    document = Document()

    applied = document.apply([ada.type("a"), b"junk", ada.type("b")])

    assert list(applied.refused) == [1]
    assert "4 bytes that are no Yjs update" in str(applied.refused[1])
    assert text_of(document.state()) == "ab"


def test_stored_junk_is_an_error_that_tells_which() -> None:
    with pytest.raises(UpdateError, match=r"of the stored ones: 4 bytes that are no Yjs update"):
        Document([Peer(1).type("a"), b"junk"])


def test_state_is_encoded_once_between_two_changes() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])

    before = document.state()
    assert document.state() is before
    document.apply([ada.type("b")])

    assert document.state() != before


def test_diff_from_nothing_is_the_state() -> None:
    document = Document([Peer(1).type("a")])

    assert document.diff(b"\x00") is document.state()


def test_diff_from_a_vector_of_more_clients_than_it_can_hold_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Document([Peer(1).type("a")]).diff(b"\xff\xff\xff\xff\x0f\x01\x01")


def test_holds_what_it_has_taken_in() -> None:
    ada = Peer(1)
    ada.type("abc")
    ada.edit(lambda peer: peer.text.clear())

    assert Document([ada.state]).holds(ada.state)


def test_does_not_hold_new_content() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])

    assert not document.holds(ada.type("b"))


def test_does_not_hold_a_new_deletion() -> None:
    ada = Peer(1)
    document = Document([ada.type("abc")])

    assert not document.holds(ada.edit(lambda peer: peer.text.clear()))


def test_holds_part_of_what_is_deleted() -> None:
    ada = Peer(1)
    ada.type("abcdef")
    part = ada.edit(lambda peer: peer.text.__delitem__(slice(1, 3)))
    ada.edit(lambda peer: peer.text.clear())

    assert Document([ada.state]).holds(part)


def test_holds_refuses_junk() -> None:
    with pytest.raises(UpdateError):
        Document().holds(b"junk")


def test_waiting_is_told_from_taken_in() -> None:
    ada = Peer(1)
    first = ada.type("a")
    halfway = ada.state_vector
    second = ada.type("b")

    assert not is_waiting(first, halfway)
    assert is_waiting(second, b"\x00")
    assert not is_waiting(second, ada.state_vector)
