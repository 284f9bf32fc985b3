"""Who is told what about an edit: saved, once for each and only when told so; refused; or shown the door."""

from collab.errors import UpdateError
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.messages import SyncStep2
from collab.rooms.claims import Origin
from tests.rooms.scene import HOCUSPOCUS, READER, Scene
from tests.support.heard import Status, Step1, Step2, Update, only
from tests.support.peers import Peer, text_of

JUNK = b"\x01\x01junk"


def test_nothing_is_acknowledged_by_the_flush_itself() -> None:
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    client.update(Peer(1).type("a"))
    scene.flush()

    assert only(Status, client.heard()) == []


def test_each_update_and_step2_is_acknowledged_once() -> None:
    scene = Scene()
    client, other = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    ada = Peer(1)

    client.update(ada.type("a"), ada.type("b"))
    client.send(SyncStep2(ada.type("c")))
    scene.save()

    assert only(Status, client.heard()) == [Status(saved=True)] * 3
    assert only(Status, other.heard()) == []


def test_y_websocket_writer_is_told_nothing() -> None:
    scene = Scene()
    client = scene.join()

    client.update(Peer(1).type("a"))
    scene.save()

    assert [type(said) for said in client.heard()] == [Update]


def test_junk_is_refused_in_hocuspocus() -> None:
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    client.update(JUNK)
    flush = scene.save()

    assert client.wire.take() == [b"\x03doc\x08\x00"]
    assert (flush.append, flush.offences) == ((), ())


def test_junk_ends_the_session_in_y_websocket() -> None:
    scene = Scene()
    client = scene.join()

    client.update(JUNK)
    (offence,) = scene.save().offences

    assert offence.writer is client.session
    assert isinstance(offence.error, UpdateError)
    assert "6 bytes" in str(offence.error)


def test_junk_does_not_disturb_the_others_of_its_flush() -> None:
    scene = Scene()
    bad, good = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    ada = Peer(1)

    good.update(ada.type("a"))
    bad.update(JUNK)
    good.update(ada.type("b"))
    flush = scene.save()

    assert text_of(*flush.append) == "ab"
    assert only(Status, good.heard()) == [Status(saved=True)] * 2
    assert only(Status, bad.heard()) == [Status(saved=False)]


def test_reader_that_sends_back_what_is_known_is_told_saved() -> None:
    ada = Peer(1)
    ada.type("abc")
    ada.edit(lambda peer: peer.text.clear())
    scene = Scene(ada.state)
    reader = scene.join(HOCUSPOCUS, READER)

    reader.send(SyncStep2(ada.state))
    flush = scene.save()

    assert reader.heard() == [Status(saved=True)]
    assert flush.append == ()


def test_reader_that_writes_is_refused_and_stays() -> None:
    scene = Scene()
    reader, other = scene.join(HOCUSPOCUS, READER), scene.join(HOCUSPOCUS)

    reader.update(Peer(1).type("a"))
    flush = scene.save()

    assert reader.heard() == [Status(saved=False)]
    assert (flush.append, flush.offences, other.heard()) == ((), (), [])


def test_reader_that_deletes_is_refused() -> None:
    ada = Peer(1)
    ada.type("abc")
    scene = Scene(ada.state)
    reader = scene.join(HOCUSPOCUS, READER)

    reader.update(ada.edit(lambda peer: peer.text.clear()))
    scene.save()

    assert reader.heard() == [Status(saved=False)]
    assert text_of(scene.room.state()) == "abc"


def test_reader_that_sends_junk_is_refused() -> None:
    scene = Scene()
    reader = scene.join(HOCUSPOCUS, READER)

    reader.update(JUNK)
    scene.save()

    assert reader.heard() == [Status(saved=False)]


def test_reader_in_y_websocket_that_writes_is_passed_over() -> None:
    scene = Scene()
    reader = scene.join(rights=READER)

    reader.update(Peer(1).type("a"))
    flush = scene.save()

    assert (flush.append, flush.offences, reader.heard()) == ((), (), [])


def test_session_that_left_is_not_told_of_edits_saved_after() -> None:
    """A provider that comes back to the same address counts acknowledgements, and must not get those of its former life."""
    scene = Scene()
    client = scene.join(HOCUSPOCUS)

    client.update(Peer(1).type("a"))
    flush = scene.flush()
    client.leave()
    client.wire.take()
    for writer in flush.acknowledge:
        writer.saved()

    assert client.heard() == []


def test_writer_that_is_no_session_is_told_in_the_same_way() -> None:
    outcomes: list[str] = []

    class Script:
        author = None
        origin = Origin.WRITTEN

        def saved(self) -> None:
            outcomes.append("saved")

        def refused(self) -> bool:
            outcomes.append("refused")
            return True

    scene = Scene()
    reader = scene.join()
    scene.room.edit(Script(), Peer(1).type("a"))
    scene.room.edit(Script(), JUNK)
    scene.save()

    assert outcomes == ["refused", "saved"]
    assert text_of(only(Update, reader.heard())[0].update) == "a"


def test_session_address_does_not_change_what_is_acknowledged() -> None:
    scene = Scene()
    client = scene.join(HocuspocusDialect("doc\x00s1"))

    client.ask()
    client.update(Peer(1).type("a"))
    scene.save()

    assert [type(said) for said in client.heard()] == [Update, Step1, Step2, Status]
