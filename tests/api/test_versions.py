"""A document's versions over REST: kept, listed, read, compared, restored."""

import anyio
import httpx
import pytest
from pycrdt import Doc, Text

from collab.api.versions import MAX_PAGE
from collab.ports import DocumentName
from collab.settings import Settings
from tests.api.conftest import Serve, Server, bearer
from tests.support.eventually import DEADLINE

NOTES = "/api/v1/documents/notes"
VERSIONS = f"{NOTES}/versions"


class Writer:
    """A client that writes over REST."""

    def __init__(self, api: httpx.AsyncClient, headers: dict[str, str] | None = None) -> None:
        self.doc: Doc[Text] = Doc()
        self.text = self.doc.get("notes", type=Text)
        self._api = api
        self._headers = headers or {}

    async def write(self, at: int, text: str) -> None:
        self.text.insert(at, text)
        await self.send()

    async def delete(self, start: int, end: int) -> None:
        del self.text[start:end]
        await self.send()

    async def send(self) -> None:
        answer = await self._api.post(
            f"{NOTES}/content",
            content=self.doc.get_update(),
            headers={"Content-Type": "application/octet-stream", **self._headers},
        )
        assert answer.status_code == 204, answer.text

    async def pull(self) -> str:
        answer = await self._api.get(f"{NOTES}/content?format=update", headers=self._headers)
        self.doc.apply_update(answer.content)
        return str(self.text)


@pytest.fixture
async def writer(api: httpx.AsyncClient) -> Writer:
    created = await api.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"})
    assert created.status_code == 201
    return Writer(api)


async def keep(api: httpx.AsyncClient, name: str) -> int:
    answer = await api.post(VERSIONS, json={"name": name})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def content_of(api: httpx.AsyncClient, version: int) -> object:
    return (await api.get(f"{VERSIONS}/{version}/content")).json()


async def test_a_kept_version_is_listed_and_read_in_every_format(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "one two")
    version = await keep(api, "Draft")
    await writer.write(7, " three")

    (listed,) = (await api.get(VERSIONS)).json()["versions"]
    assert listed == (await api.get(f"{VERSIONS}/{version}")).json()
    assert (listed["id"], listed["kind"], listed["name"]) == (version, "named", "Draft")
    assert (listed["author"], listed["participants"]) == (None, [None])
    assert await content_of(api, version) == {"notes": "one two"}
    assert (await api.get(f"{VERSIONS}/{version}/content", headers={"Accept": "text/plain"})).text == "one two"
    update = (await api.get(f"{VERSIONS}/{version}/content?format=update")).content
    doc: Doc[Text] = Doc()
    doc.apply_update(update)
    assert str(doc.get("notes", type=Text)) == "one two"


async def test_an_automatic_version_comes_by_itself_and_is_kept_once_it_has_a_name(serve: Serve) -> None:
    async with serve(Settings(version_interval=0.1)) as server:
        await named_after_it_came(server.client)


