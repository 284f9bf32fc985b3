"""How a user comes to be credited for what another delivered under their client id, and how nobody else does."""

from collections.abc import Iterable

import pytest

from collab.protocol.dialect import Dialect
from collab.protocol.messages import AwarenessEntry, SyncStep2
from collab.protocol.updates import decode_state_vector
from collab.rooms import crediting
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.session import Rights
from tests.rooms.scene import HOCUSPOCUS, Y_WEBSOCKET, Client, Scene
from tests.support.heard import Step1
from tests.support.peers import Peer, text_of

ADA = Rights(user={"id": "ada", "name": "Ada"}, user_id="ada")
BOB = Rights(user={"id": "bob", "name": "Bob"}, user_id="bob")
MALLORY = Rights(user={"id": "mallory", "name": "Mallory"}, user_id="mallory")
ADAS = Author("ada", "Ada")
BOBS = Author("bob", "Bob")

BOBS_ID = {7: "bob"}
"""Whose the id is that these tests are about, by a claim committed before."""

OPEN, CLOSED = (CreditNote(Units(7, 0, 5), standing) for standing in (Standing.OPEN, Standing.CLOSED))
CREDITED = CreditNote(Units(7, 0, 5), Standing.CREDITED, BOBS)

dialects = pytest.mark.parametrize("dialect", [HOCUSPOCUS, Y_WEBSOCKET])


def come(scene: Scene, dialect: Dialect, rights: Rights, peer: Peer) -> Client:
    """Let a client in that says at once what real ones say: what it has, and who it is."""
    client = scene.enter(dialect, rights)
    client.ask(peer.state_vector)
    client.announce(peer.presence())
    scene.flush()
    return client


def questions(client: Client) -> list[dict[int, int]]:
    return [decode_state_vector(said.state_vector) for said in client.heard() if isinstance(said, Step1)]


def bring_back(scene: Scene, lost: Iterable[Peer], dialect: Dialect = HOCUSPOCUS) -> list[CreditNote]:
    """Let Ada's client deliver what these had written and a crash has lost; return what the room notes of it."""
    own = Peer(1)
    own.hear([peer.state for peer in lost])
    own.type(" and Ada's")
    ada = come(scene, dialect, ADA, own)
    ada.send(SyncStep2(own.state))
    flush = scene.flush()
    assert flush.claims == (Claim(1, ADAS),)
    return list(flush.credit_notes)


def notes_of(scene: Scene) -> list[CreditNote]:
    return list(scene.flush().credit_notes)


def write_on(scene: Scene, client: Client, peer: Peer) -> list[CreditNote]:
    """Answer what a client was asked for, and type behind it; return what the room notes of that."""
    client.send(SyncStep2(peer.state))
    notes = notes_of(scene)
    client.update(peer.type("!"))
    return notes + notes_of(scene)


@dialects
def test_client_that_wrote_what_another_brought_back_is_asked_for_it_and_credited(dialect: Dialect) -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    assert bring_back(scene, [bobs], dialect) == [OPEN]

    bob = scene.enter(dialect, BOB)
    bob.ask(bobs.state_vector)
    assert notes_of(scene) == [CLOSED]  # for all others, from the moment on at which this client may hear of it

    assert questions(bob)[-1][7] == 0
    bob.send(SyncStep2(bobs.doc.get_update(bytes((1, 7, 0)))))
    flush = scene.flush()
    assert (flush.append, flush.credit_notes) == ((), ())
    bob.update(bobs.type("!"))
    assert notes_of(scene) == [CREDITED]
    bob.update(bobs.type("!"))
    assert notes_of(scene) == []


@dialects
def test_hocuspocus_client_is_asked_no_more_often_than_it_asks(dialect: Dialect) -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs], dialect)
    bob = come(scene, dialect, BOB, bobs)
    expected = 1 if dialect == HOCUSPOCUS else 2  # a y-websocket server speaks first, and clients answer each question
    assert len(questions(bob)) == expected


