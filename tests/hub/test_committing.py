"""Saved means committed: group commit, a database that is away, and one that refuses."""

import asyncio
from functools import partial

import anyio.lowlevel
import pytest

from collab.errors import DatabaseUnavailable, DocumentNotFound, Forbidden, ServerBusy, StorageError, UpdateError
from collab.hub import committer as committing
from collab.hub.committer import ENTRY_OVERHEAD, Committer
from collab.ports import DocumentName
from collab.rooms.audience import SILENCE_WHILE_OWING
from collab.settings import MIB
from tests.hub.house import DOC, House, OpenHub
from tests.support.eventually import eventually
from tests.support.heard import KEEP_ALIVE
from tests.support.peers import Peer, text_of

AWAY = DatabaseUnavailable("the database is away")


def note(number: int, peer: Peer) -> None:
    """Make an edit that is no keystroke."""
    peer.map["number"] = number


async def test_nothing_is_acknowledged_before_the_commit_has_returned(house: House) -> None:
    guest = await house.join()
    await house.create()
    house.log.hold_appends()

    guest.update(Peer(1).type("a"))
    await eventually(lambda: house.log.appends)
    await eventually(lambda: guest.content)
    assert guest.saved == 0
    house.log.appending.set()
    await eventually(lambda: guest.saved)

    assert text_of(*await house.stored()) == "a"


