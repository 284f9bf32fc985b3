"""Old versions are thinned out of documents that nobody edits any more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import update

from collab.errors import DatabaseUnavailable
from collab.hub.sweeping import Sweeping
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, VersionKind, VersionThinning
from collab.storage import Storage, open_storage
from collab.storage.database import open_database
from collab.storage.tables import versions
from tests.contracts.edits import typed
from tests.hub.house import OpenHub
from tests.support.eventually import DEADLINE


@pytest.fixture
async def storage(open_hub: OpenHub, tmp_path: Path) -> AsyncIterator[Storage]:
    """The storage that hubs are opened on."""
    async with open_storage(f"sqlite:///{tmp_path}/collab.db") as storage:
        yield storage


async def aged(storage: Storage, tmp_path: Path, *names: str) -> list[DocumentId]:
    """Create documents with three automatic versions each, all of one day a month ago."""
    documents: list[DocumentId] = []
    for name in names:
        record = await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")
        documents.append(record.id)
        for length in range(3):
            await storage.log.append([Append(record.id, typed("abc"[: length + 1]))])
            assert await storage.versions.take(record.id, VersionKind.AUTOMATIC) is not None
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=30)
    async with open_database(f"sqlite:///{tmp_path}/collab.db") as database, database.writing() as connection:
        await connection.execute(update(versions).values(created_at=noon))
    return documents


async def left(storage: Storage, documents: list[DocumentId]) -> list[int]:
    """Return how many versions each document has."""
    return [len((await storage.versions.page(document, limit=10)).versions) for document in documents]


async def test_a_server_thins_out_the_versions_of_documents_that_nobody_opens(
    open_hub: OpenHub, storage: Storage, tmp_path: Path
) -> None:
    documents = await aged(storage, tmp_path, "living", "deleted")
    await storage.documents.delete(DocumentName("deleted"))

    async with open_hub():
        with anyio.fail_after(DEADLINE):
            while await left(storage, documents) != [1, 1]:  # noqa: ASYNC110 - what is waited for tells of itself in no event
                await anyio.sleep(0.01)


async def test_a_step_thins_out_a_few_documents_and_the_last_is_followed_by_the_first(
    storage: Storage, tmp_path: Path
) -> None:
    documents = await aged(storage, tmp_path, "a", "b", "c")
    sweeping = Sweeping(storage.versions, batch=2)

    await sweeping.step()
    assert await left(storage, documents) == [1, 1, 3]
    await sweeping.step()
    assert await left(storage, documents) == [1, 1, 1]

    documents += await aged(storage, tmp_path, "d")
    await sweeping.step()
    assert await left(storage, documents) == [1, 1, 1, 3]
    await sweeping.step()
    assert await left(storage, documents) == [1, 1, 1, 1]


class Failing:
    """Stands before real versions, and fails on command."""

    def __init__(self, versions: VersionThinning) -> None:
        self._versions = versions
        self.asked: DatabaseUnavailable | None = None
        self.thinned: dict[DocumentId, Exception] = {}

    async def next_documents(self, after: DocumentId | None, *, limit: int) -> list[DocumentId]:
        if self.asked is not None:
            raise self.asked
        return await self._versions.next_documents(after, limit=limit)

    async def thin(self, document: DocumentId) -> int:
        if document in self.thinned:
            raise self.thinned[document]
        return await self._versions.thin(document)


@pytest.mark.parametrize("failure", [DatabaseUnavailable("busy"), ValueError("a bug")], ids=["busy", "a bug"])
async def test_what_fails_is_put_off_and_keeps_no_other_document_from_its_turn(
    storage: Storage, tmp_path: Path, failure: Exception
) -> None:
    documents = await aged(storage, tmp_path, "a", "b", "c")
    failing = Failing(storage.versions)
    sweeping = Sweeping(failing, batch=2)

    failing.asked = DatabaseUnavailable("away")
    await sweeping.step()
    assert await left(storage, documents) == [3, 3, 3]

    failing.asked, failing.thinned = None, {documents[0]: failure}
    await sweeping.step()
    assert await left(storage, documents) == [3, 1, 3]

    failing.thinned.clear()
    for _ in range(2):
        await sweeping.step()
    assert await left(storage, documents) == [1, 1, 1]