@dialects
def test_client_that_delivers_again_and_writes_nothing_is_not_credited(dialect: Dialect) -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs], dialect)
    bob = come(scene, dialect, BOB, bobs)
    bob.send(SyncStep2(bobs.state))
    other = Peer(70)
    other.hear([bobs.state])
    bob.update(other.type(" under a new id, as Yjs does it that hears of units under its own"))
    assert notes_of(scene) == []


def test_what_a_client_had_written_before_it_came_is_no_writing_on() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    bobs.type(" and more that Ada had not seen")
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    bob.send(SyncStep2(bobs.state))
    assert notes_of(scene) == []
    bob.update(bobs.type("!"))
    assert notes_of(scene) == [CREDITED]


@dialects
def test_what_was_forged_under_the_id_of_a_client_that_is_away_is_never_credited(dialect: Dialect) -> None:
    scene, bobs, forged = Scene(), Peer(7), Peer(7)
    bob = come(scene, dialect, BOB, bobs)
    bob.update(said := bobs.type("Bob's"))
    assert scene.flush().claims == (Claim(7, BOBS),)
    bob.leave()
    forged.hear([said])
    mallory = come(scene, dialect, MALLORY, Peer(9))
    mallory.update(forgery := forged.type(" forged"))
    assert notes_of(scene) == [CreditNote(Units(7, 5, 12), Standing.OPEN)]

    back = come(scene, dialect, BOB, bobs)  # without it: this client has not written it
    back.send(SyncStep2(bobs.state))
    bobs.hear([forgery])
    back.leave()
    again = come(scene, dialect, BOB, bobs)

    assert all(question.get(7) == 12 for question in questions(again))
    assert write_on(scene, again, bobs) == []


@dialects
def test_forgery_that_another_session_of_the_user_could_pass_on_is_never_credited(dialect: Dialect) -> None:
    scene, bobs, forged = Scene(), Peer(7), Peer(7)
    bob = come(scene, dialect, BOB, bobs)
    bob.update(said := bobs.type("Bob's"))
    scene.flush()
    bob.leave()
    forged.hear([said])
    mallory = come(scene, dialect, MALLORY, Peer(9))
    mallory.update(forgery := forged.type(" forged"))
    scene.flush()

    tab = scene.enter(dialect, BOB)  # it need not even ask
    assert notes_of(scene) == [CreditNote(Units(7, 5, 12), Standing.CLOSED)]
    tab.leave()
    bobs.hear([forgery])  # as a BroadcastChannel or y-indexeddb does it between tabs
    back = come(scene, dialect, BOB, bobs)

    assert all(question.get(7) == 12 for question in questions(back))
    assert write_on(scene, back, bobs) == []


def test_forgery_that_a_session_which_announces_nothing_hears_is_never_credited() -> None:
    scene, bobs, forged = Scene(), Peer(7), Peer(7)
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    bob.update(said := bobs.type("Bob's"))
    bob.announce(AwarenessEntry(7, 50, "null"))
    scene.flush()
    forged.hear([said])
    mallory = come(scene, HOCUSPOCUS, MALLORY, Peer(9))
    mallory.update(forgery := forged.type(" forged"))
    assert notes_of(scene) == []
    bobs.hear([forgery])
    bob.leave()
    back = come(scene, HOCUSPOCUS, BOB, bobs)
    assert write_on(scene, back, bobs) == []


def test_forgery_that_other_content_was_written_under_is_not_credited_where_it_differs() -> None:
    scene, bobs, forged = Scene(owners=BOBS_ID), Peer(7), Peer(7)
    forged.type("I owe")
    bobs.type("I own")
    mallory = come(scene, HOCUSPOCUS, MALLORY, Peer(9))
    mallory.update(forged.state)
    assert notes_of(scene) == [OPEN]
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    assert write_on(scene, bob, bobs) == []


