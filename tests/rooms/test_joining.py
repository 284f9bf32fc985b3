"""What a client is told when it comes: in y-websocket at once, in Hocuspocus when it asks."""

import pytest

from collab.errors import ProtocolError
from collab.protocol.dialect import Dialect
from collab.protocol.messages import QueryAwareness
from tests.rooms.scene import HOCUSPOCUS, Y_WEBSOCKET, Scene
from tests.support.heard import States, Step1, Step2, Update, only
from tests.support.peers import Peer, text_of


def test_y_websocket_client_is_asked_and_told_who_is_here_at_once() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("abc"))
    scene.join().announce(ada.presence('{"name":"Ada"}'))
    scene.flush()

    newcomer = scene.enter()
    scene.flush()

    said = newcomer.heard()
    assert said == [Step1(ada.state_vector), States(only(States, said)[0].entries)]
    assert only(States, said)[0].states == {1: '{"name":"Ada"}'}


def test_y_websocket_client_alone_is_told_of_nobody() -> None:
    scene = Scene()

    newcomer = scene.enter()
    scene.flush()

    assert newcomer.heard() == [Step1(b"\x00")]


def test_y_websocket_question_is_answered_with_a_step2_alone() -> None:
    scene = Scene(Peer(1).type("abc"))
    client = scene.join()

    client.ask()
    scene.flush()

    (answer,) = client.heard()
    assert isinstance(answer, Step2)
    assert text_of(answer.update) == "abc"


def test_hocuspocus_client_is_asked_nothing_before_it_asks() -> None:
    scene = Scene(Peer(1).type("abc"))

    newcomer = scene.enter(HOCUSPOCUS)
    scene.flush()

    assert newcomer.heard() == []


def test_hocuspocus_question_is_answered_with_one_step1_before_the_step2() -> None:
    ada = Peer(1)
    scene = Scene(ada.type("abc"))
    client = scene.join(HOCUSPOCUS)

    client.ask()
    scene.flush()

    step1, step2 = client.heard()
    assert step1 == Step1(ada.state_vector)
    assert isinstance(step2, Step2)


def test_hocuspocus_questions_are_answered_one_by_one() -> None:
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    client.ask()
    client.ask()
    scene.flush()

    assert [type(said) for said in client.heard()] == [Step1, Step2, Step1, Step2]


def test_hocuspocus_newcomer_is_told_who_is_here() -> None:
    scene = Scene()
    scene.join(HOCUSPOCUS).announce(Peer(1).presence('{"name":"Ada"}'))
    scene.flush()

    newcomer = scene.enter(HOCUSPOCUS)
    scene.flush()

    assert [said.states for said in only(States, newcomer.heard())] == [{1: '{"name":"Ada"}'}]


@pytest.mark.parametrize("dialect", [Y_WEBSOCKET, HOCUSPOCUS], ids=["y-websocket", "hocuspocus"])
def test_answer_holds_the_edits_that_came_before_the_question(dialect: Dialect) -> None:
    scene = Scene()
    writer, asker = scene.join(), scene.join(dialect)

    writer.update(Peer(1).type("abc"))
    asker.ask()
    scene.flush()

    assert text_of(only(Step2, asker.heard())[0].update) == "abc"


def test_answer_holds_only_what_the_client_lacks() -> None:
    ada = Peer(1)
    ada.type("a" * 500)
    known = ada.state_vector
    ada.type("b")
    scene = Scene(ada.state)
    client = scene.join()

    client.ask(known)
    scene.flush()

    (answer,) = only(Step2, client.heard())
    assert len(answer.update) < 50


def test_newcomers_edits_and_question_together_bring_both_sides_level() -> None:
    here, comes = Peer(1), Peer(2)
    scene = Scene(here.type("here"))
    client = scene.enter(HOCUSPOCUS)

    client.ask(comes.state_vector)
    client.update(comes.type("comes"))
    scene.flush()
    comes.hear(said.update for said in client.heard() if isinstance(said, Step2 | Update))

    assert comes.state == scene.room.state()


@pytest.mark.parametrize("state_vector", [b"", b"\x01", b"\xff\xff\xff\xff\x0f", b"\x00\x00"])
def test_state_vector_that_is_none_ends_the_session_that_sent_it(state_vector: bytes) -> None:
    scene = Scene(Peer(1).type("abc"))
    bad, good = scene.join(), scene.join()

    with pytest.raises(ProtocolError):
        bad.ask(state_vector)
    good.ask()

    assert scene.flush().offences == ()
    assert [type(said) for said in good.heard()] == [Step2]


def test_question_of_a_session_that_left_is_not_answered() -> None:
    scene = Scene()
    client = scene.join()

    client.ask()
    client.leave()
    scene.flush()

    assert client.heard() == []


def test_query_of_awareness_is_answered_with_everybody() -> None:
    scene = Scene()
    one, other = scene.join(), scene.join(HOCUSPOCUS)
    one.announce(Peer(1).presence())
    other.announce(Peer(2).presence())
    scene.flush()
    one.heard()

    one.send(QueryAwareness())
    scene.flush()

    assert [said.states for said in only(States, one.heard())] == [{1: "{}", 2: "{}"}]
