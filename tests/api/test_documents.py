import httpx
import pytest
from sqlalchemy import text

from collab.storage.database import open_database
from tests.api.conftest import Server, bearer, text_update

pytestmark = pytest.mark.anyio

UPDATE = {"Content-Type": "application/octet-stream"}


async def test_a_created_document_is_described_and_located(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/documents", json={"name": "team/notes", "title": "Notes"})

    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/documents/team%2Fnotes"
    assert answer.headers["Cache-Control"] == "no-store"
    described = answer.json()
    assert {key: described[key] for key in ("name", "title", "kind", "role")} == {
        "name": "team/notes",
        "title": "Notes",
        "kind": "richtext",
        "role": "owner",
    }
    assert described["created_at"].endswith("Z")
    assert (await api.get(answer.headers["Location"])).json() == described


async def test_a_document_created_with_nothing_said_has_a_random_name(api: httpx.AsyncClient) -> None:
    names = {(await api.post("/api/v1/documents")).json()["name"] for _ in range(3)}

    assert len(names) == 3
    assert all(len(name) == 16 and name.isascii() for name in names)


async def test_a_new_rich_text_document_has_one_empty_paragraph(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a"})

    content = (await api.get("/api/v1/documents/a/content")).json()

    block = content["content"][0]["content"][0]
    assert block["type"] == "blockContainer"
    assert [child["type"] for child in block["content"]] == ["paragraph"]


async def test_a_taken_name_conflicts(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a"})

    answer = await api.post("/api/v1/documents", json={"name": "a"})

    assert answer.status_code == 409
    assert answer.json()["type"] == "/api/docs#document-exists"


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "\x00", "\x85"])
async def test_a_name_that_no_document_can_have_is_refused(api: httpx.AsyncClient, name: str) -> None:
    answer = await api.post("/api/v1/documents", json={"name": name})

    assert (answer.status_code, answer.json()["type"]) == (400, "/api/docs#invalid-name")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": ""}, "#/title"),
        ({"title": "x" * 256}, "#/title"),
        ({"title": "a\nb"}, "#/title"),
        ({"kind": "word"}, "#/kind"),
        ({"name": 7}, "#/name"),
        ({"owner": "me"}, "#/owner"),
    ],
)
async def test_a_wrong_field_is_named(api: httpx.AsyncClient, body: dict[str, object], pointer: str) -> None:
    answer = await api.post("/api/v1/documents", json=body)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_body_that_is_no_json_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/documents", content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#"


async def test_a_listing_has_the_one_changed_last_first_and_turns_pages(api: httpx.AsyncClient) -> None:
    for name in "abc":
        await api.post("/api/v1/documents", json={"name": name})
    await api.patch("/api/v1/documents/a", json={"title": "Now"})

    first = (await api.get("/api/v1/documents", params={"limit": 2})).json()
    second = (await api.get("/api/v1/documents", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [document["name"] for document in first["documents"] + second["documents"]] == ["a", "c", "b"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("damage", ["kind = 'spreadsheet'", "updated_at = 'yesterday'"])
async def test_a_damaged_document_hides_no_other_and_is_refused_by_itself(server: Server, damage: str) -> None:
    for name in "abc":
        await server.client.post("/api/v1/documents", json={"name": name})
    async with open_database(f"sqlite:///{server.database}") as database, database.writing() as connection:
        await connection.execute(text(f"UPDATE documents SET {damage} WHERE name = 'b'"))

    answer = await server.client.get("/api/v1/documents")
    refused = await server.client.get("/api/v1/documents/b")

    assert answer.status_code == 200
    assert [document["name"] for document in answer.json()["documents"]] == ["c", "a"]
    assert (refused.status_code, refused.json()["type"]) == (500, "/api/docs#corrupt-document")


async def test_a_listing_is_searched_by_title_and_name(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "plan-1", "title": "Budget"})
    await api.post("/api/v1/documents", json={"name": "x", "title": "The Plan"})
    await api.post("/api/v1/documents", json={"name": "y", "title": "Other"})

    found = (await api.get("/api/v1/documents", params={"q": "PLAN"})).json()["documents"]

    assert {document["name"] for document in found} == {"plan-1", "x"}


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "201"}, {"limit": "many"}, {"q": "x" * 256}, {"q": "a\x00"}]
)
async def test_a_wrong_query_is_refused_by_its_parameter(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("/api/v1/documents", params=query)

    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == list(query)


@pytest.mark.parametrize("cursor", ["nonsense", "", "\x00", "W10", "ü", "x" * 1024])
async def test_a_cursor_from_elsewhere_is_refused(api: httpx.AsyncClient, cursor: str) -> None:
    assert (await api.get("/api/v1/documents", params={"cursor": cursor})).status_code == 400


async def test_a_change_of_title_is_kept(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})

    answer = await api.patch("/api/v1/documents/a", json={"title": "Renamed"})

    assert (answer.status_code, answer.json()["title"], answer.json()["kind"]) == (200, "Renamed", "yjs")
    assert (await api.get("/api/v1/documents/a")).json()["title"] == "Renamed"


