"""How a user comes to be credited for what another delivered under their client id, and how nobody else does."""

from collections.abc import Iterable

import pytest

from collab.protocol.dialect import Dialect
from collab.protocol.messages import SyncStep2
from collab.protocol.updates import decode_state_vector
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.session import Rights
from tests.rooms.scene import HOCUSPOCUS, Y_WEBSOCKET, Client, Scene
from tests.support.heard import Step1
from tests.support.peers import Peer

ADA = Rights(user={"id": "ada", "name": "Ada"}, user_id="ada")
BOB = Rights(user={"id": "bob", "name": "Bob"}, user_id="bob")
ADAS = Author("ada", "Ada")
BOBS = Author("bob", "Bob")

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


@dialects
def test_client_that_wrote_what_another_brought_back_is_asked_for_it_and_credited(dialect: Dialect) -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    assert bring_back(scene, [bobs], dialect) == [CreditNote(Units(7, 0, 5), Standing.OPEN)]

    bob = come(scene, dialect, BOB, bobs)

    question = questions(bob)[-1]
    assert question[7] == 0
    bob.send(SyncStep2(bobs.doc.get_update(bytes((1, 7, 0)))))
    flush = scene.flush()
    assert flush.append == ()
    assert flush.credit_notes == (
        CreditNote(Units(7, 0, 5), Standing.CLOSED),
        CreditNote(Units(7, 0, 5), Standing.CREDITED, BOBS),
    )
    assert flush.claims == (Claim(7, BOBS),)


@dialects
def test_hocuspocus_client_is_asked_no_more_often_than_it_asks(dialect: Dialect) -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs], dialect)
    bob = come(scene, dialect, BOB, bobs)
    expected = 1 if dialect == HOCUSPOCUS else 2  # a y-websocket server speaks first, and clients answer each question
    assert len(questions(bob)) == expected


def test_hocuspocus_client_that_tells_who_it_is_after_it_was_answered_is_credited_when_it_comes_again() -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    late = scene.enter(HOCUSPOCUS, BOB)
    late.ask(bobs.state_vector)
    scene.flush()
    late.announce(bobs.presence())
    scene.flush()
    assert [question[7] for question in questions(late)] == [5]
    late.leave()

    again = come(scene, HOCUSPOCUS, BOB, bobs)
    assert [question[7] for question in questions(again)] == [0]


@dialects
def test_what_was_forged_under_the_id_of_a_client_that_is_away_is_never_credited(dialect: Dialect) -> None:
    scene, bobs, forged = Scene(), Peer(7), Peer(7)
    bob = come(scene, dialect, BOB, bobs)
    bob.update(said := bobs.type("Bob's"))
    assert scene.flush().claims == (Claim(7, BOBS),)
    bob.leave()
    forged.hear([said])
    ada = come(scene, dialect, ADA, Peer(1))
    ada.update(forgery := forged.type(" forged"))
    assert scene.flush().credit_notes == (CreditNote(Units(7, 5, 12), Standing.OPEN),)

    back = come(scene, dialect, BOB, bobs)  # without it: this client has not written it
    back.send(SyncStep2(bobs.state))
    bobs.hear([forgery])
    back.leave()
    again = come(scene, dialect, BOB, bobs)
    again.send(SyncStep2(bobs.state))

    assert all(question.get(7) == 12 for question in questions(again))
    assert scene.flush().credit_notes == ()


def test_client_that_comes_without_what_is_open_closes_it() -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    fresh = scene.enter(HOCUSPOCUS, BOB)
    fresh.ask(Peer(7).state_vector)
    fresh.announce(Peer(7).presence())
    assert scene.flush().credit_notes == (CreditNote(Units(7, 0, 5), Standing.CLOSED),)


def test_only_what_a_client_came_with_stays_open() -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bo")
    had = bobs.state_vector
    bobs.type("b's")
    bring_back(scene, [bobs])
    early = scene.enter(HOCUSPOCUS, BOB)
    early.ask(had)
    early.announce(bobs.presence())
    assert scene.flush().credit_notes == (
        CreditNote(Units(7, 0, 5), Standing.CLOSED),
        CreditNote(Units(7, 0, 2), Standing.OPEN),
    )


@dialects
def test_client_that_delivers_something_else_is_credited_with_nothing_but_what_is_the_same(dialect: Dialect) -> None:
    scene, bobs, others = Scene(), Peer(7), Peer(7)
    bobs.type("Bob's")
    others.type("Bab's")
    bring_back(scene, [bobs], dialect)
    bob = come(scene, dialect, BOB, others)
    bob.send(SyncStep2(others.state))
    given = [note.units for note in scene.flush().credit_notes if note.standing is Standing.CREDITED]
    assert given == []  # one run of text is written as one; where parts differ, none of it is the same


def test_what_comes_under_the_id_of_somebody_who_is_here_is_not_open() -> None:
    scene = Scene()
    come(scene, HOCUSPOCUS, BOB, Peer(7))
    ada = come(scene, HOCUSPOCUS, ADA, Peer(1))
    ada.update(Peer(7).type("forged"))
    flush = scene.flush()
    assert (flush.claims, flush.credit_notes) == ((), ())


def test_reader_is_not_asked() -> None:
    scene, bobs = Scene(), Peer(7)
    bobs.type("Bob's")
    bring_back(scene, [bobs])
    reader = come(scene, HOCUSPOCUS, Rights(may_write=False, user_id="bob"), bobs)
    assert [question[7] for question in questions(reader)] == [5]


def test_guests_leave_nothing_open() -> None:
    scene, own, other = Scene(), Peer(1), Peer(7)
    other.type("theirs")
    own.hear([other.state])
    own.type("mine")
    guest = come(scene, HOCUSPOCUS, Rights(), own)
    guest.send(SyncStep2(own.state))
    assert scene.flush().credit_notes == ()


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


def test_ids_owned_before_the_room_was_opened_are_their_users() -> None:
    scene = Scene(owners={7: "bob"})
    bob, ada = come(scene, HOCUSPOCUS, BOB, Peer(1)), come(scene, HOCUSPOCUS, ADA, Peer(2))
    bob.update(Peer(7).type("own"))
    assert scene.flush().credit_notes == ()
    ada.update(Peer(7).edit(lambda peer: peer.text.insert(0, "own, forged")))
    notes = scene.flush().credit_notes
    assert [note.standing for note in notes] == [Standing.OPEN]


def test_open_units_of_an_earlier_room_are_asked_for() -> None:
    bobs = Peer(7)
    bobs.type("Bob's")
    scene = Scene(bobs.state, open_units=[Units(7, 0, 5)])
    bob = come(scene, HOCUSPOCUS, BOB, bobs)
    bob.send(SyncStep2(bobs.state))
    assert scene.flush().credit_notes[-1] == CreditNote(Units(7, 0, 5), Standing.CREDITED, BOBS)
