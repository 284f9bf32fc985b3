"""API keys over REST: who makes which, what they may do, and their end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from collab.access.passwords import Passwords
from collab.settings import Settings
from tests.api.conftest import HERE, SECRET, Serve, Server, bearer

pytestmark = pytest.mark.anyio

KEYS = "/api/v1/keys"
PASSWORD = "correct horse battery"


def showing(secret: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def make(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
    return await client.post(KEYS, json={"name": "backend", **options}, headers=headers)


async def sign_in(server: Server, name: str, *, admin: bool = False) -> httpx.AsyncClient:
    """Make an account, and return a client of its own that has signed in."""
    email = f"{name}@example.org"
    kept = await Passwords().hash(PASSWORD)
    await server.storage.accounts.create(email=email, name=name.title(), password_hash=kept, admin=admin)
    transport = httpx.ASGITransport(server.app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url=HERE, headers={"Origin": HERE})
    answered = await client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert answered.status_code == 200, answered.text
    return client


async def test_key_of_an_account_acts_as_it_within_its_scope(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        ada = await sign_in(server, "ada")
        for _ in range(2):
            assert (await ada.post("/api/v1/documents", json={})).status_code == 201
        mine = [each["name"] for each in (await ada.get("/api/v1/documents")).json()["documents"]]

        made = await make(ada, documents={mine[0]: "reader", "of-others": "owner"})
        key = showing(made.json()["secret"])

        me = (await server.client.get("/api/v1/session", headers=key)).json()["user"]
        listed = (await server.client.get("/api/v1/documents", headers=key)).json()["documents"]
        first = await server.client.get(f"/api/v1/documents/{mine[0]}", headers=key)
        changed = await server.client.patch(f"/api/v1/documents/{mine[0]}", json={"title": "x"}, headers=key)
        second = await server.client.get(f"/api/v1/documents/{mine[1]}", headers=key)
        others = await server.client.get("/api/v1/documents/of-others", headers=key)

    assert me["name"] == "Ada"
    assert [(each["name"], each["role"]) for each in listed] == [(mine[0], "reader")]
    assert (first.json()["role"], changed.status_code, second.status_code, others.status_code) == (
        "reader",
        403,
        403,
        403,
    )


async def test_key_of_an_admin_does_what_admins_do_only_where_it_says_so(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss = await sign_in(server, "boss", admin=True)
        await boss.post("/api/v1/documents", json={"name": "team/plan"})
        narrow = showing((await make(boss, documents={"team/*": "editor"})).json()["secret"])
        wide = showing((await make(boss, admin=True)).json()["secret"])

        for key, role, users in ((narrow, "editor", 403), (wide, "owner", 200)):
            assert (await server.client.get("/api/v1/documents/team%2Fplan", headers=key)).json()["role"] == role
            assert (await server.client.get("/api/v1/users", headers=key)).status_code == users
        assert (await server.client.get("/api/v1/documents/other", headers=narrow)).status_code == 403


async def test_admin_by_token_makes_keys_of_programs(serve: Serve) -> None:
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        admin = bearer({}, admin=True)
        made = await make(server.client, admin, documents={"team/*": "editor"})
        key = showing(made.json()["secret"])

        created = await server.client.post("/api/v1/documents", json={"name": "team/plan"}, headers=key)
        elsewhere = await server.client.post("/api/v1/documents", json={"name": "plan"}, headers=key)
        by_nobody = await make(server.client, bearer({"*": "owner"}), documents={"*": "reader"})
        by_a_key = await make(server.client, key, documents={"*": "reader"})

    assert made.json()["key"]["user_id"] == f"key:{made.json()['key']['id']}"
    assert (created.status_code, created.json()["role"], elsewhere.status_code) == (201, "editor", 403)
    assert (by_nobody.status_code, by_a_key.status_code) == (403, 403)


async def test_key_is_listed_without_its_secret_until_it_is_revoked(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        ada, bob = await sign_in(server, "ada"), await sign_in(server, "bob")
        made = (await make(ada, documents={"*": "reader"})).json()
        key = showing(made["secret"])
        assert (await server.client.get("/api/v1/session", headers=key)).status_code == 200

        listed = await ada.get(KEYS)
        by_bob = (await bob.get(KEYS)).json(), (await bob.delete(f"{KEYS}/{made['key']['id']}")).status_code
        revoked = await ada.delete(f"{KEYS}/{made['key']['id']}")
        after = await server.client.get("/api/v1/session", headers=key)

    assert made["secret"] not in listed.text
    assert listed.json()["keys"][0] | {"used_at": None} == made["key"]
    assert listed.json()["keys"][0]["used_at"] is not None
    assert by_bob == ({"keys": []}, 404)
    assert (revoked.status_code, after.status_code) == (204, 401)


async def test_key_looks_after_no_keys_workspaces_or_memberships(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        ada = await sign_in(server, "ada")
        name = (await ada.post("/api/v1/documents", json={})).json()["name"]
        key = showing((await make(ada, documents={name: "reader"})).json()["secret"])
        me = (await ada.get("/api/v1/account")).json()["user_id"]

        refused = [
            (await server.client.get(KEYS, headers=key)).status_code,
            (await server.client.delete(f"{KEYS}/1", headers=key)).status_code,
            (await server.client.delete(f"/api/v1/documents/{name}/members/{me}", headers=key)).status_code,
        ]
        workspaces = await server.client.get("/api/v1/workspaces", headers=key)
        still = await ada.get(f"/api/v1/documents/{name}")

    assert refused == [403] * 3
    assert workspaces.json() == {"workspaces": []}
    assert still.json()["role"] == "owner"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_moment_outside_of_the_calendar_is_refused(serve: Serve, moment: str) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss = await sign_in(server, "boss", admin=True)
        answers = [
            await make(boss, documents={"*": "reader"}, expires_at=moment),
            await boss.get("/api/v1/audit", params={"since": moment}),
            await boss.get("/api/v1/audit", params={"until": moment}),
        ]

    assert [answer.status_code for answer in answers] == [422] * 3


async def test_key_that_could_do_nothing_or_more_than_its_maker_may_give_is_not_made(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        ada = await sign_in(server, "ada")
        nothing = await make(ada)
        admin = await make(ada, admin=True)
        past = await make(
            ada, documents={"*": "reader"}, expires_at=(datetime.now(UTC) - timedelta(days=1)).isoformat()
        )
        everybodys = await ada.get(f"{KEYS}?all=true")

    assert (nothing.status_code, nothing.json()["type"]) == (422, "/api/docs#invalid-scope")
    assert (admin.status_code, everybodys.status_code) == (403, 403)
    assert (past.status_code, past.json()["type"]) == (422, "/api/docs#invalid-expiry")


@pytest.mark.parametrize("secret", ["ck_", "ck_x", "ck_" + "x" * 43, "ck_" + "x" * 4000])
async def test_key_that_never_was_is_refused(guarded: httpx.AsyncClient, secret: str) -> None:
    assert (await guarded.get("/api/v1/session", headers=showing(secret))).status_code == 401
