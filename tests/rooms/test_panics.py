"""The CRDT panics: the one who made it is found and ended, and nobody else loses a letter."""

import pytest

from collab.errors import CollabError, ProtocolError
from collab.protocol.limits import Limits
from collab.protocol.structs import Structs, read_structs
from collab.rooms.claims import Origin
from collab.rooms.document import Document
from collab.rooms.flush import Flush
from collab.rooms.poison import PoisonedReplica
from tests.rooms.scene import HOCUSPOCUS, READER, Client, Scene
from tests.support.heard import Status, Step1, Step2, Update, only
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state


class Victim(Scene):
    """A room around the document that the poison is for, and its log."""

    def __init__(self) -> None:
        super().__init__(victim_state())
        self.log = [victim_state()]

    def flush(self) -> Flush:
        flush = super().flush()
        self.log += flush.append
        return flush

    def rebuild(self) -> None:
        self.room.rebuild(Document(self.log))

    def settle(self) -> list[Flush]:
        """Flush and rebuild until there is nothing left to do; acknowledge everything."""
        flushes = []
        while self.room.has_work or self.room.needs_rebuild:
            if self.room.needs_rebuild:
                self.rebuild()
            flushes.append(self.save())
        return flushes


def culprits(flushes: list[Flush]) -> list[object]:
    return [offence.writer for flush in flushes for offence in flush.offences]


def peer_of_victim(client_id: int) -> Peer:
    peer = Peer(client_id)
    peer.hear([victim_state()])
    return peer


def test_failure_of_the_crdt_poisons_the_replica() -> None:
    with pytest.raises(PoisonedReplica, match="the CRDT failed"):
        Document([victim_state()]).apply([POISON])


def test_update_of_which_the_crdt_writes_what_nobody_reads_poisons_the_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_what_came(update: bytes, *limits: Limits | None) -> Structs:
        if not limits:
            raise ProtocolError("a struct of length 0 came")
        return read_structs(update, *limits)

    monkeypatch.setattr("collab.rooms.replica.read_structs", read_what_came)

    with pytest.raises(PoisonedReplica, match="wrote what cannot be read: a struct of length 0"):
        Document().apply([Peer(1).type("a"), Peer(2).type("b")])


def test_offender_alone_is_found_at_once() -> None:
    scene = Victim()
    bad = scene.join()

    bad.update(POISON)
    flush = scene.flush()

    assert culprits([flush]) == [bad.session]
    assert isinstance(flush.offences[0].error, CollabError)
    assert (flush.append, flush.acknowledge) == ((), ())
    assert scene.room.needs_rebuild


def test_nothing_of_a_flush_that_panicked_is_passed_on_or_logged() -> None:
    scene = Victim()
    bad, good = scene.join(), scene.join()

    good.update(peer_of_victim(1).type("a"))
    bad.update(POISON)
    flush = scene.flush()

    assert (flush.append, flush.acknowledge, flush.offences) == ((), (), ())
    assert only(Update, good.heard()) == []


def test_innocents_of_the_same_flush_are_applied_in_order_after_the_rebuild() -> None:
    scene = Victim()
    bad, good, reader = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS), scene.join()
    ada, follower = peer_of_victim(1), peer_of_victim(2)

    good.update(ada.type(" one"))
    bad.update(POISON)
    good.update(ada.type(" two"), ada.type(" three"))
    flushes = scene.settle()
    follower.hear(said.update for said in only(Update, reader.heard()))

    assert culprits(flushes) == [bad.session]
    assert only(Status, good.heard()) == [Status(saved=True)] * 3
    assert str(follower.text) == "hello one two three"
    assert text_of(*scene.log) == "hello one two three"


def test_offenders_later_edits_are_dropped_and_its_earlier_ones_kept() -> None:
    scene = Victim()
    bad = scene.join()
    peer = peer_of_victim(1)
    before, after = peer.type(" before"), peer.type(" after")

    bad.update(before, POISON, after)
    flushes = scene.settle()

    assert culprits(flushes) == [bad.session]
    assert text_of(*scene.log) == "hello before"


def test_each_of_several_offenders_is_found() -> None:
    scene = Victim()
    clients = [scene.join() for _ in range(4)]
    peers = [peer_of_victim(number) for number in range(1, 5)]

    for client, peer in zip(clients, peers, strict=True):
        client.update(peer.type(f" {peer.client_id}"))
    clients[0].update(POISON)
    clients[2].update(POISON)
    flushes = scene.settle()

    assert culprits(flushes) == [clients[0].session, clients[2].session]
    assert sorted(text_of(*scene.log)) == sorted("hello 1 2 3 4")


