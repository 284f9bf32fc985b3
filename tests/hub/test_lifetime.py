"""When a room goes: idle and saved, deleted, failed, or with the server."""

import anyio
import pytest

from collab.errors import CollabError, DatabaseUnavailable, DocumentDeleted, ServerDraining, UpdateError
from collab.hub import hub as hub_module
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from collab.settings import MIB
from tests.hub.house import DOC, House, OpenHub
from tests.support.eventually import eventually
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state


@pytest.fixture
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TICK", 0.001)


@pytest.mark.usefixtures("quick_ticks")
async def test_room_is_closed_when_nobody_is_left(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        guest = await house.join()
        assert len(house.hub._rooms) == 1

        guest.leave()
        await eventually(lambda: len(house.hub._rooms) == 0)

        assert guest.live.closed


@pytest.mark.usefixtures("quick_ticks")
async def test_room_with_a_guest_is_not_closed(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await house.join("stays")
        leaver = await house.join("goes")

        leaver.leave()
        await eventually(lambda: len(house.hub._rooms) == 1)

        assert leaver.live.closed


@pytest.mark.usefixtures("quick_ticks")
async def test_room_with_unsaved_edits_outlives_its_guests(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await house.create()
        guest, witness = await house.join(), await house.join("witness")
        house.log.append_error = DatabaseUnavailable("away")
        guest.update(Peer(1).type("unsaved"))
        guest.leave()
        witness.leave()
        await eventually(lambda: witness.live.closed and len(house.log.appends) > 1)
        assert not guest.live.closed

        house.log.append_error = None
        await eventually(lambda: guest.live.closed)

        assert text_of(*await house.stored()) == "unsaved"


async def test_guest_that_comes_back_in_time_finds_the_room_open(house: House) -> None:
    guest = await house.join()
    guest.leave()

    back = await house.join()

    assert back.live is guest.live
    assert back.live.empty_since is None


async def test_deletion_ends_every_session(house: House) -> None:
    name = await house.create()
    guests = [await house.join(), await house.join()]

    await house.documents.delete(name)
    await house.hub.close(name)

    assert [[type(ending) for ending in guest.endings] for guest in guests] == [[DocumentDeleted]] * 2
    assert len(house.hub._rooms) == 0


async def test_session_that_fails_to_end_does_not_keep_the_others(house: House) -> None:
    name = await house.create()
    broken, whole = await house.join(), await house.join()

    def fail(_error: CollabError) -> None:
        raise RuntimeError("a bug")

    broken.live._ends[broken.session] = fail
    await house.hub.close(name)

    assert len(whole.endings) == 1


async def test_edits_before_the_deletion_are_in_the_trash(house: House) -> None:
    name = await house.create()
    guest = await house.join()
    guest.update(Peer(1).type("last words"))

    await house.documents.delete(name)
    await house.hub.close(name)
    await eventually(lambda: house.log.committed)
    await house.documents.restore(name)

    assert text_of(*await house.stored()) == "last words"


async def test_edits_after_the_deletion_do_not_bring_the_document_back(house: House) -> None:
    name = await house.create()
    guest = await house.join()
    await house.documents.delete(name)
    await house.hub.close(name)

    guest.update(Peer(1).type("late"))
    guest.live.flush()
    await house.hub.committer.drained()

    with pytest.raises(DocumentDeleted):
        await house.log.load(DOC)


@pytest.mark.parametrize("told", [True, False], ids=["deleted here", "deleted on another node"])
async def test_first_write_does_not_bring_back_what_was_created_and_deleted_meanwhile(house: House, told: bool) -> None:
    guest = await house.join()
    name = await house.create()
    await house.documents.delete(name)
    guest.update(Peer(1).type("late"))
    if told:
        await house.hub.close(name)
    guest.live.flush()
    await house.hub.committer.drained()

    with pytest.raises(DocumentDeleted):
        await house.documents.get(DOC)
    assert [type(ending) for ending in guest.endings] == [DocumentDeleted]


async def test_first_write_to_a_deleted_document_does_not_land_in_its_successor(house: House) -> None:
    guest = await house.join()
    name = await house.create()
    await house.documents.delete(name)
    guest.update(Peer(1).type("late"))
    await house.hub.close(name)
    await house.create()
    await house.hub.committer.drained()

    assert await house.stored() == []


async def test_successor_of_a_deleted_document_starts_empty(house: House) -> None:
    name = await house.create(update=Peer(1).type("old"))
    await house.join()
    await house.documents.delete(name)
    await house.hub.close(name)
    await house.create(update=Peer(2).type("new"))

    guest = await house.join()
    guest.ask()
    await eventually(lambda: guest.answers)

    assert text_of(*guest.content) == "new"


async def test_script_that_writes_during_the_deletion_is_told(house: House) -> None:
    name = await house.create(update=victim_state())
    bad = await house.join()
    house.log.hold_loads()
    bad.update(POISON)
    await eventually(lambda: bad.endings)  # from here on the room waits for a new replica

    async def write() -> None:
        with pytest.raises(DocumentDeleted):
            await house.hub.write(name, Peer(1).type("a"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        await house.documents.delete(name)
        await house.hub.close(name)
    house.log.loading.set()


async def test_drain_commits_what_was_received(open_hub: OpenHub) -> None:
    async with open_hub() as house:
        await house.create()
        guest = await house.join()
        peer = Peer(1)

        guest.update(peer.type("a"))
        await house.hub.drain()

        assert guest.saved == 1
        assert text_of(*await house.stored()) == "a"


async def test_drain_ends_sessions_so_that_they_come_back(house: House) -> None:
    guest = await house.join()

    await house.hub.drain()

    assert [type(ending) for ending in guest.endings] == [ServerDraining]


async def test_drain_waits_for_a_database_that_comes_back(house: House) -> None:
    await house.create()
    guest = await house.join()
    house.log.append_error = DatabaseUnavailable("away")
    guest.update(Peer(1).type("a"))
    await eventually(lambda: house.log.appends)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(house.hub.drain)
        await anyio.wait_all_tasks_blocked()
        assert guest.endings == []
        house.log.append_error = None

    assert guest.saved == 1
    assert len(guest.endings) == 1


async def test_drain_gives_up_after_its_timeout_and_acknowledges_nothing(open_hub: OpenHub) -> None:
    async with open_hub(drain_timeout=0.05) as house:
        await house.create()
        guest = await house.join()
        house.log.hold_appends()
        guest.update(Peer(1).type("a"))

        await house.hub.drain()

        assert (guest.saved, len(guest.endings)) == (0, 1)


async def test_drain_does_not_wait_for_a_writer_who_goes_on(open_hub: OpenHub) -> None:
    async with open_hub(drain_timeout=3600) as house:
        await house.create()
        guest = await house.join()
        peer = Peer(1)
        append = house.log.append

        async def append_and_type_on(batch: object) -> None:
            await append(batch)  # type: ignore[arg-type]
            if not guest.endings:
                guest.update(peer.type("x"))
                guest.live.flush()

        house.log.append = append_and_type_on  # type: ignore[method-assign]
        guest.update(peer.type("x"))
        with anyio.fail_after(20):
            await house.hub.drain()

        assert text_of(*await house.stored()) == str(peer.text)


async def test_leaving_the_hub_drains_it(open_hub: OpenHub) -> None:
    async with open_hub() as house:
        await house.create()
        guest = await house.join()
        guest.update(Peer(1).type("a"))

    assert guest.saved == 1
    assert len(guest.endings) == 1


async def test_panic_ends_the_offender_alone_and_keeps_the_rest(house: House) -> None:
    await house.create(update=victim_state())
    bad, good, reader = await house.join(), await house.join(), await house.join()
    ada = Peer(1)
    ada.hear([victim_state()])

    good.update(ada.type(" one"))
    bad.update(POISON)
    good.update(ada.type(" two"))
    await eventually(lambda: good.saved == 2)

    assert [type(ending) for ending in bad.endings] == [UpdateError]
    assert (good.endings, reader.endings, bad.saved) == ([], [], 0)
    assert text_of(*await house.stored()) == "hello one two"
    assert text_of(victim_state(), *reader.content) == "hello one two"


async def test_replica_is_rebuilt_only_after_what_was_flushed_is_committed(house: House) -> None:
    await house.create(update=victim_state())
    bad, good = await house.join(), await house.join()
    ada = Peer(1)
    ada.hear([victim_state()])
    house.log.hold_appends()
    good.update(ada.type(" kept"))
    good.live.flush()
    bad.update(POISON)
    bad.live.flush()
    loads = len(house.log.loads)
    await anyio.wait_all_tasks_blocked()
    assert len(house.log.loads) == loads

    house.log.appending.set()
    good.update(ada.type(" on"))
    await eventually(lambda: good.saved == 2)
    good.ask()
    await eventually(lambda: good.answers)

    assert text_of(*good.content[-1:]) == "hello kept on"


async def test_rebuild_waits_for_a_database_that_is_away(house: House) -> None:
    await house.create(update=victim_state())
    bad, good = await house.join(), await house.join()
    house.log.load_error = DatabaseUnavailable("away")
    loads = len(house.log.loads)
    bad.update(POISON)
    await eventually(lambda: len(house.log.loads) > loads)
    good.ask()

    house.log.load_error = None
    await eventually(lambda: good.answers)

    assert good.endings == []


async def test_document_is_read_from_the_log_while_its_replica_is_rebuilt(house: House) -> None:
    name = await house.create(update=victim_state())
    bad = await house.join()
    house.log.hold_loads()
    bad.update(POISON)
    await eventually(lambda: bad.endings)
    state: list[bytes] = []

    async def read() -> None:
        state.append(await house.hub.read(name))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        house.log.loading.set()

    assert text_of(*state) == "hello"


async def test_script_that_panics_the_crdt_is_refused(house: House) -> None:
    name = await house.create(update=victim_state())

    with pytest.raises(UpdateError, match="the CRDT failed"):
        await house.hub.write(name, POISON)

    assert text_of(await house.hub.read(name)) == "hello"


@pytest.mark.usefixtures("quick_ticks")
async def test_bug_in_one_room_closes_that_room_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = await house.join("broken"), await house.join("whole")

    def fail(_now: float) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(broken.live._room, "tick", fail)
    await eventually(lambda: broken.endings)
    whole.update(Peer(1).type("a"))
    await eventually(lambda: whole.saved)

    assert [type(ending) for ending in broken.endings] == [CollabError]
    assert len(house.hub._rooms) == 1


@pytest.mark.usefixtures("quick_ticks")
async def test_bug_in_an_idle_room_stops_nothing(open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        broken = await house.join("broken")

        def fail(_now: float) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(broken.live._room, "tick", fail)
        broken.leave()
        await eventually(lambda: broken.live.closed)
        leaver = await house.join("whole")
        leaver.leave()
        await eventually(lambda: leaver.live.closed)

        assert len(house.hub._rooms) == 0


async def test_bug_while_a_replica_is_rebuilt_closes_that_room_alone(house: House) -> None:
    await house.create(update=victim_state())
    bad, good, other = await house.join(), await house.join(), await house.join("other")
    house.log.load_error = RuntimeError("a bug")
    bad.update(POISON)
    await eventually(lambda: good.endings)
    house.log.load_error = None
    other.update(Peer(1).type("a"))
    await eventually(lambda: other.saved)

    assert [type(ending) for ending in good.endings] == [CollabError]


async def test_bug_while_stored_content_is_taken_in_closes_that_room_alone(house: House) -> None:
    guest, other = await house.join(), await house.join("other")
    await house.create(update=Peer(1).type("a"))
    house.log.load_error = RuntimeError("a bug")
    guest.update(Peer(2).type("b"))
    await eventually(lambda: guest.endings)
    house.log.load_error = None
    other.update(Peer(3).type("c"))
    await eventually(lambda: other.saved)

    assert [type(ending) for ending in guest.endings] == [CollabError]


async def test_edits_that_wait_for_a_replica_fill_the_committer_until_it_is_rebuilt(open_hub: OpenHub) -> None:
    async with open_hub(max_unsaved_bytes=MIB) as house:
        await house.create(update=victim_state())
        bad, good = await house.join(), await house.join()
        house.log.hold_loads()
        bad.update(POISON)
        await eventually(lambda: bad.endings)

        good.update(Peer(1).type("x" * MIB))
        assert house.hub.committer.is_full
        house.log.loading.set()
        await eventually(lambda: good.saved)

        assert not house.hub.committer.is_full


async def test_edits_that_wait_for_a_replica_weigh_nothing_once_the_room_is_given_up(open_hub: OpenHub) -> None:
    async with open_hub(max_unsaved_bytes=MIB) as house:
        await house.create(update=victim_state())
        bad, good = await house.join(), await house.join()
        house.log.hold_loads()
        bad.update(POISON)
        await eventually(lambda: bad.endings)

        good.update(Peer(1).type("x" * MIB))
        good.live.close(CollabError("it failed"))
        house.log.loading.set()

        assert not house.hub.committer.is_full


@pytest.mark.usefixtures("quick_ticks")
async def test_panic_while_catching_up_rebuilds_the_replica(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.create(update=victim_state())
    slow, writer = await house.join(), await house.join()
    slow.session.outbox_bytes = 0
    slow.wire.stalled = True
    ada = Peer(1)
    ada.hear([victim_state()])
    for text in (" one", " two"):
        writer.update(ada.type(text))
        writer.live.flush()
    diff = Document.diff

    def panic_once(document: Document, state_vector: bytes) -> bytes:
        monkeypatch.setattr(Document, "diff", diff)
        raise PoisonedReplica("the CRDT failed")

    monkeypatch.setattr(Document, "diff", panic_once)
    slow.wire.drain()
    await eventually(lambda: len(slow.content) == 2)

    assert text_of(victim_state(), *slow.content) == "hello one two"


async def test_successor_of_a_failed_room_holds_what_was_under_way_to_the_log(house: House) -> None:
    await house.create()
    guest = await house.join()
    house.log.hold_appends()
    guest.update(Peer(1).type("under way"))
    guest.live.flush()
    guest.live.close(CollabError("it failed"))
    successors: list[str] = []

    async def come() -> None:
        successor = await house.join()
        successor.ask()
        await eventually(lambda: successor.answers)
        successors.append(text_of(*successor.content))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await anyio.wait_all_tasks_blocked()
        house.log.appending.set()

    assert successors == ["under way"]


async def test_read_waits_for_what_a_closed_room_has_under_way_to_the_log(house: House) -> None:
    name = await house.create()
    guest = await house.join()
    house.log.hold_appends()
    guest.update(Peer(1).type("under way"))
    guest.live.flush()
    guest.live.close(CollabError("it failed"))
    read: list[str] = []

    async def come() -> None:
        read.append(text_of(await house.hub.read(name)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await anyio.wait_all_tasks_blocked()
        house.log.appending.set()

    assert read == ["under way"]


async def test_read_of_what_cannot_be_saved_now_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "READ_PATIENCE", 0.0)
    name = await house.create()
    guest = await house.join()
    house.log.hold_appends()
    guest.update(Peer(1).type("under way"))
    guest.live.flush()
    guest.live.close(CollabError("it failed"))

    with pytest.raises(DatabaseUnavailable, match="could not be saved yet"):
        await house.hub.read(name)
    house.log.appending.set()
