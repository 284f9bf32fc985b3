"""Questions that take long to answer are put off, for somebody else to encode what lacks."""

import pytest

from collab.protocol.messages import EMPTY_STATE_VECTOR
from collab.rooms import answers as answering
from collab.rooms import replica
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from tests.rooms.scene import HOCUSPOCUS, OUTBOX_BYTES, Client, Scene
from tests.support.heard import Step1, Step2, Update, only
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state

AT_ONCE = 100
"""Bytes that are encoded at once in these tests."""


@pytest.fixture(autouse=True)
def _heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "QUICK_TO_ENCODE", AT_ONCE)


def answers(client: Client) -> list[Step2]:
    return only(Step2, client.heard())


def test_what_is_short_is_answered_at_once() -> None:
    scene = Scene(Peer(1).type("short"))
    client = scene.join()

    client.ask()
    scene.flush()

    assert not scene.room.has_put_off
    assert len(answers(client)) == 1


def test_a_long_answer_is_put_off_and_given_as_it_was_encoded() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    client = scene.join()
    client.ask()
    scene.flush()
    assert scene.room.has_put_off

    questions = scene.room.take_put_off()
    scene.room.answer(questions, {EMPTY_STATE_VECTOR: ada.state}, scene.now)

    assert not scene.room.has_put_off
    assert [answer.update for answer in answers(client)] == [ada.state]


def test_hocuspocus_is_asked_before_a_long_answer_too() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    client = scene.join(HOCUSPOCUS)
    client.ask()
    scene.flush()

    scene.room.answer(scene.room.take_put_off(), {EMPTY_STATE_VECTOR: ada.state}, scene.now)

    assert client.heard() == [Step1(ada.state_vector), Step2(ada.state)]


def test_what_nobody_encoded_is_encoded_in_the_room() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    client = scene.join()
    client.ask()
    scene.flush()

    scene.room.answer(scene.room.take_put_off(), {}, scene.now)

    assert [text_of(answer.update) for answer in answers(client)] == ["long" * AT_ONCE]


def test_a_state_that_is_known_is_told_at_once() -> None:
    scene = Scene(Peer(1).type("long" * AT_ONCE))
    scene.room.state()
    client = scene.join()

    client.ask()
    scene.flush()

    assert len(answers(client)) == 1


def test_a_state_encoded_elsewhere_is_remembered_for_its_edition_alone() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    client = scene.join()
    edition, state = scene.room.edition, ada.state
    client.update(ada.type("!"))
    scene.flush()

    scene.room.remember(state, edition)
    assert scene.room.is_slow_to_read
    scene.room.remember(ada.state, scene.room.edition)
    assert not scene.room.is_slow_to_read


def test_who_falls_behind_meanwhile_is_answered_when_it_has_drained() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    writer, slow = scene.join(), scene.join()
    slow.ask()
    scene.flush()
    slow.wire.stalled = True
    writer.update(ada.type("much" * 1000))
    scene.flush()
    writer.update(ada.type("more"))
    scene.flush()
    assert slow.session.behind_since is not None

    scene.room.answer(scene.room.take_put_off(), {EMPTY_STATE_VECTOR: ada.state}, scene.now)
    slow.wire.drain()
    scene.tick()
    scene.flush()
    scene.room.answer(scene.room.take_put_off(), {EMPTY_STATE_VECTOR: ada.state}, scene.now)

    assert [answer.update for answer in answers(slow)] == [ada.state]


def test_who_has_left_is_told_nothing() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    one, other = scene.join(), scene.join()
    for client in (one, other):
        client.ask()
    scene.flush()
    one.leave()

    questions = scene.room.take_put_off()
    other.leave()
    scene.room.answer(questions, {EMPTY_STATE_VECTOR: ada.state}, scene.now)

    assert [session for session, _ in questions] == [other.session]
    assert answers(one) == answers(other) == []


def test_without_a_replica_an_answer_waits_for_the_next() -> None:
    ada = Peer(1)
    ada.hear([victim_state()])
    ada.type("long" * AT_ONCE)
    scene = Scene(ada.state)
    client, culprit = scene.join(), scene.join()
    client.ask()
    scene.flush()
    questions = scene.room.take_put_off()
    culprit.update(POISON)
    scene.flush()
    assert scene.room.needs_rebuild

    scene.room.answer(questions, {EMPTY_STATE_VECTOR: ada.state}, scene.now)
    assert answers(client) == []
    scene.room.rebuild(Document([ada.state]))
    scene.flush()

    assert [session for session, _ in scene.room.take_put_off()] == [client.session]


