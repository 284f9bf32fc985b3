"""Documents that are deleted by another process while they are open in this one."""

import anyio
import pytest

from collab.errors import CollabError, DatabaseUnavailable, DocumentDeleted
from collab.ports import DocumentId, DocumentName, DocumentRecord
from collab.storage import SqlDocumentStore
from tests.hub.house import DOC, House
from tests.support.eventually import eventually
from tests.support.peers import Peer, text_of

pytestmark = pytest.mark.anyio


async def deleted(house: House, name: DocumentName = DOC) -> frozenset[DocumentId]:
    """Delete a document as another process does: the hub is not told."""
    return frozenset({(await house.documents.delete(name)).id})


async def test_sessions_of_a_document_that_was_deleted_elsewhere_end_as_here(house: House) -> None:
    other = await house.create("other")
    await house.create()
    guests = [await house.join(), await house.join_by_y_websocket()]
    elsewhere = await house.join(other)
    guests[0].update(Peer(1).type("last words"))

    await house.hub.deletions.look_over(await deleted(house))

    assert [[type(ending) for ending in guest.endings] for guest in guests] == [[DocumentDeleted]] * 2
    assert elsewhere.endings == []
    assert house.hub.open_rooms == 1
    await house.hub.committer.drained()
    await house.documents.restore(DOC)
    assert text_of(*await house.stored()) == "last words"


async def test_late_write_reaches_nobody(house: House) -> None:
    await house.create()
    writer, reader = await house.join(), await house.join_by_y_websocket()
    await house.hub.deletions.look_over(await deleted(house))
    writer.update(Peer(1).type("late"))
    writer.live.flush()
    await house.hub.committer.drained()

    assert text_of(*reader.content) == ""


async def test_successor_of_the_same_name_stays_open(house: House) -> None:
    await house.create()
    gone = await deleted(house)
    await house.create()
    guest = await house.join()
    await house.hub.deletions.look_over(gone)

    assert guest.endings == []


async def test_document_that_was_restored_before_anybody_noticed_stays_open(house: House) -> None:
    await house.create()
    guest = await house.join()
    gone = await deleted(house)
    await house.documents.restore(DOC)
    await house.hub.deletions.look_over(gone)

    assert guest.endings == []


async def test_opening_of_a_document_that_was_deleted_meanwhile_lets_nobody_in(house: House) -> None:
    await house.create(update=Peer(1).type("content"))
    loaded = await house.log.load(DOC)
    endings: list[CollabError] = []

    async def come() -> None:
        try:
            await house.join()
        except CollabError as error:
            endings.append(error)

    async def load(_name: DocumentName) -> object:
        house.log.loads.append(DOC)
        await house.log.loading.wait()
        return loaded  # as it was before

    house.log.hold_loads()
    house.log.load = load  # type: ignore[method-assign, assignment]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await eventually(lambda: len(house.log.loads) == 2)
        await house.hub.deletions.look_over(await deleted(house))
        house.log.loading.set()

    assert [type(ending) for ending in endings] == [DocumentDeleted]
    assert house.hub.open_rooms == 0


async def test_whoever_heard_nothing_for_long_looks_at_every_document(house: House) -> None:
    other = await house.create("other")
    await house.create()
    gone, stays, unknown = await house.join(), await house.join(other), await house.join("nobody wrote it yet")
    await deleted(house)
    await house.create()  # another one, under the same name
    await house.hub.deletions.look_over(None)

    assert [type(ending) for ending in gone.endings] == [DocumentDeleted]
    assert (stays.endings, unknown.endings) == ([], [])


async def test_nobody_is_parted_with_while_the_database_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.create()
    guest = await house.join()
    gone = await deleted(house)

    async def fail(_store: SqlDocumentStore, _name: DocumentName) -> DocumentRecord:
        raise DatabaseUnavailable("it is away")

    with monkeypatch.context() as patched:
        patched.setattr(SqlDocumentStore, "get", fail)
        with pytest.raises(DatabaseUnavailable):
            await house.hub.deletions.look_over(gone)
    assert guest.endings == []

    await house.hub.deletions.look_over(gone)
    assert [type(ending) for ending in guest.endings] == [DocumentDeleted]
