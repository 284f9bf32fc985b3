"""Documents so large that they are folded by a process of their own."""

import pytest

from collab import offloading
from collab.errors import WorkLost
from collab.offloading import HEAVY
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, VersionKind
from collab.rooms.claims import Author
from collab.rooms.folding import LogRow, Stored
from collab.storage import Storage
from tests.support.peers import Peer, text_of

NAME = DocumentName("notes")
ADA = Author("ada", "Ada")
PASTE = "0123456789abcdef" * (HEAVY // 32)


@pytest.fixture
async def pasted(storage: Storage) -> DocumentId:
    document = (await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")).id
    peer = Peer(1)
    updates = tuple(peer.type(PASTE) for _ in range(2))
    await storage.log.append([Append(document, updates, authors=(ADA, ADA))])
    return document


async def text_stored(storage: Storage) -> str:
    document = await storage.log.load(NAME)
    assert document is not None
    content = document.content
    return text_of(*([] if content.snapshot is None else [content.snapshot]), *content.updates)


def test_their_rows_count_beside_their_bytes() -> None:
    light = Stored(None, None, (LogRow(b"", None, 0),))
    assert 0 < light.weight < HEAVY
    assert Stored(bytes(HEAVY), None, ()).weight == HEAVY
    assert Stored(None, None, light.rows * (HEAVY // light.weight + 1)).weight >= HEAVY


async def test_all_comes_back_from_there(storage: Storage, pasted: DocumentId) -> None:
    version = await storage.versions.take(pasted, VersionKind.NAMED, name="before")
    outcome = await storage.log.compact(pasted)
    assert version is not None
    assert outcome is not None
    assert outcome.freed == 2
    assert version.participants == (ADA,)
    assert text_of(await storage.versions.state(pasted, version.id)) == await text_stored(storage) == PASTE * 2
    authorship = await storage.authorship.read(pasted)
    assert set(authorship.authors.values()) == {ADA}


async def test_a_process_that_is_killed_leaves_all_as_it_is(
    storage: Storage, pasted: DocumentId, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(offloading, "_COMMAND", ("sh", "-c", "kill -9 $$"))
        for work in (
            storage.log.compact(pasted),
            storage.versions.take(pasted, VersionKind.AUTOMATIC),
            storage.authorship.read(pasted),
        ):
            with pytest.raises(WorkLost, match="ended with -9"):
                await work
    assert await text_stored(storage) == PASTE * 2
    outcome = await storage.log.compact(pasted)
    assert outcome is not None
    assert outcome.freed == 2
