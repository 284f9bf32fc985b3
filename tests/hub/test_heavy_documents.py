"""Documents that are heavy are worked on elsewhere, and nobody waits for that but those who asked."""

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from structlog.testing import capture_logs

from collab import offloading
from collab.errors import (
    CollabError,
    CorruptDocument,
    DatabaseUnavailable,
    DocumentDeleted,
    ProtocolError,
    ServerDraining,
    UpdateError,
)
from collab.hub import encoding, replicas
from collab.hub.replicas import CLIENT_WEIGHT, QUICK_TO_LOAD, TAIL_WEIGHT
from collab.ports import DocumentName
from collab.protocol.messages import EMPTY_STATE_VECTOR, SyncStep1
from collab.protocol.updates import encode_state_vector
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from collab.rooms.replica import QUICK_TO_ENCODE
from tests.hub.house import DOC, Guest, House, OpenHub
from tests.support.eventually import eventually
from tests.support.heard import Step2
from tests.support.peers import Peer, text_of

HEAVY = DocumentName("heavy")
HEAVY_UPDATE = offloading.HEAVY


def heavy_peer() -> Peer:
    """A client that has written more than is loaded at once."""
    peer = Peer(1)
    for _ in range(10):
        peer.type("letters " * (QUICK_TO_LOAD // 80))
    return peer


@contextlib.asynccontextmanager
async def nothing_offloaded() -> AsyncIterator[None]:
    """Have all work that is offloaded wait for its turn."""
    turns = offloading._processes()
    keys = [object() for _ in range(offloading.PROCESSES)]
    for key in keys:
        await turns.acquire_on_behalf_of(key)
    try:
        yield
    finally:
        for key in keys:
            turns.release_on_behalf_of(key)


@pytest.fixture
async def peer(house: House) -> Peer:
    """Who wrote the heavy document of the house."""
    peer = heavy_peer()
    await house.create(HEAVY, update=peer.state)
    house.log.loads.clear()
    return peer


async def test_while_a_heavy_document_is_opened_another_room_goes_on(house: House, peer: Peer) -> None:
    other = await house.join("other")
    typist = Peer(2)
    guests: list[Guest] = []

    async def come() -> None:
        guest = await house.join(HEAVY)
        guest.ask()
        guests.append(guest)

    async with anyio.create_task_group() as tasks, nothing_offloaded():
        tasks.start_soon(come)
        tasks.start_soon(come)
        await anyio.wait_all_tasks_blocked()
        other.update(typist.type("meanwhile"))
        await eventually(lambda: other.saved)
        assert not guests
    await eventually(lambda: all(guest.answers for guest in guests))

    assert house.log.loads.count(HEAVY) == 1
    assert [text_of(*guest.content) for guest in guests] == [str(peer.text)] * 2


async def compact(house: House, name: DocumentName) -> None:
    stored = await house.log.load(name)
    assert stored is not None
    await house.log.compact(stored.record.id)


def peer_of_many() -> Peer:
    """A client that has a letter of each of many others."""
    peer = Peer(1)
    peer.hear(Peer(number).type("a") for number in range(2, QUICK_TO_LOAD // CLIENT_WEIGHT))
    return peer


@pytest.mark.parametrize("writer", [heavy_peer, peer_of_many])
async def test_a_heavy_document_is_built_in_steps_between_which_others_have_a_turn(
    house: House, writer: Callable[[], Peer]
) -> None:
    peer = writer()
    name = await house.create("second", update=peer.state)
    await compact(house, name)
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(len(house.hub._rooms))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count_turns)
        live = await house.hub.open(name, create=False)
        tasks.cancel_scope.cancel()

    assert len(turns) > 2
    assert text_of(await live.state()) == str(peer.text)


async def test_a_heavy_document_takes_edits_after_it_was_opened(house: House, peer: Peer) -> None:
    ada, bob = await house.join(HEAVY), await house.join(HEAVY)

    ada.update(peer.type("the end"))
    await eventually(lambda: ada.saved and bob.content)

    assert text_of(*await house.stored(HEAVY)) == str(peer.text)


async def test_a_closed_heavy_document_is_read(house: House, peer: Peer) -> None:
    assert text_of(await house.hub.read(HEAVY)) == str(peer.text)
    assert not house.hub._rooms


async def test_a_heavy_snapshot_is_read_as_it_is(house: House, peer: Peer) -> None:
    await compact(house, HEAVY)

    assert text_of(await house.hub.read(HEAVY)) == str(peer.text)


async def test_a_heavy_log_that_cannot_be_loaded_is_neither_served_nor_overwritten(house: House) -> None:
    junk = b"no update" * (QUICK_TO_LOAD // TAIL_WEIGHT)
    await house.create(HEAVY, update=junk)

    with pytest.raises(CorruptDocument, match="'heavy' cannot be loaded"):
        await house.join(HEAVY)
    with pytest.raises(CorruptDocument, match="'heavy' cannot be loaded"):
        await house.hub.read(HEAVY)

    assert not house.hub._rooms
    assert await house.stored(HEAVY) == [junk]


def very_heavy_peer() -> Peer:
    """A client that has written more than is encoded at once."""
    peer = Peer(1)
    peer.type("letters " * (QUICK_TO_ENCODE // 8 + 1))
    return peer


@pytest.fixture
async def author(house: House) -> Peer:
    """Who wrote a document that is open, and was changed since it was encoded last."""
    peer = very_heavy_peer()
    await house.create(HEAVY, update=peer.state)
    guest = await house.join(HEAVY)
    guest.update(peer.type("the end"))
    await eventually(lambda: guest.saved)
    return peer


async def test_while_a_heavy_document_is_encoded_everybody_goes_on(house: House, author: Peer) -> None:
    other, here, newcomer = await house.join("other"), await house.join(HEAVY), await house.join(HEAVY)

    async with nothing_offloaded():
        newcomer.ask()
        await anyio.wait_all_tasks_blocked()
        other.update(Peer(2).type("elsewhere"))
        here.update(author.type(" is"))
        here.update(author.type(" near"))
        await eventually(lambda: other.saved and here.saved == 2)
        assert not newcomer.answers
        assert len(newcomer.content) in {1, 2}
    await eventually(lambda: newcomer.answers)

    assert isinstance(newcomer.said()[-1], Step2)
    assert text_of(*newcomer.content) == str(author.text)


def heard(guest: Guest, updates: int) -> bool:
    return len(guest.content) == updates


async def test_edits_reach_who_waits_for_a_heavy_document_in_their_order(house: House, author: Peer) -> None:
    here, newcomer = await house.join(HEAVY), await house.join(HEAVY)
    edits = [author.type(letter) for letter in "abcdef"]

    async with nothing_offloaded():
        newcomer.ask()
        await anyio.wait_all_tasks_blocked()
        for number, edit in enumerate(edits, 1):
            here.update(edit)
            await eventually(partial(heard, newcomer, number))
        assert newcomer.content == edits


async def test_those_who_ask_while_a_heavy_document_is_encoded_share_its_answer(house: House, author: Peer) -> None:
    guests = [await house.join(HEAVY) for _ in range(6)]
    house.log.loads.clear()

    async with nothing_offloaded():
        guests[0].ask()
        await eventually(lambda: house.log.loads)
        for guest in guests[1:]:
            guest.ask()
        await anyio.wait_all_tasks_blocked()
    await eventually(lambda: all(guest.answers for guest in guests))

    assert len(house.log.loads) == 1
    assert {text_of(*guest.content) for guest in guests} == {str(author.text)}


async def test_an_encoded_document_is_remembered_until_it_changes(house: House, author: Peer) -> None:
    here = await house.join(HEAVY)
    assert text_of(await house.hub.read(HEAVY)) == str(author.text)

    async with nothing_offloaded():
        assert text_of(await house.hub.read(HEAVY)) == str(author.text)
    here.update(author.type(" is near"))
    assert text_of(await house.hub.read(HEAVY)) == str(author.text)


async def test_what_changed_while_it_was_encoded_is_in_what_is_read_next(house: House, author: Peer) -> None:
    here = await house.join(HEAVY)
    before, read = str(author.text), list[bytes]()

    async def read_it() -> None:
        read.append(await house.hub.read(HEAVY))

    async with anyio.create_task_group() as tasks, nothing_offloaded():
        tasks.start_soon(read_it)
        await anyio.wait_all_tasks_blocked()
        here.update(author.type(" is near"))
        await eventually(lambda: here.saved)

    assert text_of(*read) == before
    assert text_of(await house.hub.read(HEAVY)) == str(author.text)


async def test_who_lacks_little_of_a_heavy_document_is_answered_at_once(house: House, author: Peer) -> None:
    newcomer = await house.join(HEAVY)
    known = author.state_vector
    newcomer.update(author.type(" is near"))

    async with nothing_offloaded():
        newcomer.send(SyncStep1(known))
        await eventually(lambda: newcomer.answers)

    assert len(newcomer.answers[0].update) < 100


async def test_a_state_vector_of_long_ago_is_answered_with_what_lacks_to_it(house: House, author: Peer) -> None:
    newcomer, reader = await house.join(HEAVY), Peer(7)
    known = reader.type("of my own")
    newcomer.update(known)

    newcomer.send(SyncStep1(reader.state_vector))
    await eventually(lambda: newcomer.answers)

    assert known not in newcomer.answers[0].update
    reader.hear(newcomer.content)
    assert sorted(str(reader.text)) == sorted(str(author.text) + "of my own")


async def test_a_question_that_cannot_be_answered_leaves_the_others_their_answers_from_elsewhere(
    house: House, author: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = [await house.join(HEAVY) for _ in range(3)]
    breaking, empty = encode_state_vector({7: 7}), EMPTY_STATE_VECTOR
    diff = Document.diff

    def breaks(document: Document, state_vector: bytes) -> bytes:
        if state_vector == breaking:
            raise PoisonedReplica("the CRDT failed")
        return diff(document, state_vector)

    async def here(weight: int, function: Callable[..., object], *args: object) -> object:
        return await anyio.to_thread.run_sync(function, *args)

    monkeypatch.setattr(Document, "diff", breaks)
    monkeypatch.setattr(replicas, "offloaded", here)
    with capture_logs() as logged:
        for guest, state_vector in zip(guests, (empty, breaking, empty), strict=True):
            guest.send(SyncStep1(state_vector))
        await eventually(lambda: guests[0].answers and guests[1].endings and guests[2].answers)

    assert [type(ending) for ending in guests[1].endings] == [ProtocolError]
    assert {text_of(*guest.content) for guest in (guests[0], guests[2])} == {str(author.text)}
    assert "a heavy document is encoded at once" not in [line["event"] for line in logged]


async def test_without_its_log_a_heavy_document_is_encoded_from_the_replica(house: House, author: Peer) -> None:
    newcomer = await house.join(HEAVY)
    house.log.load_error = DatabaseUnavailable("the database is away")

    async with nothing_offloaded():
        newcomer.ask()
        await eventually(lambda: newcomer.answers)
        assert text_of(await house.hub.read(HEAVY)) == str(author.text)

    assert text_of(*newcomer.content) == str(author.text)


async def test_edits_that_cannot_be_saved_do_not_keep_anybody_out(
    house: House, author: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "PATIENCE", 0.0)
    here, newcomer = await house.join(HEAVY), await house.join(HEAVY)
    house.log.hold_appends()
    here.update(author.type(" is near"))

    newcomer.ask()
    await eventually(lambda: newcomer.answers)

    assert text_of(*newcomer.content) == str(author.text)
    assert not here.saved
    house.log.appending.set()


async def test_who_leaves_while_a_heavy_document_is_encoded_is_told_nothing(house: House, author: Peer) -> None:
    patient, impatient = await house.join(HEAVY), await house.join(HEAVY)

    async with nothing_offloaded():
        impatient.ask()
        patient.ask()
        await anyio.wait_all_tasks_blocked()
        impatient.leave()
    await eventually(lambda: patient.answers)

    assert not impatient.answers
    assert text_of(*patient.content) == str(author.text)


async def test_a_room_that_fails_while_its_document_is_encoded_is_left_by_all(house: House, author: Peer) -> None:
    newcomer = await house.join(HEAVY)
    house.log.load_error = RuntimeError("nobody foresaw this")

    newcomer.ask()
    await eventually(lambda: newcomer.endings)

    assert newcomer.live.closed


async def test_a_heavy_document_that_was_edited_is_compacted_at_rest_without_being_encoded(
    house: House, author: Peer
) -> None:
    guest = await house.join(HEAVY)
    await eventually(lambda: house.log.compacted)

    guest.update(author.type(" is near"))
    await eventually(lambda: guest.saved)

    assert guest.live.is_due_at_rest
    assert guest.live._room.is_slow_to_read


async def test_while_a_large_update_is_taken_apart_everybody_goes_on(house: House) -> None:
    await house.create()
    guest = await house.join()
    large = Peer(5).type("x" * HEAVY_UPDATE)

    async with anyio.create_task_group() as tasks, nothing_offloaded():
        tasks.start_soon(house.hub.write, DOC, large)
        await anyio.wait_all_tasks_blocked()
        guest.update(Peer(2).type("y"))
        await eventually(lambda: guest.saved)
        assert len(guest.content) == 1

    assert sorted(text_of(*await house.stored())) == sorted("x" * HEAVY_UPDATE + "y")


async def test_a_large_update_that_is_none_is_refused(house: House) -> None:
    await house.create()

    with pytest.raises(UpdateError, match="bytes that are no Yjs update"):
        await house.hub.write(DOC, b"junk" * HEAVY_UPDATE)

    assert await house.stored() == []


async def test_a_hub_that_drains_while_a_heavy_document_is_encoded_ends(open_hub: OpenHub) -> None:
    failures: list[CollabError] = []
    async with anyio.create_task_group() as tasks, open_hub() as house:
        peer = very_heavy_peer()
        await house.create(HEAVY, update=peer.state)
        guest = await house.join(HEAVY)
        guest.update(peer.type("the end"))

        async def read() -> None:
            try:
                await house.hub.read(HEAVY)
            except CollabError as error:
                failures.append(error)

        async with nothing_offloaded():
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await house.hub.drain()
            house.hub._tasks.cancel_scope.cancel()
            await eventually(lambda: failures)

    assert [type(failure) for failure in failures] == [ServerDraining]


async def test_a_hub_that_drains_while_a_heavy_document_is_opened_ends(open_hub: OpenHub) -> None:
    failures: list[CollabError] = []
    async with anyio.create_task_group() as tasks, open_hub() as house:
        await house.create(HEAVY, update=heavy_peer().state)

        async def come() -> None:
            try:
                await house.join(HEAVY)
            except CollabError as error:
                failures.append(error)

        async with nothing_offloaded():
            tasks.start_soon(come)
            await anyio.wait_all_tasks_blocked()
            await house.hub.drain()
            await eventually(lambda: failures)

    assert [type(failure) for failure in failures] == [ServerDraining]


async def test_deleting_a_heavy_document_gives_up_what_is_built_of_it(house: House, peer: Peer) -> None:
    failures: list[CollabError] = []

    async def come() -> None:
        try:
            await house.join(HEAVY)
        except CollabError as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks, nothing_offloaded():
        tasks.start_soon(come)
        await eventually(lambda: offloading._processes().statistics().tasks_waiting)
        await house.documents.delete(HEAVY)
        await house.hub.close(HEAVY)
        await eventually(lambda: failures)
        await eventually(lambda: not offloading._processes().statistics().tasks_waiting)

    assert [type(failure) for failure in failures] == [DocumentDeleted]
    assert not house.hub._rooms


async def test_everybody_who_reads_a_heavy_document_whose_room_fails_is_told(house: House, author: Peer) -> None:
    failures: list[CollabError] = []

    async def read() -> None:
        try:
            await house.hub.read(HEAVY)
        except CollabError as error:
            failures.append(error)

    house.log.hold_loads()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await eventually(lambda: house.log.loads.count(HEAVY) == 2)
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            house.log.load_error = RuntimeError("nobody foresaw this")
            house.log.loading.set()

    assert len(failures) == 2
