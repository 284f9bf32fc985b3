"""One flush: everything received since the last one is one transaction, one update, one frame for each dialect."""

import pytest

from collab.protocol.dialect import Dialect
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.messages import EMPTY_UPDATE, SyncStep2
from tests.rooms.scene import HOCUSPOCUS, Y_WEBSOCKET, Scene
from tests.support.heard import Update, only
from tests.support.peers import Peer, text_of

BOTH = pytest.mark.parametrize("dialect", [Y_WEBSOCKET, HOCUSPOCUS], ids=["y-websocket", "hocuspocus"])


@BOTH
def test_many_edits_leave_as_one_update_frame(dialect: Dialect) -> None:
    scene = Scene()
    first, second, reader = scene.join(dialect), scene.join(dialect), scene.join(dialect)
    ada, bob = Peer(1), Peer(2)

    first.update(ada.type("a"), ada.type("b"), ada.type("c"))
    second.update(bob.type("d"))
    scene.flush()

    (update,) = only(Update, reader.heard())
    assert sorted(text_of(update.update)) == ["a", "b", "c", "d"]


def test_edits_are_logged_as_they_came_and_in_order() -> None:
    scene = Scene()
    client, other = scene.join(), scene.join()
    ada, bob = Peer(1), Peer(2)

    edits = (ada.type("a"), bob.type("b"), ada.edit(lambda peer: peer.text.__delitem__(0)), bob.type("c"))
    for sender, edit in zip((client, other, client, other), edits, strict=True):
        sender.update(edit)

    assert scene.flush().append == edits


def test_keystrokes_of_one_writer_that_gather_become_one_row_and_are_acknowledged_one_by_one() -> None:
    scene = Scene()
    client, other = scene.join(), scene.join()
    ada, bob = Peer(1), Peer(2)
    client.update(ada.type("a"))
    scene.flush()
    before = ada.state_vector

    for letter in "bcd":
        client.update(ada.type(letter))
        other.update(bob.type(letter))
    flush = scene.flush()

    assert flush.append[0] == ada.doc.get_update(before)
    assert len(flush.append) == 3  # those of the other's first letter, which has no neighbour, and of the two behind it
    assert [writer is client.session for writer in flush.acknowledge].count(True) == 3
    assert len(flush.acknowledge) == 6


def test_keystrokes_that_gather_are_not_joined_over_something_else_of_their_writer() -> None:
    scene = Scene()
    client = scene.join()
    ada = Peer(1)
    client.update(ada.type("a"))
    scene.flush()

    edits = (ada.type("b"), ada.edit(lambda peer: peer.text.__delitem__(0)), ada.type("c"))
    client.update(*edits)

    assert scene.flush().append == edits


def test_frame_is_the_same_object_for_every_session_of_a_dialect() -> None:
    scene = Scene()
    clients = [scene.join(HOCUSPOCUS) for _ in range(3)]

    clients[0].update(Peer(1).type("a"))
    scene.flush()

    frames = [client.wire.frames for client in clients]
    assert [len(each) for each in frames] == [1, 1, 1]
    assert frames[0][0] is frames[1][0] is frames[2][0]


def test_equal_dialects_that_are_two_objects_share_a_frame() -> None:
    scene = Scene()
    one, other = scene.join(HocuspocusDialect("doc")), scene.join(HocuspocusDialect("doc"))

    one.update(Peer(1).type("a"))
    scene.flush()

    assert one.wire.frames[0] is other.wire.frames[0]


def test_each_address_is_answered_under_its_own() -> None:
    scene = Scene()
    one, other = scene.join(HocuspocusDialect("doc\x00s1")), scene.join(HocuspocusDialect("doc\x00s2"))

    one.update(Peer(1).type("a"))
    scene.flush()

    assert one.wire.take()[0].startswith(b"\x06doc\x00s1\x00\x02")
    assert other.wire.take()[0].startswith(b"\x06doc\x00s2\x00\x02")


@BOTH
def test_sender_receives_its_own_edit(dialect: Dialect) -> None:
    scene = Scene()
    client = scene.join(dialect)

    client.update(Peer(1).type("a"))
    scene.flush()

    (update,) = only(Update, client.heard())
    assert text_of(update.update) == "a"


def test_known_update_is_neither_logged_nor_passed_on() -> None:
    update = Peer(1).type("a")
    scene = Scene(update)
    client = scene.join(HOCUSPOCUS)

    client.update(update)
    flush = scene.flush()

    assert flush.append == ()
    assert flush.acknowledge == (client.session,)
    assert client.heard() == []


def test_empty_step2_is_acknowledged_and_not_logged() -> None:
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    client.send(SyncStep2(EMPTY_UPDATE))
    flush = scene.flush()

    assert (flush.append, flush.acknowledge) == ((), (client.session,))


def test_edits_of_a_session_that_left_are_applied_all_the_same() -> None:
    scene = Scene()
    writer, reader = scene.join(), scene.join()

    writer.update(Peer(1).type("last words"))
    writer.leave()
    flush = scene.flush()

    assert text_of(*flush.append) == "last words"
    assert text_of(only(Update, reader.heard())[0].update) == "last words"


def test_edits_of_one_client_id_from_two_sessions_are_both_applied() -> None:
    scene = Scene()
    one, other = scene.join(), scene.join()
    ada = Peer(1)
    first, second = ada.type("a"), ada.type("b")

    other.update(second)
    one.update(first)
    flush = scene.flush()

    assert text_of(*flush.append) == "ab"


def test_flush_of_nothing_writes_nothing() -> None:
    scene = Scene()
    client = scene.join()

    flush = scene.flush()

    assert (flush.append, flush.acknowledge, flush.offences, client.wire.frames) == ((), (), (), [])
    assert not scene.room.has_work


def test_state_holds_what_was_flushed() -> None:
    scene = Scene(Peer(1).type("stored "))
    client = scene.join()

    client.update(Peer(2).type("new"))
    scene.flush()

    assert sorted(text_of(scene.room.state())) == sorted("stored new")
