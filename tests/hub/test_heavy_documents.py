"""Documents that are heavy are worked on elsewhere, and nobody waits for that but those who asked."""

import contextlib
from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import pytest

from collab import offloading
from collab.errors import CollabError, CorruptDocument, ServerDraining
from collab.hub.replicas import QUICK_TO_LOAD, TAIL_WEIGHT
from collab.ports import DocumentName
from tests.hub.house import Guest, House, OpenHub
from tests.support.eventually import eventually
from tests.support.peers import Peer, text_of

HEAVY = DocumentName("heavy")


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


async def test_a_heavy_document_is_built_in_steps_between_which_others_have_a_turn(house: House, peer: Peer) -> None:
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(len(house.hub._rooms))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count_turns)
        live = await house.hub.open(await house.create("second", update=peer.state), create=False)
        tasks.cancel_scope.cancel()

    assert len(turns) > 2
    assert text_of(live.state()) == str(peer.text)


async def test_a_heavy_document_takes_edits_after_it_was_opened(house: House, peer: Peer) -> None:
    ada, bob = await house.join(HEAVY), await house.join(HEAVY)

    ada.update(peer.type("the end"))
    await eventually(lambda: ada.saved and bob.content)

    assert text_of(*await house.stored(HEAVY)) == str(peer.text)


async def test_a_closed_heavy_document_is_read(house: House, peer: Peer) -> None:
    assert text_of(await house.hub.read(HEAVY)) == str(peer.text)
    assert not house.hub._rooms


async def test_a_heavy_snapshot_is_read_as_it_is(house: House, peer: Peer) -> None:
    stored = await house.log.load(HEAVY)
    assert stored is not None
    await house.log.compact(stored.record.id)

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
            house.hub._tasks.cancel_scope.cancel()
            await eventually(lambda: failures)

    assert [type(failure) for failure in failures] == [ServerDraining]