def test_who_asks_while_an_answer_breaks_the_replica_is_answered_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    early, late = scene.join(), scene.join()
    early.ask()
    scene.flush()
    questions = scene.room.take_put_off()
    late.ask()

    def fail(document: Document, state_vector: bytes) -> bytes:
        raise PoisonedReplica("the CRDT panicked")

    with monkeypatch.context() as patched:
        patched.setattr(Document, "diff", fail)
        scene.room.answer(questions, {}, scene.now)
    assert scene.room.needs_rebuild
    scene.room.rebuild(Document([ada.state]))
    scene.flush()

    assert [session for session, _ in scene.room.take_put_off()] == [late.session]


def test_a_state_of_a_replica_that_was_lost_is_not_remembered_for_its_successor() -> None:
    ada = Peer(1)
    ada.hear([victim_state()])
    ada.type("long" * AT_ONCE)
    scene = Scene(ada.state)
    client, culprit = scene.join(), scene.join()
    edition, state = scene.room.edition, ada.state
    client.update(ada.type("!"))
    scene.flush()
    culprit.update(POISON)
    scene.flush()
    scene.room.rebuild(Document([ada.state]))

    scene.room.remember(state, edition)

    assert text_of(scene.room.state()) == str(ada.text)


def test_a_document_of_many_keystrokes_is_told_at_once_again_though_somebody_types_on() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("x"))
    client = scene.join()
    for letter in "yes" * 10:  # which take a byte each when they stand together, and more as they come
        client.update(ada.type(letter))
        scene.flush()
    assert scene.room.is_slow_to_read

    edition, state = scene.room.edition, ada.state
    client.update(ada.type("!"))
    scene.flush()
    scene.room.remember(state, edition)

    assert not scene.room.is_slow_to_read
    assert text_of(scene.room.state()) == str(ada.text)


def test_what_a_reader_missed_who_was_behind_is_put_off_where_it_takes_long() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada = Peer(1)
    slow.wire.stalled = True
    writer.update(ada.type("x" * OUTBOX_BYTES))
    scene.flush()
    writer.update(ada.type("y" * OUTBOX_BYTES))
    scene.flush()

    slow.wire.drain()
    scene.tick()
    scene.flush()
    writer.update(ada.type(" and more"))
    scene.flush()
    questions = scene.room.take_put_off()
    scene.room.answer(questions, {state_vector: ada.state for _, state_vector in questions}, scene.now)

    assert [session for session, _ in questions] == [slow.session]
    assert slow.session.behind_since is None
    slow_peer = Peer(2)
    slow_peer.hear(said.update for said in slow.heard() if isinstance(said, Step2 | Update))
    assert str(slow_peer.text) == str(ada.text)


def test_no_more_is_told_in_a_turn_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Peer(1)
    scene = Scene(ada.type("long" * AT_ONCE))
    monkeypatch.setattr(answering, "TURN_BYTES", 2 * len(ada.state))
    clients = [scene.join() for _ in range(5)]
    for client in clients:
        client.ask()
    scene.flush()
    known, questions, turns = {EMPTY_STATE_VECTOR: ada.state}, scene.room.take_put_off(), []

    while questions:
        _, questions = scene.room.answer(questions, known, scene.now)
        turns.append(sum(len(answers(client)) for client in clients))

    assert turns == [2, 2, 1]


def test_what_is_short_is_told_in_as_many_turns_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(Peer(1).type("short"))
    monkeypatch.setattr(answering, "TURN_BYTES", 1)
    clients = [scene.join() for _ in range(3)]
    for client in clients:
        client.ask()

    turns = []
    while scene.room.has_work:
        scene.flush()
        turns.append([len(answers(client)) for client in clients])

    assert turns == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_few_different_answers_are_encoded_at_once() -> None:
    ada = Peer(1)
    vectors = [ada.state_vector]
    for _ in range(6):
        ada.type("more" * AT_ONCE)
        vectors.append(ada.state_vector)
    ada.type("long" * AT_ONCE)
    scene = Scene(ada.state)
    clients = [scene.join() for _ in range(14)]
    for client, state_vector in zip(clients, vectors * 2, strict=True):
        client.ask(state_vector)
    scene.flush()

    first, second, none = (scene.room.take_put_off() for _ in range(3))

    assert [{vectors.index(vector) for _, vector in taken} for taken in (first, second)] == [{0, 1, 2, 3}, {4, 5, 6}]
    assert (len(first), len(second), none) == (8, 6, [])
