"""Documents get versions while they are worked on, and when their last editor has left."""

import anyio
import pytest

from collab.errors import CollabError, DatabaseUnavailable, WorkLost
from collab.hub.versioning import SHORTEST, Versioning
from collab.ports import DocumentId, DocumentName, Version, VersionKind
from collab.rooms.session import Rights
from tests.hub.house import DOC, House, OpenHub
from tests.support.eventually import DEADLINE, eventually
from tests.support.peers import Peer, text_of

NOTES = DocumentName("notes")


async def versions_of(house: House) -> list[Version]:
    record = await house.documents.get(DOC)
    return list((await house.storage.versions.page(record.id, limit=50)).versions)


async def until_versions(house: House, count: int) -> list[Version]:
    with anyio.fail_after(DEADLINE):
        while len(versions := await versions_of(house)) < count:  # noqa: ASYNC110 - what is waited for tells of itself in no event
            await anyio.sleep(0.01)
    return versions


async def test_a_version_is_taken_when_the_last_editor_has_left(house: House) -> None:
    await house.create()
    writer, reader = await house.join(), await house.join(rights=Rights(may_write=False))
    writer.update(Peer(1).type("a"))
    await eventually(lambda: writer.saved == 1)
    assert await versions_of(house) == []
    writer.leave()

    (version,) = await until_versions(house, 1)
    record = await house.documents.get(DOC)
    assert version.kind is VersionKind.AUTOMATIC
    assert text_of(await house.storage.versions.state(record.id, version.id)) == "a"
    assert reader.endings == []


async def test_versions_are_taken_while_somebody_writes(open_hub: OpenHub) -> None:
    async with open_hub(version_interval=0.2) as house:
        await house.create()
        writer, peer = await house.join(), Peer(1)
        for count in (1, 2):
            writer.update(peer.type("a"))
            await until_versions(house, count)


async def test_edits_of_a_server_that_was_killed_get_their_version(house: House) -> None:
    await house.create(update=Peer(1).type("a"))
    reader = await house.join()
    reader.leave()
    await until_versions(house, 1)


class Clock:
    """Asks what is due at a time, with or without an editor there."""

    def __init__(self, house: House, interval: float) -> None:
        self.versioning = Versioning(house.storage.versions, interval=interval)

    def edited(self, now: float, *, attended: bool = True) -> None:
        self.versioning.edited(NOTES, DocumentId(1), now, attended=attended)

    def is_due(self, now: float, *, edited: bool) -> bool:
        return self.versioning.due(now, lambda _: edited) == [NOTES]


async def test_an_edited_document_is_due_after_the_interval_or_when_it_is_left(house: House) -> None:
    clock = Clock(house, 600)
    assert not clock.is_due(0, edited=False)
    clock.edited(100)
    assert not clock.is_due(699, edited=True)
    assert clock.is_due(699, edited=False)
    assert clock.is_due(700, edited=True)


async def test_a_document_that_only_a_backend_writes_waits_for_more(house: House) -> None:
    clock = Clock(house, 600)
    clock.edited(100, attended=False)
    assert not clock.is_due(101, edited=False)
    assert clock.is_due(100 + SHORTEST, edited=False)


async def test_a_document_that_is_left_again_and_again_waits_between_versions(house: House) -> None:
    clock = Clock(house, 600)
    start = anyio.current_time()
    clock.edited(start)
    await clock.versioning.take(NOTES)
    clock.edited(start + 1)
    assert not clock.is_due(start + SHORTEST - 1, edited=False)
    assert clock.is_due(start + SHORTEST + 5, edited=False)


@pytest.mark.parametrize("error", [DatabaseUnavailable, WorkLost])
async def test_a_version_that_something_passing_kept_from_being_taken_is_due_again(
    house: House, monkeypatch: pytest.MonkeyPatch, error: type[CollabError]
) -> None:
    async def fail(*_: object) -> None:
        raise error("this time")

    clock = Clock(house, 600)
    start = anyio.current_time()
    clock.edited(start - 700)
    with monkeypatch.context() as patch:
        patch.setattr(house.storage.versions, "take", fail)
        await clock.versioning.take(NOTES)
    assert not clock.is_due(start + SHORTEST - 1, edited=True)
    assert not clock.is_due(start + SHORTEST - 1, edited=False)
    assert clock.is_due(start + SHORTEST + 5, edited=False)
