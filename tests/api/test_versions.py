"""A document's versions over REST: kept, listed, read, compared, restored."""

import time
from typing import Any

import anyio
import httpx
import pytest
from pycrdt import Doc, Text
from sqlalchemy import text

from collab import offloading
from collab.api.versions import MAX_PAGE
from collab.content.restoring import restoring
from collab.offloading import HEAVY
from collab.ports import DocumentName
from collab.services import committing, history
from collab.settings import Settings
from collab.storage.database import open_database
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


@pytest.fixture(params=[HEAVY, 0], ids=["by threads", "by processes"])
def worked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What states are worked through by."""
    monkeypatch.setattr(offloading, "HEAVY", request.param)


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


async def named_after_it_came(api: httpx.AsyncClient) -> int:
    await api.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"})
    await Writer(api).write(0, "one")
    with anyio.fail_after(DEADLINE):
        while not (listed := (await api.get(VERSIONS)).json()["versions"]):  # noqa: ASYNC110 - it tells of itself in no event
            await anyio.sleep(0.01)
    assert (listed[0]["kind"], listed[0]["name"]) == ("automatic", None)

    named = await api.patch(f"{VERSIONS}/{listed[0]['id']}", json={"name": "Good"})

    assert (named.json()["kind"], named.json()["name"]) == ("named", "Good")
    return int(named.json()["id"])


async def test_pages(api: httpx.AsyncClient, writer: Writer) -> None:
    taken = [await keep(api, f"v{number}") for number in range(5)]
    first = (await api.get(VERSIONS, params={"limit": 3})).json()
    second = (await api.get(VERSIONS, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [version["id"] for version in (*first["versions"], *second["versions"])] == taken[::-1]
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("worked")
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


async def test_restores_that_overlap_restore_once(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "one two")
    version = await keep(api, "Draft")
    await writer.delete(0, 7)
    answers: list[httpx.Response] = []

    async def restore() -> None:
        answers.append(await api.post(f"{VERSIONS}/{version}/restore"))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(restore)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert await writer.pull() == "one two"


async def test_a_restore_reaches_no_other_document_that_has_taken_the_name_meanwhile(
    server: Server, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writer.write(0, "draft")
    version = await keep(server.client, "Draft")
    await writer.delete(0, 5)
    work_through = offloading.offloaded

    async def replace_it(*of: Any, **what: Any) -> Any:
        assert (await server.client.delete(NOTES)).status_code == 204
        created = await server.client.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"})
        assert created.status_code == 201
        return await work_through(*of, **what)

    monkeypatch.setattr("collab.services.history.offloaded", replace_it)

    answer = await server.client.post(f"{VERSIONS}/{version}/restore")

    assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#document-not-found")
    assert (await server.client.get(f"{NOTES}/content")).json() == {}


async def test_a_restore_may_take_longer_than_its_commit(
    api: httpx.AsyncClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "COMMIT_TIMEOUT", 0.5)
    await writer.write(0, "one")
    version = await keep(api, "Draft")
    await writer.delete(0, 3)

    def restore_slowly(current: bytes, wanted: bytes, client_id: int) -> bytes:
        time.sleep(1)
        return restoring(current, wanted, client_id)

    monkeypatch.setattr(history, "restoring", restore_slowly)
    assert (await api.post(f"{VERSIONS}/{version}/restore")).status_code == 200
    assert await writer.pull() == "one"


async def test_restoring_what_is_there_writes_nothing(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "one")
    version = await keep(api, "Draft")
    before = (await api.get(f"{NOTES}/content?format=update")).content
    answer = await api.post(f"{VERSIONS}/{version}/restore")
    assert (answer.status_code, answer.json()["restored"]["id"], answer.json()["before"]) == (200, version, None)
    assert (await api.get(f"{NOTES}/content?format=update")).content == before
    assert [each["id"] for each in (await api.get(VERSIONS)).json()["versions"]] == [version]


async def test_what_somebody_writes_while_a_restore_begins_is_in_the_version_before_it_and_stays(
    api: httpx.AsyncClient, writer: Writer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writer.write(0, "one two")
    version = await keep(api, "Draft")
    await writer.delete(3, 7)
    take = server.storage.versions.take

    async def write_first(*of: Any, **what: Any) -> Any:
        await writer.write(0, "zero ")
        return await take(*of, **what)

    monkeypatch.setattr(type(server.storage.versions), "take", lambda _, *of, **what: write_first(*of, **what))
    answer = await api.post(f"{VERSIONS}/{version}/restore")

    assert await content_of(api, answer.json()["before"]["id"]) == {"notes": "zero one"}
    assert await writer.pull() == "one two"


async def test_no_more_versions_are_named_than_may_be(serve: Serve) -> None:
    async with serve(Settings(max_named_versions=2, version_interval=0.1)) as server:
        api = server.client
        automatic = await named_after_it_came(api)
        kept = await keep(api, "Draft")
        await Writer(api).write(0, "two")
        restored = await api.post(f"{VERSIONS}/{kept}/restore")
        unnamed = f"{VERSIONS}/{restored.json()['before']['id']}"

        for refused in (
            await api.post(VERSIONS, json={"name": "More"}),
            await api.patch(unnamed, json={"name": "More"}),
        ):
            assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs#too-many-versions")
            assert "2 named versions; 2 are allowed" in refused.json()["detail"]

        assert (await api.patch(f"{VERSIONS}/{kept}", json={"name": "Better"})).json()["name"] == "Better"
        assert (await api.delete(f"{VERSIONS}/{automatic}")).status_code == 204
        named = (await api.patch(unnamed, json={"name": "More"})).json()
        assert (named["kind"], named["name"]) == ("named", "More")


@pytest.mark.usefixtures("worked")
async def test_a_version_is_read_and_compared_as_what_the_document_was_then(
    api: httpx.AsyncClient, writer: Writer
) -> None:
    await writer.write(0, "plain")
    plain = await keep(api, "Plain")
    await writer.delete(0, 5)
    assert (await api.patch(NOTES, json={"kind": "richtext"})).status_code == 200
    rich = await keep(api, "Rich")

    assert await content_of(api, plain) == {"notes": "plain"}
    assert (await api.get(f"{VERSIONS}/{plain}/content", headers={"Accept": "text/plain"})).text == "plain"
    assert await content_of(api, rich) == (await api.get(f"{NOTES}/content")).json()
    kinds = [version["document_kind"] for version in (await api.get(VERSIONS)).json()["versions"]]
    assert kinds == ["richtext", "yjs"]
    lines = (await api.get(f"{VERSIONS}/{plain}/comparison?with=current")).json()["lines"]
    assert [(line["root"], line["tag"], line["change"]) for line in lines] == [
        ("default", "paragraph", "added"),
        ("notes", "", "kept"),
    ]
    assert [(segment["text"], segment["change"]) for segment in lines[1]["segments"]] == [("plain", "removed")]

    await api.patch(NOTES, json={"kind": "yjs"})
    assert list((await api.get(f"{VERSIONS}/{rich}/content")).json()) == ["type", "content"]


@pytest.mark.usefixtures("worked")
async def test_a_rich_text_document_is_not_taken_back_to_what_was_none(api: httpx.AsyncClient, writer: Writer) -> None:
    await writer.write(0, "plain")
    plain = await keep(api, "Plain")
    await writer.delete(0, 5)
    empty = await keep(api, "Empty")
    await api.patch(NOTES, json={"kind": "richtext"})
    rich, before = await keep(api, "Rich"), (await api.get(f"{NOTES}/content")).json()

    for version in (plain, empty):
        refused = await api.post(f"{VERSIONS}/{version}/restore")
        assert (refused.status_code, refused.json()["type"]) == (409, "/api/docs#unfit-content")
        assert f"version {version} is of another kind than the document is now" in refused.json()["detail"]
    assert (await api.get(f"{NOTES}/content")).json() == before

    await api.patch(NOTES, json={"kind": "yjs"})
    assert (await api.post(f"{VERSIONS}/{plain}/restore")).status_code == 200
    assert (await api.get(f"{NOTES}/content")).json() == {"default": None, "notes": "plain"}
    assert (await api.post(f"{VERSIONS}/{rich}/restore")).status_code == 200
    assert (await api.get(f"{NOTES}/content")).json() == {"default": before, "notes": None}


async def test_what_was_rich_text_under_another_kind_is_restored(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "notes"})
    await api.patch(NOTES, json={"kind": "yjs"})
    version = await keep(api, "Draft")
    await api.patch(NOTES, json={"kind": "richtext"})
    assert (await api.post(f"{VERSIONS}/{version}/restore")).status_code == 200


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
        ("/1/comparison?with=1.0", 422),
        ("/1/content?format=docx", 422),
    ],
)
async def test_bad_questions(api: httpx.AsyncClient, writer: Writer, path: str, status: int) -> None:
    assert (await api.get(f"{VERSIONS}{path}")).status_code == status


@pytest.mark.parametrize("path", ["{}", "{}/content", "{}/comparison", "1/comparison?with={}"])
async def test_an_id_is_the_same_in_a_path_and_in_a_question(api: httpx.AsyncClient, writer: Writer, path: str) -> None:
    assert await keep(api, "First") == 1
    for largest in (10**18, 2**63 - 1):
        answer = await api.get(f"{VERSIONS}/{path.format(largest)}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#version-not-found")
    for none in ("0", str(2**63), "9" * 5_000):
        answer = await api.get(f"{VERSIONS}/{path.format(none)}")
        assert (answer.status_code, answer.json()["type"]) == (422, "/api/docs#invalid-request")


async def test_what_a_version_is_compared_with_is_said_in_one_sentence(api: httpx.AsyncClient, writer: Writer) -> None:
    answer = await api.get(f"{VERSIONS}/1/comparison", params={"with": str(2**63)})
    detail = "with: expected `previous`, `current`, or an id from 1 to 9223372036854775807"
    assert answer.json()["errors"] == [{"detail": detail, "parameter": "with"}]


@pytest.mark.parametrize("damage", ["kind = 'banana'", "participants = '[oops'", "created_at = 'then'"])
async def test_a_damaged_version_hides_no_other_and_is_nobodys_fault_but_the_stores(
    server: Server, api: httpx.AsyncClient, writer: Writer, damage: str
) -> None:
    kept = []
    for name in "abc":
        await writer.write(0, name)
        kept.append(await keep(api, name))
    async with open_database(f"sqlite:///{server.database}") as database, database.writing() as connection:
        await connection.execute(text(f"UPDATE versions SET {damage} WHERE name = 'b'"))

    answer = await api.get(VERSIONS)
    refused = await api.get(f"{VERSIONS}/{kept[1]}")
    restored = await api.post(f"{VERSIONS}/{kept[0]}/restore")
    deleted = await api.delete(f"{VERSIONS}/{kept[1]}")

    assert answer.status_code == 200
    assert [each["id"] for each in answer.json()["versions"]] == [kept[2], kept[0]]
    assert (refused.status_code, refused.json()["type"]) == (500, "/api/docs#corrupt-document")
    assert restored.status_code == 200
    assert await writer.pull() == "a"
    assert deleted.status_code == 204
    assert (await api.get(f"{VERSIONS}/{kept[1]}")).status_code == 404


@pytest.mark.parametrize("listing", ["/api/v1/documents", VERSIONS])
async def test_a_bad_cursor_is_the_clients_fault(api: httpx.AsyncClient, writer: Writer, listing: str) -> None:
    answer = await api.get(listing, params={"cursor": "abc"})

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/docs#invalid-cursor")
    assert answer.json()["detail"] == "the cursor 'abc' came; expected the next_cursor of an earlier page of this list"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "a\u202eb"},
        {"name": "a\u2028b"},
        {"name": "x" * 256},
        {"name": "a", "kind": "automatic"},
    ],
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