@dialects
def test_client_that_has_more_behind_a_forgery_is_asked_anew_for_that_alone(dialect: Dialect) -> None:
    scene, bobs, forged = Scene(owners=BOBS_ID), Peer(7), Peer(7)
    forged.type("I owe")
    bobs.type("I own it")
    mallory = come(scene, HOCUSPOCUS, MALLORY, Peer(9))
    mallory.update(forged.state)
    scene.flush()
    bob = come(scene, dialect, BOB, bobs)
    assert questions(bob)[-1] == {7: 0}
    bob.send(SyncStep2(bobs.state))
    assert scene.flush().offences == ()

    assert questions(bob) == [{7: 5}]
    bob.send(SyncStep2(bobs.doc.get_update(bytes((1, 7, 5)))))
    flush = scene.flush()
    assert (flush.authors, flush.credit_notes) == ((BOBS,), ())
    bob.update(bobs.type("!"))
    assert notes_of(scene) == []
    assert text_of(scene.room.state()) == "I owe it!"


@dialects
def test_client_whose_unsaved_text_was_forestalled_is_asked_for_what_it_wrote_behind_that(dialect: Dialect) -> None:
    scene, bobs, forged = Scene(owners=BOBS_ID), Peer(7), Peer(7)
    bob = come(scene, dialect, BOB, bobs)
    bob.update(said := bobs.type("I "))
    scene.flush()
    forged.hear([said])
    mallory = come(scene, HOCUSPOCUS, MALLORY, Peer(9))
    mallory.update(forged.type("owe"))
    scene.flush()
    bob.heard()

    bob.update(bobs.type("own it"))
    flush = scene.flush()
    assert (flush.append, flush.acknowledge, flush.offences) == ((), (), ())
    assert questions(bob) == [{7: 5}]
    bob.send(SyncStep2(bobs.doc.get_update(bytes((1, 7, 5)))))
    assert scene.flush().acknowledge == (bob.session,)
    bob.update(bobs.type("!"))
    scene.flush()

    assert text_of(scene.room.state()) == "I owe it!"


def test_client_that_answers_with_all_it_has_is_asked_once() -> None:
    scene, bobs, forged = Scene(owners=BOBS_ID), Peer(7), Peer(7)
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    forged.type("owe")
    mallory = come(scene, HOCUSPOCUS, MALLORY, Peer(9))
    mallory.update(forged.state)
    scene.flush()
    bobs.type("own it")
    bob.heard()

    asked = 0
    for _ in range(5):
        bob.send(SyncStep2(bobs.state))
        scene.flush()
        asked += len(questions(bob))

    assert asked == 1


@pytest.mark.parametrize("may_write", [True, False], ids=["editor", "reader"])
def test_announcement_by_somebody_else_takes_no_credit_away(may_write: bool) -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    mallory = come(scene, HOCUSPOCUS, Rights(may_write=may_write, user_id="mallory"), Peer(7))
    assert bring_back(scene, [bobs]) == [OPEN]
    mallory.leave()
    stays = come(scene, HOCUSPOCUS, Rights(may_write=may_write, user_id="mallory"), Peer(7))
    assert [*stays.session.presence] == [7]
    assert notes_of(scene) == []

    bob = scene.enter(HOCUSPOCUS, BOB)
    bob.ask(bobs.state_vector)
    bob.announce(bobs.presence())
    assert write_on(scene, bob, bobs) == [CLOSED, CREDITED]


def test_client_that_comes_without_what_is_open_closes_it() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    fresh = scene.enter(HOCUSPOCUS, BOB)
    fresh.ask(Peer(7).state_vector)
    assert notes_of(scene) == [CLOSED]
    assert questions(fresh) == [{1: 10, 7: 5}]


def test_client_that_came_with_a_part_of_it_is_asked_for_nothing() -> None:
    scene, bobs, early = Scene(owners=BOBS_ID), Peer(7), Peer(7)
    early.hear([bobs.type("Bo")])
    bobs.type("b's")
    bring_back(scene, [bobs])
    bob = come(scene, HOCUSPOCUS, BOB, early)
    assert questions(bob) == [{1: 10, 7: 5}]
    early.hear([bobs.state])
    assert write_on(scene, bob, early) == []


def test_only_the_first_session_since_is_asked() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    first = scene.enter(HOCUSPOCUS, BOB)
    second = come(scene, HOCUSPOCUS, BOB, bobs)
    first.ask(bobs.state_vector)
    scene.flush()
    assert [question[7] for question in questions(second) + questions(first)] == [5, 0]


