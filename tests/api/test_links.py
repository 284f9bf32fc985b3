"""Share links over REST: made, opened, revoked; and what they let in."""

from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest

from collab.access.passwords import Passwords
from collab.services.sharing import HASHED_AT_ONCE
from tests.api.conftest import bearer
from tests.support.eventually import eventually

pytestmark = pytest.mark.anyio

PLAN = "/api/v1/documents/plan"
LINKS = f"{PLAN}/links"
PASSWORD = "open sesame please"


@pytest.fixture
async def owned(guarded: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a server with a document `plan`, as somebody who owns it by their token."""
    guarded.headers.update(bearer({"plan": "owner"}))
    assert (await guarded.post("/api/v1/documents", json={"name": "plan"})).status_code == 201
    return guarded


async def made(client: httpx.AsyncClient, **options: object) -> dict[str, object]:
    answered = await client.post(LINKS, json={"role": "reader", "guests": True, **options})
    assert answered.status_code == 201, answered.text
    link: dict[str, object] = answered.json()
    return link


def showing(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opened(client: httpx.AsyncClient, token: object, password: str | None = None) -> httpx.Response:
    body = {"token": token} if password is None else {"token": token, "password": password}
    return await client.post("/api/v1/links/open", json=body)


async def test_guest_has_the_links_role_in_that_document_alone(owned: httpx.AsyncClient) -> None:
    link = await made(owned, role="editor")
    guest = showing(link["token"])

    assert (await owned.get(PLAN, headers=guest)).json()["role"] == "editor"
    assert (await owned.delete(PLAN, headers=guest)).status_code == 403
    assert (await owned.get("/api/v1/documents/other", headers=guest)).status_code == 403
    listed = (await owned.get("/api/v1/documents", headers=guest)).json()["documents"]
    assert [document["name"] for document in listed] == ["plan"]
    assert (await owned.get("/api/v1/session", headers=guest)).json() == {"mode": "link", "user": None}


async def test_links_are_listed_until_revoked(owned: httpx.AsyncClient) -> None:
    first, second = await made(owned), await made(owned, role="commenter")
    assert (await owned.get(LINKS)).json() == {"links": [first, second]}

    assert (await owned.delete(f"{LINKS}/{first['id']}")).status_code == 204
    assert (await owned.get(LINKS)).json() == {"links": [second]}
    assert (await owned.get(PLAN, headers=showing(first["token"]))).status_code == 401
    assert (await owned.delete(f"{LINKS}/{first['id']}")).json()["type"] == "/api/docs#link-not-found"


async def test_link_with_a_password_asks_for_it(owned: httpx.AsyncClient) -> None:
    link = await made(owned, password=PASSWORD)
    assert link["has_password"]
    assert (await owned.get(PLAN, headers=showing(link["token"]))).status_code == 401

    without = await opened(owned, link["token"])
    wrong = await opened(owned, link["token"], "open says me please")
    right = await opened(owned, link["token"], PASSWORD)

    assert without.json() == {"document": None, "role": None, "guests": True, "token": None}
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/api/docs#sign-in-failed")
    assert (await owned.get(PLAN, headers=showing(right.json()["token"]))).json()["role"] == "reader"
    assert (right.json()["document"], right.json()["role"]) == ("plan", "reader")
    assert (await opened(owned, right.json()["token"])).json() == right.json()


async def test_proof_of_one_links_password_opens_no_other(owned: httpx.AsyncClient) -> None:
    links = [await made(owned, password=PASSWORD) for _ in range(2)]
    passes = [(await opened(owned, link["token"], PASSWORD)).json()["token"] for link in links]

    forged = f"{links[0]['token']}~{passes[1].partition('~')[2]}"
    for token in (forged, f"{links[0]['token']}~", passes[0][:-1], f"{passes[0]}x", f"{passes[0]}~"):
        assert (await owned.get(PLAN, headers=showing(token))).status_code == 401


@pytest.mark.usefixtures("long_delays")
async def test_guessing_a_password_takes_longer_and_longer(owned: httpx.AsyncClient) -> None:
    link = await made(owned, password=PASSWORD)

    statuses = [(await opened(owned, link["token"], f"guess number {number}")).status_code for number in range(6)]

    assert statuses == [403] * 5 + [429]


async def test_link_ends_when_it_says(owned: httpx.AsyncClient) -> None:
    past = await owned.post(
        LINKS, json={"role": "reader", "expires_at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
    )
    assert (past.status_code, past.json()["type"]) == (422, "/api/docs#invalid-expiry")

    future = await made(owned, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert (await owned.get(PLAN, headers=showing(future["token"]))).status_code == 200


async def test_link_that_is_not_for_guests_lets_none_in(owned: httpx.AsyncClient) -> None:
    link = await made(owned, guests=False)

    refused = await owned.get(PLAN, headers=showing(link["token"]))

    assert refused.status_code == 401
    assert "signed in" in refused.json()["detail"]
    told = (await opened(owned, link["token"])).json()
    assert told == {"document": None, "role": None, "guests": False, "token": link["token"]}


async def test_link_without_a_password_has_no_proof(owned: httpx.AsyncClient) -> None:
    link = await made(owned)

    refused = await owned.get(PLAN, headers=showing(f"{link['token']}~x"))

    assert refused.status_code == 401
    assert "password" not in refused.json()["detail"]


async def test_link_ends_with_its_document(owned: httpx.AsyncClient) -> None:
    link = await made(owned)
    await owned.delete(PLAN)
    await owned.post("/api/v1/documents", json={"name": "plan"})

    assert (await owned.get(PLAN, headers=showing(link["token"]))).status_code == 401
    assert (await opened(owned, link["token"])).json()["type"] == "/api/docs#link-not-found"


@pytest.mark.parametrize("token", ["cl_", "cl_x", "cl_" + "x" * 43, "cl_\u017f", "cl_" + "x" * 5000, "cl_~", "cl_\x00"])
async def test_link_that_never_was_is_refused(owned: httpx.AsyncClient, token: str) -> None:
    assert (await opened(owned, token)).status_code in {404, 422}
    if token.isascii() and token.isprintable() and len(token) < 5000:
        assert (await owned.get(PLAN, headers=showing(token))).status_code == 401


async def test_half_a_character_is_no_secret(owned: httpx.AsyncClient) -> None:
    link = await made(owned, password=PASSWORD)
    for path, body in (
        (LINKS, '{"role": "reader", "password": "\\ud800 and eleven more"}'),
        ("/api/v1/links/open", f'{{"token": "{link["token"]}~\\ud800"}}'),
        ("/api/v1/links/open", f'{{"token": "{link["token"]}", "password": "\\ud800"}}'),
    ):
        refused = await owned.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["type"]) == (422, "/api/docs#invalid-request")


@pytest.mark.parametrize("role", ["owner", "admin", "", None])
async def test_no_link_makes_owners(owned: httpx.AsyncClient, role: str | None) -> None:
    assert (await owned.post(LINKS, json={"role": role})).status_code == 422


async def test_of_one_users_links_with_a_password_few_are_made_at_once(
    owned: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing: list[str] = []
    done = anyio.Event()

    async def hash_later(_: Passwords, password: str) -> str:
        hashing.append(password)
        await done.wait()
        return "kept"

    monkeypatch.setattr(Passwords, "hash", hash_later)
    link = {"role": "reader", "password": PASSWORD}
    statuses: list[int] = []

    async def make(user: str = "u1") -> None:
        headers = bearer({"plan": "owner"}, user=user)
        statuses.append((await owned.post(LINKS, json=link, headers=headers)).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(HASHED_AT_ONCE):
            tasks.start_soon(make)
        await eventually(lambda: len(hashing) == HASHED_AT_ONCE)
        refused = await owned.post(LINKS, json=link)
        without = await owned.post(LINKS, json={"role": "reader"})
        tasks.start_soon(make, "another")
        await eventually(lambda: len(hashing) == HASHED_AT_ONCE + 1)
        done.set()

    assert (refused.status_code, refused.json()["type"]) == (429, "/api/docs#rate-exceeded")
    assert refused.headers["Retry-After"] == "1"
    assert without.status_code == 201
    assert statuses == [201] * (HASHED_AT_ONCE + 1)
    assert (await owned.post(LINKS, json=link)).status_code == 201