async def test_what_is_received_so_far_settles_though_more_is_always_coming(house: House) -> None:
    await house.create()
    guest, peer = await house.join(), Peer(1)
    house.log.hold_appends()
    first = house.log.appending
    guest.update(peer.type("a"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(house.hub.settle, guest.live.name)
        await eventually(lambda: house.log.appends)
        guest.update(peer.type("b"))
        guest.live.flush()
        house.log.hold_appends()

        first.set()

    assert (guest.saved, guest.live.is_saving) == (1, True)
    house.log.appending.set()


async def test_next_batch_gathers_from_all_rooms_while_one_commit_runs(house: House) -> None:
    for name in ("one", "two", "three"):
        await house.create(name)
    guests = [await house.join(name) for name in ("one", "two", "three")]
    house.log.hold_appends()
    guests[0].update(Peer(1).type("first"))
    await eventually(lambda: house.log.appends)

    peer = Peer(2)
    for guest in guests:
        for number in range(5):
            guest.update(peer.edit(partial(note, number)))
            guest.live.flush()
    house.log.appending.set()
    await eventually(lambda: sum(guest.saved for guest in guests) == 16)

    assert len(house.log.appends) == 2
    assert [len(append.updates) for append in house.log.appends[1]] == [5, 5, 5]


async def test_keystrokes_that_many_make_meanwhile_are_a_row_of_the_log(house: House) -> None:
    await house.create("doc")
    guests = [await house.join("doc") for _ in range(4)]
    peers = [Peer(number) for number in range(4)]
    for guest, peer in zip(guests, peers, strict=True):
        guest.update(peer.type("a"))
    guests[0].live.flush()
    await eventually(lambda: sum(guest.saved for guest in guests) == 4)
    house.log.hold_appends()
    guests[0].update(peers[0].type("b"))
    guests[0].live.flush()
    await eventually(lambda: len(house.log.appends) == 2)

    for _ in range(3):
        for guest, peer in zip(guests, peers, strict=True):
            guest.update(peer.type("c"))
        guests[0].live.flush()
    house.log.appending.set()
    await eventually(lambda: sum(guest.saved for guest in guests) == 17)

    assert [len(append.updates) for append in house.log.appends[2]] == [1]
    assert sorted(text_of(*await house.stored())) == sorted("aaaa" + "b" + "c" * 12)


@pytest.mark.parametrize("wait", ["write", "settle", "drain"])
async def test_whoever_waits_for_a_commit_waits_for_no_pause(open_hub: OpenHub, wait: str) -> None:
    async with open_hub(commit_interval=3600) as house:
        await house.create()
        guest, peer = await house.join(), Peer(1)
        guest.update(peer.type("a"))
        await eventually(lambda: guest.saved == 1)

        guest.update(peer.type("b"))
        guest.live.flush()
        assert guest.saved == 1
        match wait:
            case "write":
                await house.hub.write(guest.live.name, Peer(2).type("c"))
            case "settle":
                await house.hub.settle(guest.live.name)
            case _:
                await house.hub.drain()

        assert guest.saved == 2


async def test_edits_of_a_document_are_committed_in_their_order(house: House) -> None:
    await house.create()
    guest = await house.join()
    peer = Peer(1)
    edits = [peer.edit(partial(note, number)) for number in range(8)]

    for edit in edits:
        guest.update(edit)
        guest.live.flush()
        await anyio.lowlevel.checkpoint()
    await eventually(lambda: guest.saved == len(edits))

    assert house.log.committed == edits
    assert await house.stored() == edits


async def test_database_that_is_away_acknowledges_nothing_and_loses_nothing(house: House) -> None:
    await house.create()
    guest = await house.join()
    peer = Peer(1)
    house.log.append_error = AWAY

    guest.update(peer.type("a"))
    await eventually(lambda: len(house.log.appends) == 1)
    guest.update(peer.type("b"))
    await eventually(lambda: len(house.log.appends) == 2)
    assert guest.saved == 0
    house.log.append_error = None
    await eventually(lambda: guest.saved == 2)

    assert text_of(*await house.stored()) == "ab"


async def test_guests_go_on_seeing_each_other_while_the_database_is_away(house: House) -> None:
    await house.create()
    writer, reader = await house.join(), await house.join()
    house.log.append_error = AWAY

    writer.update(Peer(1).type("a"))
    await eventually(lambda: reader.content)
    house.log.append_error = None

    assert text_of(*reader.content) == "a"


async def test_writes_over_the_limit_find_the_committer_full_until_it_has_committed(open_hub: OpenHub) -> None:
    async with open_hub(max_unsaved_bytes=MIB) as house:
        await house.create()
        guest = await house.join()
        house.log.hold_appends()
        peer = Peer(1)

        guest.update(peer.type("x" * MIB))
        guest.live.flush()
        assert house.hub.committer.is_full
        with pytest.raises(ServerBusy):
            await house.hub.write(guest.live.name, peer.type("y"))
        house.log.appending.set()
        await house.hub.committer.has_room()

        assert not house.hub.committer.is_full
        assert guest.saved == 1


async def test_whoever_waits_for_a_commit_hears_that_the_server_lives(house: House) -> None:
    await house.create()
    guest, other = await house.join(), await house.join("elsewhere")
    house.log.hold_appends()
    guest.update(Peer(1).type("a"))
    guest.live.flush()
    later = asyncio.get_running_loop().time() + SILENCE_WHILE_OWING

    other.live.flush()
    for live in (guest.live, other.live):
        live.tick(later)

    assert guest.said()[-1] == KEEP_ALIVE
    assert KEEP_ALIVE not in other.said()
    house.log.appending.set()


async def test_while_nothing_is_read_everybody_hears_that_the_server_lives(open_hub: OpenHub) -> None:
    async with open_hub(max_unsaved_bytes=MIB) as house:
        await house.create()
        guest, other = await house.join(), await house.join("elsewhere")
        house.log.hold_appends()
        guest.update(Peer(1).type("x" * MIB))
        guest.live.flush()

        other.live.flush()
        other.live.tick(asyncio.get_running_loop().time() + SILENCE_WHILE_OWING)

        assert other.said()[-1] == KEEP_ALIVE
        house.log.appending.set()


@pytest.mark.parametrize(("updates", "writers"), [((b"x",) * 5, 0), ((), 5)], ids=["rows", "acknowledgements"])
async def test_what_python_holds_for_small_edits_counts_too(
    house: House, updates: tuple[bytes, ...], writers: int
) -> None:
    await house.create()
    guest = await house.join()
    committer = Committer(house.log, house.documents, interval=0, max_unsaved_bytes=ENTRY_OVERHEAD + 5)

    committer.submit(guest.live, updates, lambda: None, writers=writers)

    assert committer.is_full


async def test_document_that_never_finds_its_database_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "TRIES_TOGETHER", 1)
    await house.create("good")
    await house.create("bad")
    good, bad = await house.join("good"), await house.join("bad")
    assert bad.live.record is not None
    house.log.refused[bad.live.record.id] = AWAY
    ada, bob = Peer(1), Peer(2)

    bad.update(ada.type("a"))
    good.update(bob.type("c"))
    await eventually(lambda: good.saved == 1)
    bad.update(ada.type("b"))
    good.update(bob.type("d"))
    await eventually(lambda: good.saved == 2)
    assert (bad.saved, bad.endings) == (0, [])
    house.log.refused.clear()
    await eventually(lambda: bad.saved == 2)

    assert text_of(*await house.stored("bad")) == "ab"


async def test_bug_in_a_document_that_is_told_does_not_stop_the_commits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = await house.join("broken"), await house.join("whole")

    def fail(_updates: tuple[bytes, ...]) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(broken.live, "committed", fail)
    broken.update(Peer(1).type("a"))
    await eventually(lambda: broken.saved)
    whole.update(Peer(2).type("b"))
    await eventually(lambda: whole.saved)

    assert text_of(*await house.stored("broken")) == "a"


async def test_database_that_refuses_one_document_takes_the_others(house: House) -> None:
    await house.create("good")
    await house.create("bad")
    good, bad = await house.join("good"), await house.join("bad")
    assert bad.live.record is not None
    house.log.refused[bad.live.record.id] = DocumentNotFound("no such document")

    bad.update(Peer(1).type("a"))
    good.update(Peer(2).type("b"))
    await eventually(lambda: good.saved)

    assert text_of(*await house.stored("good")) == "b"
    assert (bad.saved, len(bad.endings)) == (0, 1)


async def test_document_that_was_refused_is_opened_anew_without_what_was_refused(house: House) -> None:
    await house.create("bad", Peer(1).type("kept"))
    guest = await house.join("bad")
    assert guest.live.record is not None
    house.log.refused[guest.live.record.id] = DocumentNotFound("no such document")
    guest.update(Peer(2).type("refused"))
    await eventually(lambda: guest.endings)
    house.log.refused.clear()

    successor = await house.join("bad")
    successor.ask()
    await eventually(lambda: successor.answers)

    assert text_of(*successor.content) == "kept"


async def test_error_that_nobody_foresaw_does_not_stop_the_commits(house: House) -> None:
    await house.create("good")
    await house.create("bad")
    good, bad = await house.join("good"), await house.join("bad")
    assert bad.live.record is not None
    house.log.refused[bad.live.record.id] = RuntimeError("a bug")

    bad.update(Peer(1).type("a"))
    await eventually(lambda: bad.endings)
    good.update(Peer(2).type("b"))
    await eventually(lambda: good.saved)

    assert [type(ending) for ending in bad.endings] == [StorageError]


async def test_script_whose_write_is_refused_by_the_database_is_told_why(house: House) -> None:
    name = await house.create("bad")
    record = await house.documents.get(name)
    house.log.refused[record.id] = DocumentNotFound("no such document")

    with pytest.raises(DocumentNotFound, match="no such document"):
        await house.hub.write(name, Peer(1).type("a"))


async def test_known_edit_is_acknowledged_without_a_commit(house: House) -> None:
    update = Peer(1).type("a")
    await house.create(update=update)
    guest = await house.join()

    guest.update(update)
    await eventually(lambda: guest.saved)

    assert house.log.appends == []


async def test_known_edit_is_not_acknowledged_before_what_it_repeats_is_committed(house: House) -> None:
    await house.create()
    guest, echo = await house.join(), await house.join()
    update = Peer(1).type("a")
    house.log.hold_appends()
    guest.update(update)
    guest.live.flush()

    echo.update(update)
    echo.live.flush()
    await eventually(lambda: house.log.appends)
    assert echo.saved == 0
    house.log.appending.set()
    await eventually(lambda: echo.saved)

    assert guest.saved == 1


async def test_what_a_session_said_last_is_committed_after_it_left(house: House) -> None:
    await house.create()
    guest = await house.join()

    guest.update(Peer(1).type("last words"))
    guest.leave()
    await eventually(lambda: house.log.committed)

    assert text_of(*await house.stored()) == "last words"


async def test_write_returns_once_it_is_committed(house: House) -> None:
    name = await house.create()

    await house.hub.write(name, Peer(1).type("a"))

    assert text_of(*await house.stored()) == "a"


async def test_write_reaches_the_guests(house: House) -> None:
    name = await house.create()
    guest = await house.join()

    await house.hub.write(name, Peer(1).type("a"))

    assert text_of(*guest.content) == "a"


async def test_whoever_writes_is_asked_last_whether_they_still_may(house: House) -> None:
    await house.create()
    house.log.hold_loads()
    asked: list[bool] = []

    async def still() -> None:
        asked.append(house.log.loading.is_set())
        raise Forbidden("removed")

    async def write() -> None:
        with pytest.raises(Forbidden):
            await house.hub.write(DOC, Peer(1).type("a"), still=still)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await eventually(lambda: house.log.loads)
        house.log.loading.set()

    assert asked == [True]
    await house.hub.settle(DOC)
    assert await house.stored() == []


async def test_write_to_an_unknown_document_is_refused(house: House) -> None:
    with pytest.raises(DocumentNotFound):
        await house.hub.write(DocumentName("nowhere"), Peer(1).type("a"))


async def test_read_of_an_unknown_document_is_refused(house: House) -> None:
    with pytest.raises(DocumentNotFound):
        await house.hub.read(DocumentName("nowhere"))


async def test_read_of_a_document_that_nobody_has_open_is_what_is_stored(house: House) -> None:
    name = await house.create(update=Peer(1).type("a"))

    assert text_of(await house.hub.read(name)) == "a"
    assert len(house.hub._rooms) == 0


async def test_read_holds_what_was_just_received(house: House) -> None:
    name = await house.create()
    guest = await house.join()

    guest.update(Peer(1).type("a"))

    assert text_of(await house.hub.read(name)) == "a"


async def test_write_of_junk_is_refused_and_says_why(house: House) -> None:
    name = await house.create()

    with pytest.raises(UpdateError, match="4 bytes that are no Yjs update"):
        await house.hub.write(name, b"junk")