def test_session_that_leaves_before_it_writes_on_is_not_credited() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    bob.send(SyncStep2(bobs.state))
    scene.flush()
    bob.leave()
    again = come(scene, HOCUSPOCUS, BOB, bobs)
    assert write_on(scene, again, bobs) == []


def test_what_comes_under_the_id_of_somebody_who_is_here_is_not_open() -> None:
    scene = Scene(owners=BOBS_ID)
    come(scene, HOCUSPOCUS, BOB, Peer(70))
    ada = come(scene, HOCUSPOCUS, ADA, Peer(1))
    ada.update(Peer(7).type("forged"))
    flush = scene.flush()
    assert (flush.claims, flush.credit_notes) == ((), ())


def test_what_comes_under_an_id_that_nobody_has_claimed_is_not_open() -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    assert bring_back(scene, [bobs]) == []


def test_reader_is_not_asked() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    reader = come(scene, HOCUSPOCUS, Rights(may_write=False, user_id="bob"), bobs)
    assert [question[7] for question in questions(reader)] == [5]


def test_guests_leave_nothing_open() -> None:
    scene, own, other = Scene(owners=BOBS_ID), Peer(1), Peer(7)
    other.type("theirs")
    own.hear([other.state])
    own.type("mine")
    guest = come(scene, HOCUSPOCUS, Rights(), own)
    guest.send(SyncStep2(own.state))
    assert notes_of(scene) == []


def test_what_was_known_already_is_not_open_when_it_comes_again() -> None:
    scene, bobs, adas = Scene(), Peer(7), Peer(1)
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    bob.update(said := bobs.type("Bob's"))
    scene.flush()
    bob.leave()
    adas.hear([said])
    adas.type(" and Ada's")
    ada = come(scene, HOCUSPOCUS, ADA, adas)
    ada.send(SyncStep2(adas.state))
    flush = scene.flush()
    assert len(flush.append) == 1
    assert flush.credit_notes == ()


def test_what_waits_for_an_edit_still_missing_is_open_too() -> None:
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    first, second = bobs.type("Bob"), bobs.type("'s")
    ada = come(scene, HOCUSPOCUS, ADA, Peer(1))
    ada.update(second)
    assert notes_of(scene) == [CreditNote(Units(7, 3, 5), Standing.OPEN)]
    ada.update(second, first)
    assert notes_of(scene) == [OPEN]

    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    assert write_on(scene, bob, bobs) == [CREDITED]


def test_ids_owned_before_the_room_was_opened_are_their_users() -> None:
    scene = Scene(owners=BOBS_ID)
    bob, ada = come(scene, HOCUSPOCUS, BOB, Peer(1)), come(scene, HOCUSPOCUS, ADA, Peer(2))
    bob.update(Peer(7).type("own"))
    assert notes_of(scene) == []
    bob.leave()
    ada.update(Peer(7).edit(lambda peer: peer.text.insert(0, "own, forged")))
    assert notes_of(scene) == [CreditNote(Units(7, 3, 11), Standing.OPEN)]


def test_open_units_of_an_earlier_room_are_asked_for() -> None:
    bobs = Peer(7)
    bobs.type("Bob's")
    scene = Scene(bobs.state, owners=BOBS_ID, open_units=[Units(7, 0, 5)])
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    assert write_on(scene, bob, bobs) == [CREDITED]


def test_units_open_in_pieces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crediting, "MAX_OPEN", 2)
    scene, bobs = Scene(owners=BOBS_ID), Peer(7)
    updates = [bobs.type(letter) for letter in "Bob's"]
    ada = come(scene, HOCUSPOCUS, ADA, Peer(1))
    for index in (4, 2, 0, 1):
        ada.update(updates[index])
        scene.flush()
    bob = scene.enter(HOCUSPOCUS, BOB)
    bob.ask(bobs.state_vector)
    assert [note.units for note in notes_of(scene)] == [Units(7, 1, 3), Units(7, 4, 5)]
