"""A reader that does not keep up: it gets nothing more, then one diff; nobody else notices."""

import pytest

from collab.errors import CollabError, LimitExceeded, ProtocolError
from collab.protocol.frames import Frame
from collab.protocol.limits import DEFAULTS
from collab.protocol.messages import GONE, QueryAwareness, Stateless, SyncUpdate
from collab.rooms.audience import MAX_QUESTIONS_BEHIND, SILENCE_WHILE_OWING
from tests.rooms.scene import HOCUSPOCUS, KEEP_ALIVE_INTERVAL, OUTBOX_BYTES, STUCK_TIMEOUT, Client, Scene
from tests.support.heard import KEEP_ALIVE, Message, States, Step2, Update, only
from tests.support.peers import Peer


def fall_behind(scene: Scene, slow: Client, writer: Client, ada: Peer) -> None:
    """Have a client stall, and the writer write until it is behind."""
    slow.wire.stalled = True
    writer.update(ada.type("x" * OUTBOX_BYTES))
    scene.flush()
    assert slow.session.behind_since is not None


def follow(peer: Peer, client: Client) -> None:
    """Have a peer apply all that its client was told."""
    peer.hear(said.update for said in client.heard() if isinstance(said, Step2 | Update))


def test_reader_within_the_limit_is_not_behind() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    slow.wire.stalled = True

    writer.update(Peer(1).type("x" * (OUTBOX_BYTES // 2)))
    scene.flush()

    assert slow.session.behind_since is None
    assert scene.tick(STUCK_TIMEOUT * 2) == []


def test_reader_past_the_limit_gets_nothing_more() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada = Peer(1)
    fall_behind(scene, slow, writer, ada)
    slow.heard()

    writer.update(ada.type("more"))
    writer.announce(ada.presence())
    scene.flush()
    scene.tick(KEEP_ALIVE_INTERVAL)

    assert slow.heard() == []
    assert only(Update, writer.heard())


def test_reader_that_has_drained_gets_one_diff_and_has_everything() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada, follower = Peer(1), Peer(2)
    fall_behind(scene, slow, writer, ada)
    for _ in range(20):
        writer.update(ada.type("missed "))
        scene.flush()
    follow(follower, slow)

    slow.wire.drain()
    scene.tick()
    said = slow.heard()
    follower.hear(update.update for update in only(Update, said))

    assert len(only(Update, said)) == 1
    assert follower.state == ada.state


def test_diff_does_not_repeat_what_was_sent() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada = Peer(1)
    fall_behind(scene, slow, writer, ada)
    writer.update(ada.type("missed"))
    scene.flush()
    slow.heard()

    slow.wire.drain()
    scene.tick()

    (diff,) = only(Update, slow.heard())
    assert b"missed" in diff.update
    assert len(diff.update) < OUTBOX_BYTES / 2


def test_reader_that_caught_up_gets_everything_again() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada, follower = Peer(1), Peer(2)
    fall_behind(scene, slow, writer, ada)
    slow.wire.drain()
    scene.tick()

    writer.update(ada.type("and on"))
    scene.flush()
    follow(follower, slow)

    assert follower.state == ada.state


def test_reader_that_has_not_drained_does_not_catch_up_yet() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))
    slow.heard()

    stuck = scene.tick(STUCK_TIMEOUT / 2)

    assert (stuck, slow.heard()) == ([], [])


def test_reader_that_catches_up_hears_who_came_and_who_went() -> None:
    scene = Scene()
    slow, writer, guest = scene.join(), scene.join(), scene.join()
    guest.announce(Peer(8).presence())
    scene.flush()
    fall_behind(scene, slow, writer, Peer(1))
    slow.heard()
    guest.leave()
    writer.announce(Peer(9).presence())
    scene.flush()

    slow.wire.drain()
    scene.tick()

    (presence,) = only(States, slow.heard())
    assert presence.states == {8: GONE, 9: "{}"}


def test_reader_that_stays_behind_is_reported_as_stuck() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))

    assert scene.tick(STUCK_TIMEOUT - 1) == []
    assert scene.tick(1) == [slow.session]


def test_reader_that_falls_behind_again_has_the_whole_deadline_again() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada = Peer(1)
    fall_behind(scene, slow, writer, ada)
    scene.now += STUCK_TIMEOUT - 1
    slow.wire.drain()
    scene.tick()

    fall_behind(scene, slow, writer, ada)

    assert scene.tick(STUCK_TIMEOUT - 1) == []


def test_stuck_reader_that_left_is_not_reported() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))

    slow.leave()

    assert scene.tick(STUCK_TIMEOUT) == []


def test_one_reader_behind_does_not_cost_the_others_a_frame() -> None:
    scene = Scene()
    slow, writer, quick = scene.join(), scene.join(), scene.join()
    ada, follower = Peer(1), Peer(2)
    fall_behind(scene, slow, writer, ada)

    writer.update(ada.type("more"))
    scene.flush()
    follow(follower, quick)

    assert follower.state == ada.state


def test_reader_behind_gets_no_message_of_the_application() -> None:
    scene = Scene()
    slow, writer = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    fall_behind(scene, slow, writer, Peer(1))
    slow.heard()

    writer.send(Stateless("x" * 100))
    scene.flush()

    assert slow.heard() == []


def test_reader_falls_behind_from_messages_of_the_application_too() -> None:
    scene = Scene()
    slow, writer = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    slow.wire.stalled = True

    for _ in range(20):
        writer.send(Stateless("x" * OUTBOX_BYTES))
        scene.flush()

    assert slow.wire.waiting() < 3 * OUTBOX_BYTES


