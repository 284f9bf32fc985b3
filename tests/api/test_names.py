from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from starlette.types import Receive, Send

from tests.api.conftest import HERE, Server

pytestmark = pytest.mark.anyio

DOCUMENTS = "/api/v1/documents"
NAMES = [
    "a",
    "a b",
    "ü",
    "日本語 🛳",
    "team/notes",
    "/",
    "//",
    "/a/",
    "../x",
    "../../etc/passwd",
    "*",
    "team/*",
    "a?b",
    "a#b",
    "a+b&c=d;e",
    "100%",
    "a%2Fb",
    "%",
    "content",
    "restore",
    "a/content",
    "a/restore",
    "content/content",
    "/content",
    "versions",
    "a/versions",
    "a/versions/7",
    "a/versions/7/content",
    "a/authorship",
    "a:b@c",
    "\\",
    "x" * 255,
    "ü" * 255,
    "e\u0301",
    "\u202e",
    " ",
]


def encoded(name: str) -> str:
    return f"{DOCUMENTS}/{quote(name, safe='')}"


@pytest.mark.parametrize("name", NAMES)
async def test_a_document_of_any_name_is_created_read_and_deleted(api: httpx.AsyncClient, name: str) -> None:
    created = await api.post(DOCUMENTS, json={"name": name})

    found = await api.get(encoded(name))
    content = await api.get(f"{encoded(name)}/content?format=text")
    deleted = await api.delete(encoded(name))
    restored = await api.post(f"{encoded(name)}/restore")

    assert [answer.status_code for answer in (created, found, content, deleted, restored)] == [201, 200, 200, 204, 200]
    assert found.json()["name"] == restored.json()["name"] == name
    assert (await api.get(created.headers["Location"])).json()["name"] == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("team/notes", "team/notes"),
        ("team%2Fnotes", "team/notes"),
        ("team%2fnotes", "team/notes"),
        ("a//b", "a//b"),
        ("a/b/", "a/b/"),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ("%2E", "."),
        ("%2E%2E", ".."),
        ("a+b", "a+b"),
        ("content", "content"),
        ("restore", "restore"),
        ("a%2Fcontent", "a/content"),
        ("a/contents", "a/contents"),
        ("a/c%6Fntent", "a/content"),
        ("a%252Fb", "a%2Fb"),
    ],
)
async def test_the_whole_rest_of_a_path_is_the_name(server: Server, path: str, name: str) -> None:
    await server.client.post(DOCUMENTS, json={"name": name})

    assert (await raw_get(server, f"{DOCUMENTS}/{path}"))["name"] == name


@pytest.mark.parametrize(("path", "name"), [("a/b/content", "a/b"), ("a%2Fcontent/content", "a/content")])
async def test_a_last_segment_content_is_the_content(server: Server, path: str, name: str) -> None:
    await server.client.post(DOCUMENTS, json={"name": name})

    assert (await raw_get(server, f"{DOCUMENTS}/{path}"))["type"] == "doc"


@pytest.mark.parametrize("path", ["%FF", "a%C3", "%ED%A0%80", "a%00b", "%0A", "x" * 256, "%C2%85"])
async def test_a_path_that_is_no_name_is_refused(server: Server, path: str) -> None:
    answer = await raw_get(server, f"{DOCUMENTS}/{path}")

    assert (answer["status"], answer["type"]) == (400, "/api/docs#invalid-name")


async def test_no_name_at_all_is_not_found(server: Server) -> None:
    assert (await raw_get(server, f"{DOCUMENTS}/"))["status"] == 404


async def test_a_server_without_raw_paths_serves_names_as_far_as_it_can(server: Server) -> None:
    await server.client.post(DOCUMENTS, json={"name": "team/ü 100%"})

    answer = await raw_get(server, "", path=f"{DOCUMENTS}/team/ü 100%")

    assert answer["name"] == "team/ü 100%"


async def raw_get(server: Server, raw_path: str, *, path: str | None = None) -> dict[str, Any]:
    """Ask for a path as it is (an HTTP client would normalise it), or for a decoded one only."""

    async def as_asked(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        asked = {"path": unquote(raw_path), "raw_path": raw_path.encode()} if path is None else {"path": path}
        rest = {key: value for key, value in scope.items() if key not in {"path", "raw_path"}}
        await server.app({**rest, **asked}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_asked), base_url=HERE) as client:
        found: dict[str, Any] = (await client.get("/")).json()
        return found
