"""A document is opened once, however many ask, and whoever asks is told what came of it."""

import asyncio

import anyio
import pytest
from structlog.testing import capture_logs

from collab.errors import (
    CollabError,
    CorruptDocument,
    DatabaseUnavailable,
    DocumentDeleted,
    DocumentNotFound,
    ServerDraining,
)
from tests.hub.house import DOC, Guest, House, OpenHub
from tests.support.eventually import eventually
from tests.support.peers import Peer, text_of


async def test_fifty_simultaneous_first_opens_load_once_and_all_get_the_content(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    guests: list[Guest] = []

    async def come() -> None:
        guest = await house.join()
        guest.ask()
        guests.append(guest)

    house.log.hold_loads()
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(come)
        await anyio.wait_all_tasks_blocked()
        house.log.loading.set()
    await eventually(lambda: all(guest.answers for guest in guests))

    assert house.log.loads == [DOC]
    assert [text_of(*guest.content) for guest in guests] == ["content"] * 50


async def test_failing_load_is_told_to_all_and_the_next_try_works(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    failures: list[str] = []

    async def come() -> None:
        with pytest.raises(DatabaseUnavailable) as raised:
            await house.join()
        failures.append(str(raised.value))

    house.log.load_error = DatabaseUnavailable("the database is away")
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(come)
    house.log.load_error = None
    guest = await house.join()
    guest.ask()
    await eventually(lambda: guest.answers)

    assert failures == ["the database is away"] * 5
    assert text_of(*guest.content) == "content"


async def test_load_that_one_caller_gives_up_goes_on_for_the_others(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    house.log.hold_loads()

    async with anyio.create_task_group() as patient:
        guests: list[Guest] = []

        async def come() -> None:
            guests.append(await house.join())

        async with anyio.create_task_group() as impatient:
            impatient.start_soon(house.join)
            patient.start_soon(come)
            await anyio.wait_all_tasks_blocked()
            impatient.cancel_scope.cancel()
        house.log.loading.set()

    assert len(guests) == 1
    assert house.log.loads == [DOC]


async def test_log_that_cannot_be_loaded_is_never_served_nor_overwritten(house: House) -> None:
    await house.create(update=b"no update")

    with pytest.raises(CorruptDocument, match="'doc' cannot be loaded"):
        await house.join()

    assert len(house.hub._rooms) == 0
    assert await house.stored() == [b"no update"]


async def test_unknown_document_comes_into_being_with_its_first_write(house: House) -> None:
    guest = await house.join()
    assert await house.log.load(DOC) is None

    guest.update(Peer(1).type("first"))
    await eventually(lambda: guest.saved)

    assert text_of(*await house.stored()) == "first"


async def test_unknown_document_is_not_created_by_reading(house: House) -> None:
    guest = await house.join()
    guest.ask()
    await eventually(lambda: guest.answers)

    with pytest.raises(DocumentNotFound):
        await house.documents.get(DOC)


async def test_document_created_by_another_at_the_same_moment_is_written_to(house: House) -> None:
    guest = await house.join()
    await house.create(update=Peer(1).type("theirs "))

    guest.update(Peer(2).type("ours"))
    await eventually(lambda: guest.saved)

    assert sorted(text_of(*await house.stored())) == sorted("theirs ours")


async def test_document_created_beside_an_empty_room_is_found_by_whoever_comes_next(house: House) -> None:
    (await house.join()).leave()
    await house.create(update=Peer(1).type("content"))

    guest = await house.join()
    guest.ask()
    await eventually(lambda: guest.answers)

    assert text_of(*guest.content) == "content"


async def test_fifty_who_come_to_an_empty_room_while_one_looks_for_a_document_share_the_next_look(house: House) -> None:
    await house.join()
    house.log.loads.clear()
    house.log.hold_loads()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(house.join)
        await anyio.wait_all_tasks_blocked()
        for _ in range(50):
            tasks.start_soon(house.join)
        await anyio.wait_all_tasks_blocked()
        house.log.loading.set()

    assert house.log.loads == [DOC] * 2


async def test_whoever_comes_while_a_look_fails_looks_anew(house: House) -> None:
    await house.join()
    await house.create(update=Peer(1).type("content"))
    house.log.load_error = DatabaseUnavailable("the database is away")
    with pytest.raises(DatabaseUnavailable):
        await house.join()
    house.log.load_error = None

    guest = await house.join()
    guest.ask()
    await eventually(lambda: guest.answers)

    assert text_of(*guest.content) == "content"


async def test_unknown_document_is_not_opened_where_creation_is_not_allowed(open_hub: OpenHub) -> None:
    async with open_hub(create_documents=False) as house:
        with pytest.raises(DocumentNotFound, match="no document named 'doc'"):
            await house.join()


async def test_known_document_is_opened_where_creation_is_not_allowed(open_hub: OpenHub) -> None:
    async with open_hub(create_documents=False) as house:
        await house.create()

        guest = await house.join()

        assert guest.live.name == DOC


async def test_document_created_after_a_failed_try_is_found_where_creation_is_not_allowed(open_hub: OpenHub) -> None:
    async with open_hub(create_documents=False) as house:
        with pytest.raises(DocumentNotFound):
            await house.join()
        await house.create()

        guest = await house.join()

        assert guest.live.record is not None


async def test_deleted_document_is_not_opened(house: House) -> None:
    await house.create()
    await house.documents.delete(DOC)

    with pytest.raises(DocumentDeleted):
        await house.join()


async def test_document_deleted_while_it_is_opened_is_not_served(house: House) -> None:
    await house.create()
    house.log.hold_loads()
    endings: list[object] = []

    async def come() -> None:
        try:
            guest = await house.join()
        except DocumentDeleted as error:
            endings.append(error)
        else:
            await eventually(lambda: guest.endings)
            endings.extend(guest.endings)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await anyio.wait_all_tasks_blocked()
        await house.documents.delete(DOC)
        tasks.start_soon(house.hub.close, DOC)
        await anyio.wait_all_tasks_blocked()
        house.log.loading.set()

    assert [type(ending) for ending in endings] == [DocumentDeleted]
    assert len(house.hub._rooms) == 0


async def test_deleting_a_document_waits_for_no_opening(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    house.log.hold_loads()
    endings: list[CollabError] = []

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come, house, endings)
        await anyio.wait_all_tasks_blocked()
        await house.documents.delete(DOC)
        await house.hub.close(DOC)
        await eventually(lambda: endings)
    assert [type(ending) for ending in endings] == [DocumentDeleted]

    house.log.loading.set()
    await anyio.wait_all_tasks_blocked()
    assert not house.hub._rooms


async def test_what_was_loaded_of_a_deleted_document_is_not_served_once_it_is_restored(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    house.log.hold_loads()
    loading, endings = house.log.loading, list[CollabError]()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come, house, endings)
        await eventually(lambda: house.log.loads)
        await house.documents.delete(DOC)
        await house.hub.close(DOC)
        await house.documents.restore(DOC)
        house.log.hold_loads()
        tasks.start_soon(come, house, endings)
        await eventually(lambda: len(house.log.loads) == 2)
        loading.set()
        await eventually(lambda: [task.get_name() for task in asyncio.all_tasks()].count("open doc") == 1)
        assert not house.hub._rooms
        assert DOC in house.hub._opening
        house.log.loading.set()

    assert [type(ending) for ending in endings] == [DocumentDeleted]
    assert house.hub.open_rooms == 1


async def come(house: House, failures: list[CollabError]) -> None:
    """Come to the document, and note why that failed."""
    try:
        await house.join()
    except CollabError as error:
        failures.append(error)


async def test_whoever_waits_for_an_opening_is_turned_away_when_the_hub_drains(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    house.log.hold_loads()
    endings: list[CollabError] = []

    with capture_logs() as logged:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(come, house, endings)
            await anyio.wait_all_tasks_blocked()
            await house.hub.drain()
            await eventually(lambda: len(endings) == 2)
        house.log.load_error = RuntimeError("what a database says of a read that is cut off")
        house.log.loading.set()
        await anyio.wait_all_tasks_blocked()

    assert {type(ending) for ending in endings} == {ServerDraining}
    assert not [line for line in logged if line["log_level"] in {"warning", "error"}]


async def test_draining_hub_opens_nothing(house: House) -> None:
    await house.hub.drain()

    with pytest.raises(ServerDraining):
        await house.join()


async def test_content_created_elsewhere_reaches_those_who_wait_in_the_room(house: House) -> None:
    guest = await house.join()
    await house.create(update=Peer(1).type("content"))

    await house.join()
    await eventually(lambda: guest.content)

    assert text_of(*guest.content) == "content"


async def test_content_created_elsewhere_reaches_whoever_writes_first(house: House) -> None:
    guest = await house.join()
    await house.create(update=Peer(1).type("theirs"))

    guest.update(Peer(2).type("ours"))
    await eventually(lambda: len(guest.content) == 2)

    assert sorted(text_of(*guest.content)) == sorted("theirs" + "ours")