def test_message_of_the_application_reaches_all_others_that_know_such() -> None:
    scene = Scene()
    sender, other, deaf = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS), scene.join()

    sender.send(Stateless("hello"))
    scene.flush()

    assert (sender.heard(), other.heard(), deaf.heard()) == ([], [Message("hello")], [])


def test_client_that_asks_without_reading_is_not_answered_without_end() -> None:
    ada = Peer(1)
    ada.type("x" * 10 * OUTBOX_BYTES)
    scene = Scene(ada.state)
    hostile = scene.join()
    hostile.wire.stalled = True

    for _ in range(50):
        hostile.ask()
        scene.flush()

    assert hostile.wire.waiting() < 3 * len(ada.state)


def test_client_that_asks_who_is_here_without_reading_is_not_answered_without_end() -> None:
    scene = Scene()
    hostile = scene.join()
    hostile.announce(Peer(1).presence('{"a":"' + "x" * OUTBOX_BYTES + '"}'))
    scene.flush()
    hostile.wire.stalled = True

    for _ in range(50):
        hostile.send(QueryAwareness())
        scene.flush()

    assert hostile.wire.waiting() < 4 * OUTBOX_BYTES


def test_client_behind_is_answered_once_it_has_caught_up() -> None:
    scene = Scene()
    slow, writer = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    ada = Peer(1)
    fall_behind(scene, slow, writer, ada)
    slow.heard()
    slow.ask(ada.state_vector)
    scene.flush()
    assert slow.heard() == []

    slow.wire.drain()
    scene.tick()
    scene.flush()

    assert [type(said).__name__ for said in slow.heard()] == ["Update", "States", "Step1", "Step2"]


def test_writer_behind_is_still_told_what_is_saved() -> None:
    scene = Scene()
    slow, writer = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    fall_behind(scene, slow, writer, Peer(1))
    slow.heard()

    slow.send(SyncUpdate(Peer(2).type("mine")))
    scene.save()

    assert [type(said).__name__ for said in slow.heard()] == ["Status"]


def test_silence_is_broken_after_the_interval_and_not_before() -> None:
    scene = Scene()
    client = scene.join()

    scene.tick(KEEP_ALIVE_INTERVAL - 1)
    assert client.heard() == []
    scene.tick(1)

    assert client.heard() == [KEEP_ALIVE]


def test_silence_is_broken_sooner_while_somebody_waits_for_an_answer() -> None:
    scene = Scene()
    client = scene.join()

    scene.tick(SILENCE_WHILE_OWING - 1, owing=True)
    assert client.heard() == []
    scene.tick(1, owing=True)

    assert client.heard() == [KEEP_ALIVE]


def test_silence_is_broken_in_the_words_of_the_dialect_and_to_its_address() -> None:
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    scene.tick(KEEP_ALIVE_INTERVAL)

    assert client.wire.take() == [b"\x03doc\x01\x01\x00"]


def test_update_starts_the_silence_anew() -> None:
    scene = Scene()
    client = scene.join()
    scene.now += KEEP_ALIVE_INTERVAL - 1
    client.update(Peer(1).type("a"))
    scene.flush()
    client.heard()

    scene.tick(KEEP_ALIVE_INTERVAL - 1)

    assert client.heard() == []


def test_keep_alive_frame_is_shared() -> None:
    scene = Scene()
    one, other = scene.join(), scene.join()

    scene.tick(KEEP_ALIVE_INTERVAL)

    assert one.wire.frames[0] is other.wire.frames[0]


def test_sender_of_messages_that_hears_nothing_of_them_gets_the_sign_of_life() -> None:
    scene = Scene()
    sender = scene.join(HOCUSPOCUS)
    scene.now += KEEP_ALIVE_INTERVAL - 1
    sender.send(Stateless("hello"))
    scene.flush()

    scene.tick(1)

    assert sender.wire.take() == [b"\x03doc\x01\x01\x00"]


def test_reader_with_little_on_its_way_to_it_catches_up() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))
    slow.wire.drain()
    slow.wire.write(Frame.binary(b"x" * (OUTBOX_BYTES // 4)))  # of another document on the same socket

    assert scene.tick(STUCK_TIMEOUT) == []
    assert slow.session.behind_since is None


def test_client_behind_that_asks_without_end_offends() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))
    for _ in range(MAX_QUESTIONS_BEHIND):
        slow.ask()
    assert scene.flush().offences == ()

    slow.ask()
    (offence,) = scene.flush().offences

    assert offence.writer is slow.session
    assert isinstance(offence.error, LimitExceeded)


def test_what_still_comes_from_one_that_was_parted_with_is_passed_over() -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    ada = Peer(1)
    fall_behind(scene, slow, writer, ada)

    slow.leave()
    slow.ask()
    slow.update(ada.type("too late"))
    slow.announce(ada.presence())
    flush = scene.flush()

    assert (flush.append, flush.offences) == ((), ())
    assert only(States, writer.heard()) == []


@pytest.mark.parametrize(
    ("state_vector", "error"),
    [
        pytest.param(b"\x01", ProtocolError, id="none"),
        pytest.param(bytes(DEFAULTS.state_vector_bytes + 1), LimitExceeded, id="huge"),
    ],
)
def test_state_vector_is_judged_when_it_comes_also_of_a_client_behind(
    state_vector: bytes, error: type[CollabError]
) -> None:
    scene = Scene()
    slow, writer = scene.join(), scene.join()
    fall_behind(scene, slow, writer, Peer(1))

    with pytest.raises(error):
        slow.ask(state_vector)