async def test_an_empty_document_that_becomes_rich_text_is_seeded(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})

    answer = await api.patch("/api/v1/documents/a", json={"kind": "richtext"})

    assert (answer.status_code, answer.json()["kind"]) == (200, "richtext")
    content = (await api.get("/api/v1/documents/a/content")).json()
    assert [node["type"] for node in content["content"]] == ["blockGroup"]


async def test_a_document_with_other_content_does_not_become_rich_text(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
    await api.post("/api/v1/documents/a/content", content=text_update("hello"), headers=UPDATE)

    answer = await api.patch("/api/v1/documents/a", json={"kind": "richtext"})

    assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs#unfit-content")
    assert (await api.get("/api/v1/documents/a")).json()["kind"] == "yjs"


async def test_a_document_that_was_rich_text_becomes_it_again_as_it_was(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a"})
    before = (await api.get("/api/v1/documents/a/content")).json()
    await api.patch("/api/v1/documents/a", json={"kind": "yjs"})

    answer = await api.patch("/api/v1/documents/a", json={"kind": "richtext"})

    assert answer.status_code == 200
    assert (await api.get("/api/v1/documents/a/content")).json() == before


async def test_a_deleted_document_is_gone_until_it_is_restored(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
    await api.post("/api/v1/documents/a/content", content=text_update("hello"), headers=UPDATE)

    deleted = await api.delete("/api/v1/documents/a")
    while_deleted = await api.get("/api/v1/documents/a")
    write = await api.post("/api/v1/documents/a/content", content=text_update("late"), headers=UPDATE)
    restored = await api.post("/api/v1/documents/a/restore")

    assert (deleted.status_code, while_deleted.status_code, write.status_code) == (204, 410, 410)
    assert restored.status_code == 200
    assert (await api.get("/api/v1/documents/a/content?format=text")).text == "hello"


async def test_restoring_what_is_not_in_the_trash_is_not_found(api: httpx.AsyncClient) -> None:
    assert (await api.post("/api/v1/documents/a/restore")).status_code == 404


async def test_a_restore_under_a_name_that_was_taken_meanwhile_conflicts(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "a"})
    await api.delete("/api/v1/documents/a")
    await api.post("/api/v1/documents", json={"name": "a"})

    assert (await api.post("/api/v1/documents/a/restore")).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/documents/none"),
        ("PATCH", "/api/v1/documents/none"),
        ("DELETE", "/api/v1/documents/none"),
        ("GET", "/api/v1/documents/none/content"),
        ("POST", "/api/v1/documents/none/content"),
    ],
)
async def test_an_unknown_document_is_not_found(api: httpx.AsyncClient, method: str, path: str) -> None:
    body = b"\x00\x00" if method == "POST" else b'{"title": "x"}'
    content_type = "application/octet-stream" if method == "POST" else "application/json"

    answer = await api.request(method, path, content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#document-not-found")


async def test_deleting_a_document_closes_its_room(server: Server) -> None:
    await server.client.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
    await server.client.post("/api/v1/documents/a/content", content=text_update("x"), headers=UPDATE)
    open_before = len(server.hub._rooms)

    await server.client.delete("/api/v1/documents/a")

    assert (open_before, len(server.hub._rooms)) == (1, 0)


async def test_a_bearer_lists_only_what_the_token_names(guarded: httpx.AsyncClient) -> None:
    everything = bearer({"*": "owner"})
    for name in ("team/a", "team/b", "other", "mine"):
        assert (await guarded.post("/api/v1/documents", json={"name": name}, headers=everything)).status_code == 201

    token = bearer({"team/*": "reader", "mine": "owner"})
    listed = (await guarded.get("/api/v1/documents", headers=token)).json()["documents"]

    assert {document["name"]: document["role"] for document in listed} == {
        "team/a": "reader",
        "team/b": "reader",
        "mine": "owner",
    }


async def test_a_bearer_without_documents_lists_none(guarded: httpx.AsyncClient) -> None:
    await guarded.post("/api/v1/documents", json={"name": "a"}, headers=bearer(admin=True))

    assert (await guarded.get("/api/v1/documents", headers=bearer())).json() == {"documents": [], "next_cursor": None}


async def test_an_admin_lists_everything(guarded: httpx.AsyncClient) -> None:
    await guarded.post("/api/v1/documents", json={"name": "a"}, headers=bearer({"a": "editor"}))

    listed = (await guarded.get("/api/v1/documents", headers=bearer(admin=True))).json()["documents"]

    assert [(document["name"], document["role"]) for document in listed] == [("a", "owner")]


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("reader", "GET", "", 200),
        ("reader", "GET", "/content", 200),
        ("reader", "PATCH", "", 403),
        ("commenter", "PATCH", "", 403),
        ("commenter", "POST", "/content", 403),
        ("editor", "PATCH", "", 200),
        ("editor", "POST", "/content", 204),
        ("editor", "DELETE", "", 403),
        ("editor", "POST", "/restore", 403),
        ("owner", "DELETE", "", 204),
    ],
)
async def test_a_role_allows_what_it_should(
    guarded: httpx.AsyncClient, role: str, method: str, path: str, status: int
) -> None:
    await guarded.post("/api/v1/documents", json={"name": "a", "kind": "yjs"}, headers=bearer(admin=True))
    content_type, body = UPDATE["Content-Type"], b"\x00\x00"
    if method == "PATCH":
        content_type, body = "application/json", b'{"title": "x"}'

    answer = await guarded.request(
        method,
        f"/api/v1/documents/a{path}",
        headers={**bearer({"a": role}), "Content-Type": content_type},
        content=body if method in {"PATCH", "POST"} else None,
    )

    assert answer.status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_a_role_nobody_learns_whether_a_document_exists(guarded: httpx.AsyncClient, method: str) -> None:
    await guarded.post("/api/v1/documents", json={"name": "there"}, headers=bearer(admin=True))
    token = bearer({"mine": "owner"})

    there = await guarded.request(method, "/api/v1/documents/there", headers=token)
    nowhere = await guarded.request(method, "/api/v1/documents/nowhere", headers=token)

    assert there.status_code == 403
    assert (there.status_code, there.content, there.headers) == (nowhere.status_code, nowhere.content, nowhere.headers)


async def test_a_reader_creates_nothing(guarded: httpx.AsyncClient) -> None:
    answer = await guarded.post("/api/v1/documents", json={"name": "a"}, headers=bearer({"a": "reader"}))

    assert answer.status_code == 403
