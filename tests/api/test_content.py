import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.api.bodies import LINGER_BODIES
from collab.content.replica import MAX_DEPTH
from collab.ports import DocumentName
from collab.services import committing
from collab.settings import Settings
from tests.api.conftest import Serve, Server, text_update
from tests.support.peers import text_of

pytestmark = pytest.mark.anyio

A = "/api/v1/documents/a"
UPDATE = {"Content-Type": "application/octet-stream"}


@pytest.fixture(autouse=True)
async def document(api: httpx.AsyncClient) -> None:
    """A document `a` of any kind, with a text."""
    await api.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
    await api.post(f"{A}/content", content=text_update("hello"), headers=UPDATE)


async def test_the_content_is_given_as_one_update(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{A}/content?format=update")

    assert answer.headers["Content-Type"] == "application/octet-stream"
    doc: Doc[Text] = Doc()
    doc.apply_update(answer.content)
    assert str(doc.get("notes", type=Text)) == "hello"


async def test_the_content_is_given_as_json_of_its_roots(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{A}/content?format=json")

    assert (answer.headers["Content-Type"], answer.json()) == ("application/json", {"notes": "hello"})


async def test_the_content_is_given_as_text(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{A}/content?format=text")

    assert (answer.headers["Content-Type"], answer.text) == ("text/plain; charset=utf-8", "hello")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/octet-stream", "application/octet-stream"),
        ("application/vnd.yjs.update", "application/octet-stream"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/*", "text/plain; charset=utf-8"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("application/json;q=0.5, text/plain;q=0.9", "text/plain; charset=utf-8"),
        ("application/json;q=0, */*", "application/octet-stream"),
        ("TEXT/Plain;Q=1", "text/plain; charset=utf-8"),
    ],
)
async def test_the_form_is_the_one_that_accept_prefers(api: httpx.AsyncClient, accept: str, media_type: str) -> None:
    answer = await api.get(f"{A}/content", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.headers["Vary"] == "Accept"


async def test_the_format_goes_before_accept(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{A}/content?format=text", headers={"Accept": "application/json"})

    assert answer.text == "hello"


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "nonsense"])
async def test_a_form_that_cannot_be_given_is_not_acceptable(api: httpx.AsyncClient, accept: str) -> None:
    answer = await api.get(f"{A}/content", headers={"Accept": accept})

    assert answer.status_code == 406
    assert "text/plain" in answer.json()["detail"]


async def test_an_unknown_format_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{A}/content?format=docx")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "format"


async def test_every_kind_of_root_is_given_as_json(api: httpx.AsyncClient) -> None:
    doc: Doc[Any] = Doc()
    doc.get("map", type=Map).update({"n": 1, "nested": Array([1.5, None, "x"])})
    doc.get("list", type=Array).extend([1, {"a": True}])
    fragment = doc.get("xml", type=XmlFragment)
    fragment.children.append(XmlElement("p", {"level": "1"}, [XmlText("words")]))
    await api.post(f"{A}/content", content=doc.get_update(), headers=UPDATE)

    assert (await api.get(f"{A}/content")).json() == {
        "list": [1, {"a": True}],
        "map": {"n": 1, "nested": [1.5, None, "x"]},
        "notes": "hello",
        "xml": {
            "type": "doc",
            "content": [{"type": "p", "attrs": {"level": "1"}, "content": [{"type": "text", "text": "words"}]}],
        },
    }


async def test_an_update_is_merged_and_committed(server: Server) -> None:
    doc: Doc[Text] = Doc()
    doc.apply_update((await server.client.get(f"{A}/content?format=update")).content)
    doc.get("notes", type=Text).insert(5, " world")

    answer = await server.client.post(f"{A}/content", content=doc.get_update(), headers=UPDATE)

    assert (answer.status_code, answer.content) == (204, b"")
    stored = await server.storage.log.load("a")  # type: ignore[arg-type]
    assert stored is not None
    kept: Doc[Text] = Doc()
    for update in (*([stored.content.snapshot] if stored.content.snapshot else []), *stored.content.updates):
        kept.apply_update(update)
    assert str(kept.get("notes", type=Text)) == "hello world"


@pytest.mark.parametrize("media_type", ["application/vnd.yjs.update", "Application/Octet-Stream; x=y"])
async def test_an_update_is_taken_under_either_media_type(api: httpx.AsyncClient, media_type: str) -> None:
    answer = await api.post(f"{A}/content", content=text_update("x"), headers={"Content-Type": media_type})

    assert answer.status_code == 204


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}])
async def test_a_body_of_another_media_type_is_refused(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await api.post(f"{A}/content", content=text_update("x"), headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xff\xff\xff", b'{"a": 1}'])
async def test_a_body_that_is_no_update_is_refused_and_changes_nothing(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post(f"{A}/content", content=body, headers=UPDATE)

    assert (answer.status_code, answer.json()["type"]) == (422, "/api/docs#invalid-update")
    assert (await api.get(f"{A}/content?format=text")).text == "hello"


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_while_it_is_read(serve: Serve, declared: bool) -> None:
    limit = 64 * 1024
    async with serve(Settings(max_message_bytes=limit)) as running:
        await running.client.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
        update = text_update("x" * limit)
        read = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            for start in range(0, len(update) * 100, 4096):
                read = start + 4096
                yield update[:4096]

        answer = await running.client.post(f"{A}/content", content=update if declared else body(), headers=UPDATE)

        assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
        assert str(limit) in answer.json()["detail"]
        assert read <= (1 + LINGER_BODIES) * limit + 2 * 4096, "more was read than what is dropped of a refused body"


async def test_json_bodies_are_limited_too(serve: Serve) -> None:
    async with serve(Settings(max_message_bytes=64 * 1024)) as running:
        answer = await running.client.post("/api/v1/documents", json={"title": "x" * 70_000})

    assert answer.status_code == 413


async def test_content_nested_too_deep_is_given_as_update_only(api: httpx.AsyncClient) -> None:
    doc: Doc[Any] = Doc()
    nested: object = 1
    for _ in range(300):
        nested = [nested]
    doc.get("deep", type=Map)["x"] = nested
    await api.post(f"{A}/content", content=doc.get_update(), headers=UPDATE)

    as_json = await api.get(f"{A}/content?format=json")
    as_update = await api.get(f"{A}/content?format=update")

    assert (as_json.status_code, as_json.json()["type"]) == (409, "/api/docs#unfit-content")
    assert "200" in as_json.json()["detail"]
    assert as_update.status_code == 200


async def test_json_is_written_in_utf8(api: httpx.AsyncClient) -> None:
    await api.post(f"{A}/content", content=text_update("日本", "t"), headers=UPDATE)

    answer = await api.get(f"{A}/content")

    assert "日本".encode() in answer.content
    assert json.loads(answer.content)["t"] == "日本"


async def test_a_writer_hears_when_its_update_is_not_committed_in_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the room keeps it: it is committed once the database takes it."""
    monkeypatch.setattr(committing, "COMMIT_TIMEOUT", 0.2)
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        answer = await server.client.post(f"{A}/content", content=text_update("x", "t"), headers=UPDATE)

    assert (answer.status_code, answer.json()["type"]) == (503, "/api/docs#unavailable")
    await server.hub.settle(DocumentName("a"))
    stored = await server.storage.log.load(DocumentName("a"))
    assert stored is not None
    assert text_of(*stored.content.updates) == "x"


async def test_content_at_the_limit_of_depth_is_given_as_json(api: httpx.AsyncClient) -> None:
    doc: Doc[Any] = Doc()
    parent = doc.get("x", type=XmlFragment).children.append(XmlElement("p"))
    for _ in range(MAX_DEPTH - 2):
        parent = parent.children.append(XmlElement("p"))
    await api.post(f"{A}/content", content=doc.get_update(), headers=UPDATE)

    answer = await api.get(f"{A}/content?format=json")

    assert (answer.status_code, answer.text.count('"p"')) == (200, MAX_DEPTH - 1)