def test_edits_that_arrive_during_the_rebuild_are_applied_after_it() -> None:
    scene = Victim()
    bad, good = scene.join(), scene.join(HOCUSPOCUS)
    ada = peer_of_victim(1)
    good.update(ada.type(" one"))
    bad.update(POISON)
    scene.flush()

    good.update(ada.type(" two"))
    scene.settle()

    assert text_of(*scene.log) == "hello one two"
    assert only(Status, good.heard()) == [Status(saved=True)] * 2


def test_flush_during_the_rebuild_does_nothing() -> None:
    scene = Victim()
    bad, good = scene.join(), scene.join()
    bad.update(POISON)
    scene.flush()

    good.update(peer_of_victim(1).type("a"))
    flush = scene.flush()

    assert not scene.room.has_work
    assert (flush.append, flush.acknowledge, flush.offences) == ((), (), ())


def test_client_that_joins_during_the_rebuild_is_greeted_and_answered_after_it() -> None:
    scene = Victim()
    scene.join().update(POISON)
    scene.flush()

    newcomer = scene.enter()
    newcomer.ask()
    scene.flush()
    assert newcomer.heard() == []
    scene.rebuild()
    scene.flush()

    assert [type(said) for said in newcomer.heard()] == [Step1, Step2]


def test_room_applies_flushes_as_one_again_after_the_offender_is_found() -> None:
    scene = Victim()
    bad, good, reader = scene.join(), scene.join(), scene.join()
    bad.update(POISON)
    good.update(peer_of_victim(1).type("x"))
    scene.settle()
    reader.heard()
    ada = peer_of_victim(2)

    good.update(ada.type("a"), ada.type("b"))
    scene.flush()

    assert len(only(Update, reader.heard())) == 1


def test_script_that_panics_the_crdt_is_the_offender() -> None:
    class Script:
        author = None
        origin = Origin.WRITTEN

        def saved(self) -> None:
            raise AssertionError("its edit was not saved")

        def refused(self) -> bool:
            return False

    scene = Victim()
    script = Script()

    scene.room.edit(script, POISON)

    assert culprits([scene.flush()]) == [script]


def lose_replica_at(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the CRDT panic when it is read: nothing is known that makes it, so here it is feigned."""

    def panic(*_: object) -> bytes:
        raise PoisonedReplica("the CRDT failed")

    monkeypatch.setattr(Document, method, panic)


def test_question_that_panics_ends_its_asker_and_the_others_are_answered_after_the_rebuild(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Victim()
    bad, good = scene.join(), scene.join()
    bad.ask()
    good.ask()
    with monkeypatch.context() as panicking:
        lose_replica_at("diff", panicking)
        flush = scene.flush()
    assert culprits([flush]) == [bad.session]

    scene.settle()

    assert [type(said) for said in good.heard()] == [Step2]


def test_readers_update_that_panics_the_comparison_is_refused_and_the_replica_rebuilt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Victim()
    reader: Client = scene.join(HOCUSPOCUS)
    reader.session.rights = type(reader.session.rights)(may_write=False)
    reader.update(victim_state())
    with monkeypatch.context() as panicking:
        lose_replica_at("holds", panicking)
        scene.flush()

    assert reader.heard() == [Status(saved=False)]
    assert scene.room.needs_rebuild


def test_readers_updates_behind_one_that_panics_are_judged_after_the_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Victim()
    bad, good = scene.join(HOCUSPOCUS, READER), scene.join(HOCUSPOCUS, READER)
    bad.update(victim_state())
    good.update(victim_state())
    with monkeypatch.context() as panicking:
        lose_replica_at("holds", panicking)
        scene.save()
    assert good.heard() == []

    scene.settle()

    assert good.heard() == [Status(saved=True)]


def test_catching_up_that_panics_is_done_after_the_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Victim()
    slow, writer = scene.join(outbox_bytes=0), scene.join()
    slow.wire.stalled = True
    ada = peer_of_victim(1)
    writer.update(ada.type("a"))
    scene.flush()
    writer.update(ada.type("b"))
    scene.flush()
    slow.wire.take()
    slow.wire.drain()
    with monkeypatch.context() as panicking:
        lose_replica_at("diff", panicking)
        assert scene.tick() == []
    assert scene.room.needs_rebuild

    scene.rebuild()
    scene.tick()

    (diff,) = only(Update, slow.heard())
    assert b"b" in diff.update
