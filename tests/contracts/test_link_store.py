"""What every store of share links must do, in each database."""

import contextlib
from datetime import timedelta
from hashlib import sha256

import anyio
import pytest

from collab.errors import TooManyLinks
from collab.ports import DocumentId, DocumentKind, DocumentName, LinkNumber, NewLink, Role, ShareLink, link_subject
from collab.storage import Storage, links
from collab.storage.records import utc_now

NOTES = DocumentName("notes")


@pytest.fixture
async def document(storage: Storage) -> DocumentId:
    return (await storage.documents.create(NOTES, kind=DocumentKind.YJS, title="")).id


async def made(
    storage: Storage, document: DocumentId, secret: str = "cl_secret", *, seconds: float | None = None
) -> ShareLink:
    expires_at = None if seconds is None else utc_now() + timedelta(seconds=seconds)
    return await storage.links.create(
        document,
        NewLink(secret, Role.EDITOR, guests=True, password_hash="hash", created_by="ada", expires_at=expires_at),
        hash_of(secret),
    )


def hash_of(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def test_a_link_is_found_by_its_secret(storage: Storage, document: DocumentId) -> None:
    link = await made(storage, document, seconds=60)

    assert (link.document, link.role, link.guests, link.password_hash) == (NOTES, Role.EDITOR, True, "hash")
    found = await storage.links.find(hash_of("cl_secret"))
    assert found is not None
    assert (found.number, found.secret, found.expires_at) == (link.number, "cl_secret", link.expires_at)
    assert await storage.links.get(link.number) == found
    assert await storage.links.find(hash_of("cl_Secret")) is None


async def test_links_are_listed_in_their_order_with_those_that_have_expired(
    storage: Storage, document: DocumentId
) -> None:
    await made(storage, document, "1", seconds=-1)
    await made(storage, document, "2")

    assert [link.secret for link in await storage.links.of(document)] == ["1", "2"]
    assert await storage.links.find(hash_of("1")) is None


async def test_links_belong_to_one_life_of_a_document(storage: Storage, document: DocumentId) -> None:
    link = await made(storage, document)
    await storage.documents.delete(NOTES)

    assert await storage.links.find(hash_of("cl_secret")) is None
    assert await storage.links.get(link.number) is None
    successor = await storage.documents.create(NOTES, kind=DocumentKind.YJS, title="")
    assert await storage.links.of(successor.id) == []
    assert await storage.links.find(hash_of("cl_secret")) is None


async def test_the_end_of_a_link_is_told_to_those_who_came_by_it(storage: Storage, document: DocumentId) -> None:
    link = await made(storage, document)
    before = await storage.shares.latest_change()

    assert not await storage.links.end(DocumentId(document + 1), link.number)
    assert not await storage.links.end(document, LinkNumber(link.number + 1))
    assert await storage.links.end(document, link.number)

    assert await storage.links.find(hash_of("cl_secret")) is None
    assert (await storage.shares.changed_since(before))[1] == {link_subject(link.number)}


async def test_a_document_has_no_more_links_than_may_be(
    storage: Storage, document: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MAX_LINKS", 1)
    await made(storage, document, "1")

    with pytest.raises(TooManyLinks, match="1 links"):
        await made(storage, document, "2")


async def test_those_made_at_once_are_no_more_than_may_be(
    storage: Storage, document: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MAX_LINKS", 2)

    async def make(number: int) -> None:
        with contextlib.suppress(TooManyLinks):
            await made(storage, document, str(number))

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(make, number)
    assert len(await storage.links.of(document)) == 2