async def named_after_it_came(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"})
    await Writer(api).write(0, "one")
    with anyio.fail_after(DEADLINE):
        while not (listed := (await api.get(VERSIONS)).json()["versions"]):  # noqa: ASYNC110 - it tells of itself in no event
            await anyio.sleep(0.01)
    assert (listed[0]["kind"], listed[0]["name"]) == ("automatic", None)

    named = await api.patch(f"{VERSIONS}/{listed[0]['id']}", json={"name": "Good"})

    assert (named.json()["kind"], named.json()["name"]) == ("named", "Good")


async def test_pages(api: httpx.AsyncClient, writer: Writer) -> None:
    taken = [await keep(api, f"v{number}") for number in range(5)]
    first = (await api.get(VERSIONS, params={"limit": 3})).json()
    second = (await api.get(VERSIONS, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [version["id"] for version in (*first["versions"], *second["versions"])] == taken[::-1]
    assert second["next_cursor"] is None


async def test_a_restore_reaches_everybody_and_is_undone_by_the_version_it_made(
    api: httpx.AsyncClient, writer: Writer, server: Server
) -> None:
    await writer.write(0, "one two three")
    version = await keep(api, "Draft")
    await writer.delete(4, 8)
    await writer.write(0, "zero ")
    assert await server.hub.read(DocumentName("notes"))

    answer = await api.post(f"{VERSIONS}/{version}/restore")

    assert answer.status_code == 200, answer.text
    assert await writer.pull() == "one two three"
    before = answer.json()["before"]
    assert (before["kind"], answer.json()["restored"]["id"]) == ("before-restore", version)
    assert await content_of(api, before["id"]) == {"notes": "zero one three"}
    await api.post(f"{VERSIONS}/{before['id']}/restore")
    assert await writer.pull() == "zero one three"
    await api.post(f"{VERSIONS}/{version}/restore")
    assert await writer.pull() == "one two three"


async def test_restoring_what_is_there_writes_nothing(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "one")
    version = await keep(api, "Draft")
    before = (await api.get(f"{NOTES}/content?format=update")).content
    assert (await api.post(f"{VERSIONS}/{version}/restore")).status_code == 200
    assert (await api.get(f"{NOTES}/content?format=update")).content == before


async def test_versions_are_compared(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "one two")
    first = await keep(api, "First")
    await writer.delete(0, 4)
    second = await keep(api, "Second")
    await writer.write(3, " three")

    async def compared(version: int, other: str) -> tuple[object, object, list[tuple[str, str]]]:
        answer = await api.get(f"{VERSIONS}/{version}/comparison", params={"with": other})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        (line,) = body["lines"]
        segments = [(segment["text"], segment["change"]) for segment in line["segments"]]
        return body["before"], body["after"], segments

    taken_out = [("one ", "removed"), ("two", "kept")]
    assert await compared(first, "previous") == (None, first, [("one two", "added")])
    assert await compared(second, "previous") == (first, second, taken_out)
    assert await compared(second, str(first)) == (first, second, taken_out)
    assert await compared(first, str(second)) == (first, second, taken_out)
    assert await compared(first, "current") == (first, None, [*taken_out, (" three", "added")])


async def test_a_deleted_version_is_not_found(api: httpx.AsyncClient, writer: Writer) -> None:
    version = await keep(api, "Draft")
    assert (await api.delete(f"{VERSIONS}/{version}")).status_code == 204
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/content"),
        ("GET", "/comparison"),
        ("GET", "/comparison?with=current"),
        ("POST", "/restore"),
    ):
        answer = await api.request(method, f"{VERSIONS}/{version}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#version-not-found"), path
    assert (await api.get(NOTES)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?limit=0", 422),
        (f"?limit={MAX_PAGE + 1}", 422),
        ("?cursor=abc", 400),
        ("/0", 422),
        ("/1/comparison?with=yesterday", 422),
        ("/1/comparison?with=-1", 422),
        ("/1/content?format=docx", 422),
    ],
)
async def test_bad_questions(api: httpx.AsyncClient, writer: Writer, path: str, status: int) -> None:
    assert (await api.get(f"{VERSIONS}{path}")).status_code == status


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "a\nb"}, {"name": "x" * 256}, {"name": "a", "kind": "automatic"}]
)
async def test_bad_names(api: httpx.AsyncClient, writer: Writer, body: dict[str, str]) -> None:
    assert (await api.post(VERSIONS, json=body)).status_code == 422


async def test_versions_of_a_document_that_is_not_there(api: httpx.AsyncClient) -> None:
    assert (await api.get(VERSIONS)).status_code == 404
    assert (await api.post(VERSIONS, json={"name": "Draft"})).status_code == 404
    assert (await api.post(f"{VERSIONS}/1/restore")).status_code == 404


async def test_a_name_that_ends_like_a_version(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a/versions/1", "kind": "yjs"})
    assert (await api.get("/api/v1/documents/a%2Fversions%2F1")).json()["name"] == "a/versions/1"
    assert (await api.get("/api/v1/documents/a/versions/x")).status_code == 404
    assert (await api.get("/api/v1/documents/a%2Fversions%2F1/versions")).json() == {
        "versions": [],
        "next_cursor": None,
    }


async def test_roles(guarded: httpx.AsyncClient) -> None:
    reader, editor, owner = (bearer({"notes": role}) for role in ("reader", "editor", "owner"))
    await guarded.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"}, headers=editor)
    ada = Writer(guarded, editor)
    await ada.write(0, "one")
    kept = await guarded.post(VERSIONS, json={"name": "Draft"}, headers=editor)
    assert kept.json()["author"] == {"id": "u1", "name": "Ada"}
    assert kept.json()["participants"] == [{"id": "u1", "name": "Ada"}]
    version = f"{VERSIONS}/{kept.json()['id']}"

    async def status(method: str, path: str, headers: dict[str, str], body: object = None) -> int:
        return (await guarded.request(method, path, headers=headers, json=body)).status_code

    assert await status("GET", VERSIONS, reader) == 200
    assert await status("GET", f"{version}/comparison", reader) == 200
    assert await status("GET", f"{version}/content", reader) == 200
    assert await status("POST", VERSIONS, reader, {"name": "x"}) == 403
    assert await status("PATCH", version, reader, {"name": "x"}) == 403
    assert await status("POST", f"{version}/restore", reader) == 403
    assert await status("POST", f"{version}/restore", editor) == 200
    assert await status("DELETE", version, editor) == 403
    assert await status("DELETE", version, owner) == 204
    for method, path in (("GET", VERSIONS), ("GET", version), ("POST", f"{version}/restore")):
        assert await status(method, path, bearer({"other": "owner"})) == 403
        assert await status(method, path, {}) == 401
