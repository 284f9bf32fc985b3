"""What a stranger may not send in one update a restore may write, for the document held it before."""

import threading
from typing import Any

import httpx
import pytest
from pycrdt import Array, Doc, Map, Text

from collab.ports import DocumentKind, DocumentName
from collab.protocol.limits import Limits
from collab.protocol.structs import Structs, read_structs
from collab.rooms import document
from collab.settings import Settings
from tests.api.conftest import Serve

NAME = DocumentName("notes")
NOTES = "/api/v1/documents/notes"
VERSIONS = f"{NOTES}/versions"


async def kept(api: httpx.AsyncClient) -> int:
    answer = await api.post(VERSIONS, json={"name": "Draft"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def restored(api: httpx.AsyncClient, version: int) -> object:
    answer = await api.post(f"{VERSIONS}/{version}/restore")
    assert answer.status_code == 200, answer.text
    return (await api.get(f"{NOTES}/content")).json()["notes"]


async def test_a_text_typed_in_more_pieces_than_one_update_may_have_comes_back(serve: Serve) -> None:
    limit = 20_000
    doc: Doc[Text] = Doc()
    text = doc.get("notes", type=Text)
    with doc.transaction():
        for count in range(limit + 1):
            text.insert(0, "word "[count % 5])  # no piece merges with the one typed before it, which stands behind it
    async with serve(Settings(max_update_entries=limit)) as server:
        await server.storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=doc.get_update())
        version, typed = await kept(server.client), str(text)
        with doc.transaction():
            text.clear()
        await server.hub.write(NAME, deletions_of(doc))

        assert await restored(server.client, version) == typed


async def test_what_a_restore_writes_is_not_walked_where_that_holds_everybody_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked_here: list[int] = []

    def noting(update: bytes, limits: Limits | None = None) -> Structs:
        if threading.current_thread() is threading.main_thread():
            walked_here.append(len(update))
        return read_structs(update, limits)

    monkeypatch.setattr(document, "read_structs", noting)
    doc: Doc[Text] = Doc()
    text = doc.get("notes", type=Text)
    with doc.transaction():
        for count in range(1000):
            text.insert(0, "word "[count % 5])
    async with serve(Settings()) as server:
        await server.storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=doc.get_update())
        version, typed = await kept(server.client), str(text)
        with doc.transaction():
            text.clear()
        await server.hub.write(NAME, deletions_of(doc))
        walked_here.clear()

        assert await restored(server.client, version) == typed
    assert max(walked_here, default=0) < 1000


def deletions_of(doc: "Doc[Any]") -> bytes:
    """Return the update that deletes what is deleted, and writes nothing."""
    return b"\x00" + read_structs(doc.get_update()).deletions


async def test_types_come_back_in_the_place_of_as_many_others(serve: Serve) -> None:
    limit = 1000
    async with serve(Settings(max_document_types=limit)) as server:
        await server.storage.documents.create(NAME, kind=DocumentKind.YJS, title="")
        doc: Doc[Array[Any]] = Doc()
        rows = doc.get("notes", type=Array)
        rows.extend([Map({"row": "old"}) for _ in range(limit)])
        await server.hub.write(NAME, doc.get_update())
        version = await kept(server.client)
        rows.clear()
        await server.hub.write(NAME, deletions_of(doc))
        rows.extend([Map({"row": "new"}) for _ in range(limit)])
        await server.hub.write(NAME, doc.get_update())

        assert await restored(server.client, version) == [{"row": "old"}] * limit
