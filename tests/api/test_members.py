"""Sharing a document with users of the host application, over REST."""

from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import bearer

pytestmark = pytest.mark.anyio

MEMBERS = "/api/v1/documents/plan/members"


@pytest.fixture
async def owned(guarded: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a server with a document `plan`, as somebody who owns it by their token."""
    guarded.headers.update(bearer({"plan": "owner"}))
    assert (await guarded.post("/api/v1/documents", json={"name": "plan"})).status_code == 201
    return guarded


async def test_a_member_gets_in_by_membership_alone(owned: httpx.AsyncClient) -> None:
    bob = bearer({}, user="bob")
    assert (await owned.get("/api/v1/documents/plan", headers=bob)).status_code == 403

    given = await owned.put(f"{MEMBERS}/bob", json={"role": "commenter"})

    assert given.status_code == 200
    assert {**given.json(), "created_at": ""} == {
        "user_id": "bob",
        "name": None,
        "role": "commenter",
        "granted_by": "u1",
        "created_at": "",
    }
    assert (await owned.get("/api/v1/documents/plan", headers=bob)).json()["role"] == "commenter"
    listed = (await owned.get("/api/v1/documents", headers=bob)).json()["documents"]
    assert [(document["name"], document["role"]) for document in listed] == [("plan", "commenter")]
    assert (await owned.get(MEMBERS)).json() == {"members": [given.json()]}


async def test_of_token_and_membership_the_stronger_counts(owned: httpx.AsyncClient) -> None:
    await owned.put(f"{MEMBERS}/bob", json={"role": "reader"})
    await owned.put(f"{MEMBERS}/eve", json={"role": "owner"})

    for user, role in (("bob", "editor"), ("eve", "owner")):
        headers = bearer({"p*": "editor"}, user=user)
        assert (await owned.get("/api/v1/documents/plan", headers=headers)).json()["role"] == role
        listed = (await owned.get("/api/v1/documents", headers=headers)).json()["documents"]
        assert [document["role"] for document in listed] == [role]


async def test_a_member_who_was_removed_is_out(owned: httpx.AsyncClient) -> None:
    await owned.put(f"{MEMBERS}/bob", json={"role": "owner"})

    assert (await owned.delete(f"{MEMBERS}/bob")).status_code == 204
    assert (await owned.get("/api/v1/documents/plan", headers=bearer({}, user="bob"))).status_code == 403
    assert (await owned.delete(f"{MEMBERS}/bob")).json()["type"] == "/api/docs#member-not-found"


async def test_a_member_may_leave_but_remove_nobody_else(owned: httpx.AsyncClient) -> None:
    for user in ("bob", "eve"):
        await owned.put(f"{MEMBERS}/{user}", json={"role": "reader"})
    bob = bearer({}, user="bob")

    assert (await owned.delete(f"{MEMBERS}/eve", headers=bob)).status_code == 403
    assert (await owned.delete(f"{MEMBERS}/bob", headers=bob)).status_code == 204
    assert [member["user_id"] for member in (await owned.get(MEMBERS)).json()["members"]] == ["eve"]


@pytest.mark.parametrize("user", ["auth0|5f7c", "bob@example.org", "a/b", "Zoë", "x" * 255, "%41"])
async def test_any_user_that_a_token_can_name_can_be_a_member(owned: httpx.AsyncClient, user: str) -> None:
    path = f"{MEMBERS}/{quote(user, safe='')}"

    assert (await owned.put(path, json={"role": "reader"})).json()["user_id"] == user
    assert (await owned.get("/api/v1/documents/plan", headers=bearer({}, user=user))).status_code == 200
    assert (await owned.delete(path)).status_code == 204


@pytest.mark.parametrize("user", ["%00", "%0A", "%ff", "x" * 256, "%ED%A0%80"])
async def test_what_is_no_user_is_refused(owned: httpx.AsyncClient, user: str) -> None:
    answered = await owned.put(f"{MEMBERS}/{user}", json={"role": "reader"})

    assert (answered.status_code, answered.json()["type"]) == (400, "/api/docs#invalid-user-id")


@pytest.mark.parametrize(
    "body", [{}, {"role": "admin"}, {"role": "Reader"}, {"role": None}, {"role": "reader", "x": 1}]
)
async def test_what_is_no_role_is_refused(owned: httpx.AsyncClient, body: object) -> None:
    assert (await owned.put(f"{MEMBERS}/bob", json=body)).status_code == 422


async def test_a_document_whose_name_ends_like_the_listing_is_itself(owned: httpx.AsyncClient) -> None:
    owned.headers.update(bearer({"*": "owner"}))
    assert (await owned.post("/api/v1/documents", json={"name": "plan/members"})).status_code == 201

    assert (await owned.get("/api/v1/documents/plan%2Fmembers")).json()["name"] == "plan/members"


async def test_an_unknown_document_takes_no_members(owned: httpx.AsyncClient) -> None:
    owned.headers.update(bearer({"*": "owner"}))

    assert (await owned.put("/api/v1/documents/none/members/bob", json={"role": "reader"})).status_code == 404
