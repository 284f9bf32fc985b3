"""Whose a Yjs client id is, as a room proposes it."""

import pytest

from collab.protocol.messages import SyncStep2
from collab.rooms import claims
from collab.rooms.claims import MAX_ANNOUNCED, Author, Claim
from collab.rooms.session import Rights
from tests.rooms.scene import HOCUSPOCUS, Client, Scene
from tests.support.peers import Peer

ADA = Rights(user={"id": "ada", "name": "Ada"}, user_id="ada")
MALLORY = Rights(user={"id": "mallory", "name": "Mallory"}, user_id="mallory")
ADAS = Author("ada", "Ada")
MALLORYS = Author("mallory", "Mallory")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def enter(scene: Scene, rights: Rights) -> Client:
    return scene.join(HOCUSPOCUS, rights)


def test_edit_under_a_new_id_claims_it_for_its_writer(scene: Scene) -> None:
    ada = enter(scene, ADA)
    ada.update(Peer(7).type("hi"))
    flush = scene.flush()
    assert flush.authors == (ADAS,)
    assert flush.claims == (Claim(7, ADAS),)


def test_edit_under_an_id_looked_at_before_claims_nothing_more(scene: Scene) -> None:
    ada, peer = enter(scene, ADA), Peer(7)
    ada.update(peer.type("h"))
    scene.flush()
    ada.update(peer.type("i"))
    assert scene.flush().claims == ()


def test_rows_of_one_flush_have_each_their_own_author(scene: Scene) -> None:
    ada, mallory, guest = enter(scene, ADA), enter(scene, MALLORY), enter(scene, Rights())
    for writer, client in ((ada, 7), (mallory, 8), (guest, 9)):
        writer.update(Peer(client).type("x"))
    flush = scene.flush()
    assert flush.authors == (ADAS, MALLORYS, None)
    assert flush.claims == (Claim(7, ADAS), Claim(8, MALLORYS))


def test_state_brought_back_claims_only_what_its_bringer_announced(scene: Scene) -> None:
    ada, own, other = enter(scene, ADA), Peer(7), Peer(8)
    own.hear([other.type("theirs, ")])
    own.type("mine")
    ada.announce(own.presence())
    ada.send(SyncStep2(own.doc.get_update()))
    assert scene.flush().claims == (Claim(7, ADAS),)


def test_id_that_came_with_others_is_claimed_once_its_owner_announces_it_and_writes(scene: Scene) -> None:
    mallory, ada, own, other = enter(scene, MALLORY), enter(scene, ADA), Peer(7), Peer(8)
    other.hear([own.type("a")])
    other.type("b")
    mallory.update(other.doc.get_update())
    assert scene.flush().claims == ()
    ada.announce(own.presence())
    ada.update(own.type("c"))
    assert scene.flush().claims == (Claim(7, ADAS),)


def test_id_that_somebody_else_announced_first_is_not_claimed_by_use(scene: Scene) -> None:
    ada, mallory, own = enter(scene, ADA), enter(scene, MALLORY), Peer(7)
    ada.announce(own.presence())
    mallory.update(Peer(7).type("forged"))
    flush = scene.flush()
    assert flush.authors == (MALLORYS,)
    assert flush.claims == ()


def test_id_that_its_owner_announced_and_left_is_not_claimed_by_announcing_it_again(scene: Scene) -> None:
    ada, mallory, own = enter(scene, ADA), enter(scene, MALLORY), Peer(7)
    ada.announce(own.presence())
    ada.leave()
    scene.flush()
    forged = Peer(7)
    mallory.announce(own.presence(), own.presence())
    mallory.update(forged.type("forged"))
    assert scene.flush().claims == ()


def test_no_number_of_announcements_takes_the_place_of_somebody_elses(scene: Scene) -> None:
    ada, own = enter(scene, ADA), Peer(7)
    ada.announce(own.presence())
    ada.leave()
    mallory, theirs = enter(scene, MALLORY), [Peer(100 + index) for index in range(2 * MAX_ANNOUNCED)]
    for peer in theirs:
        mallory.announce(peer.presence())
        mallory.announce(peer.presence("null"))
    mallory.update(Peer(7).type("forged"))
    assert scene.flush().claims == ()
    back = enter(scene, ADA)
    back.update(own.type("forged, own"))
    assert scene.flush().claims == (Claim(7, ADAS),)


def test_user_is_remembered_for_the_latest_ids_that_they_announced(scene: Scene) -> None:
    ada, peers = enter(scene, ADA), [Peer(100 + index) for index in range(MAX_ANNOUNCED + 1)]
    for peer in peers:
        ada.announce(peer.presence())
        ada.announce(peer.presence("null"))
    mallory = enter(scene, MALLORY)
    for peer in (peers[0], peers[1], peers[-1]):
        mallory.update(peer.type("x"))
    assert scene.flush().claims == (Claim(100, MALLORYS),)


def test_announcements_of_more_users_than_are_remembered_count_for_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MAX_ANNOUNCERS", 1)
    ada, mallory = enter(scene, ADA), enter(scene, MALLORY)
    ada.announce(Peer(7).presence())
    mallory.announce(Peer(8).presence())
    ada.update(Peer(8).type("x"))
    assert scene.flush().claims == (Claim(8, ADAS),)
    ada.update(Peer(7).type("x"))  # what was announced and used makes room
    scene.flush()
    mallory.announce(Peer(9).presence())
    ada.update(Peer(9).type("x"))
    assert scene.flush().claims == ()


def test_announcement_by_a_reader_counts_for_nothing(scene: Scene) -> None:
    ada, reader = enter(scene, ADA), enter(scene, Rights(may_write=False, user_id="mallory"))
    reader.announce(Peer(7).presence())
    ada.update(Peer(7).type("x"))
    assert scene.flush().claims == (Claim(7, ADAS),)


def test_id_announced_in_the_place_of_another_is_its_announcers(scene: Scene) -> None:
    ada, mallory, old, new = enter(scene, ADA), enter(scene, MALLORY), Peer(7), Peer(8)
    ada.announce(old.presence())
    ada.announce(old.presence("null"), new.presence())
    mallory.update(Peer(8).type("forged"))
    assert scene.flush().claims == ()


def test_cursor_that_moves_does_not_open_its_id_again(scene: Scene) -> None:
    ada, peer = enter(scene, ADA), Peer(7)
    ada.announce(peer.presence())
    ada.update(peer.type("h"))
    scene.flush()
    ada.announce(peer.presence('{"cursor":1}'))
    ada.update(peer.type("i"))
    assert scene.flush().claims == ()


def test_guest_claims_nothing(scene: Scene) -> None:
    guest, peer = enter(scene, Rights()), Peer(7)
    guest.announce(peer.presence())
    guest.update(peer.type("hi"))
    assert scene.flush().claims == ()
