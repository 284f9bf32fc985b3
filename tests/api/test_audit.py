"""What the endpoints write into the audit log, and how admins read it."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from time import time
from typing import Any

import httpx
import jwt
import pytest

from collab.settings import Settings
from tests.api.conftest import HERE, SECRET, Serve, Server, bearer
from tests.api.test_keys import PASSWORD, sign_in

pytestmark = pytest.mark.anyio


async def entries(
    client: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: Any
) -> list[dict[str, Any]]:
    answered = await client.get("/api/v1/audit", params=query, headers=headers)
    assert answered.status_code == 200, answered.text
    found: list[dict[str, Any]] = answered.json()["entries"]
    return found


async def test_what_is_done_to_rights_is_written_down(serve: Serve) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        client = server.client
        for method, path, body in (
            ("POST", "/documents", {"name": "plan"}),
            ("PUT", "/documents/plan/members/bob", {"role": "editor"}),
            ("DELETE", "/documents/plan/members/bob", None),
            ("POST", "/documents/plan/links", {"role": "reader"}),
            ("DELETE", "/documents/plan/links/1", None),
            ("GET", "/documents/plan/content?format=update", None),
            ("GET", "/documents/plan/content?format=json", None),
            ("GET", "/documents/plan/content", None),
            ("GET", "/documents/plan/authorship", None),
            ("POST", "/documents/plan/versions", {"name": "First"}),
            ("GET", "/documents/plan/versions/1/content?format=text", None),
            ("GET", "/documents/plan/versions/1/comparison?with=current", None),
            ("POST", "/documents/plan/versions/1/restore", None),
            ("POST", "/workspaces", {"name": "team"}),
            ("PUT", "/workspaces/team/members/bob", {"role": "reader"}),
            ("PATCH", "/workspaces/team", {"default_role": "reader"}),
            ("DELETE", "/workspaces/team/members/bob", None),
            ("DELETE", "/workspaces/team", None),
            ("POST", "/keys", {"name": "backend", "documents": {"*": "reader"}}),
            ("DELETE", "/keys/1", None),
            ("DELETE", "/documents/plan", None),
            ("POST", "/documents/plan/restore", None),
        ):
            answered = await client.request(method, f"/api/v1{path}", json=body, headers=admin)
            assert answered.is_success, (path, answered.text)
        found = await entries(client, admin)

    assert [(entry["action"], entry["document"], entry["subject"]) for entry in reversed(found)] == [
        ("member-set", "plan", "bob"),
        ("member-removed", "plan", "bob"),
        ("link-made", "plan", "link:1"),
        ("link-revoked", "plan", "link:1"),
        ("document-exported", "plan", None),
        ("document-exported", "plan", None),
        ("document-exported", "plan", None),
        ("document-exported", "plan", "version:1"),
        ("document-exported", "plan", "version:1"),
        ("version-restored", "plan", "version:1"),
        ("workspace-made", None, "workspace:team"),
        ("workspace-member-set", None, "bob"),
        ("workspace-changed", None, "workspace:team"),
        ("workspace-member-removed", None, "bob"),
        ("workspace-deleted", None, "workspace:team"),
        ("key-made", None, "key:1"),
        ("key-revoked", None, "key:1"),
        ("document-deleted", "plan", None),
        ("document-restored", "plan", None),
    ]
    assert {entry["actor"] for entry in found} == {"boss"}
    assert {entry["address"] for entry in found} == {"127.0.0.1"}
    details = {entry["action"]: entry["details"] for entry in found}
    assert details["member-set"] == {"role": "editor"}
    assert details["link-made"] == {"role": "reader", "guests": "no", "password": "no", "expires_at": "never"}
    assert details["key-made"] == {"name": "backend", "documents": "* reader", "admin": "no", "expires_at": "never"}
    exported = [entry["details"]["format"] for entry in reversed(found) if entry["action"] == "document-exported"]
    assert exported == ["update", "json", "authorship", "text", "comparison"]


async def test_what_people_do_with_accounts_is_written_down(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss, ada = await sign_in(server, "boss", admin=True), await sign_in(server, "ada")
        ada_id = (await ada.get("/api/v1/account")).json()["user_id"]
        wrong = {"email": "ada@example.org", "password": "wrong horse battery"}
        assert (await server.client.post("/api/v1/session", json=wrong)).status_code == 403
        other = "another horse battery"
        await ada.put("/api/v1/account/password", json={"current": "wrong horse battery", "new": other})
        await ada.patch("/api/v1/account", json={"name": "Ada L."})
        await ada.put("/api/v1/account/password", json={"current": PASSWORD, "new": other})
        await ada.delete("/api/v1/session")
        await boss.patch(f"/api/v1/users/{ada_id}", json={"admin": True})
        ticket = (await boss.post(f"/api/v1/users/{ada_id}/reset")).json()["ticket"]
        for _ in range(2):
            await server.client.post("/api/v1/password-resets", json={"ticket": ticket, "password": other})
        invited = (await boss.post("/api/v1/invitations", json={"email": "eve@example.org"})).json()["ticket"]
        eve = {"ticket": invited, "name": "Eve", "password": PASSWORD}
        eve_id = (await server.client.post("/api/v1/accounts", json=eve)).json()["id"]
        found = await entries(boss)
        boss_id = (await boss.get("/api/v1/account")).json()["user_id"]

    assert [(entry["action"], entry["actor"], entry["subject"]) for entry in reversed(found)] == [
        ("sign-in", boss_id, None),
        ("sign-in", ada_id, None),
        ("sign-in-failed", "", "ada@example.org"),
        ("sign-in-failed", ada_id, ada_id),
        ("profile-changed", ada_id, ada_id),
        ("password-changed", ada_id, None),
        ("sign-out", ada_id, None),
        ("account-changed", boss_id, ada_id),
        ("reset-offered", boss_id, ada_id),
        ("password-reset", ada_id, None),
        ("ticket-refused", "", None),
        ("invited", boss_id, "eve@example.org"),
        ("account-made", eve_id, eve_id),
    ]


async def test_log_is_filtered_and_paged(serve: Serve) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        for name in ("a", "b", "c"):
            await server.client.post("/api/v1/workspaces", json={"name": name}, headers=admin)
        await server.client.delete("/api/v1/workspaces/a", headers=admin)
        first = await server.client.get("/api/v1/audit?limit=3", headers=admin)
        second = await server.client.get(
            "/api/v1/audit", params={"limit": 3, "before": first.json()["next_before"]}, headers=admin
        )
        about_a = await entries(server.client, admin, subject="workspace:a")
        deleted = await entries(server.client, admin, action=["workspace-deleted", "sign-in"])
        by_nobody = await entries(server.client, admin, actor="eve")
        from_here = await entries(server.client, admin, address="127.0.0.1")
        from_elsewhere = await entries(server.client, admin, address="192.0.2.1")
        refused = await server.client.get("/api/v1/audit?action=nothing", headers=admin)
        no_address = await server.client.get("/api/v1/audit?address=example.org", headers=admin)

    found = [entry["subject"] for entry in (*first.json()["entries"], *second.json()["entries"])]
    assert found == ["workspace:a", "workspace:c", "workspace:b", "workspace:a"]
    assert second.json()["next_before"] is None
    assert [entry["action"] for entry in about_a] == ["workspace-deleted", "workspace-made"]
    assert [entry["subject"] for entry in deleted] == ["workspace:a"]
    assert by_nobody == []
    assert (len(from_here), from_elsewhere) == (4, [])
    assert (refused.status_code, no_address.status_code) == (422, 422)


async def test_what_changes_nothing_is_not_written_down(serve: Serve) -> None:
    picture = f"https://example.org/{'a' * 2000}"
    async with serve(Settings(accounts=True)) as server:
        boss = await sign_in(server, "boss", admin=True)
        boss_id = (await boss.get("/api/v1/account")).json()["user_id"]
        for method, path, body in (
            ("POST", "/documents", {"name": "plan"}),
            ("POST", "/workspaces", {"name": "team", "title": "Us"}),
            ("PATCH", "/account", {"picture": picture}),
            ("PATCH", "/workspaces/team", {"title": "We"}),
            ("PUT", "/documents/plan/members/bob", {"role": "reader"}),
            ("PUT", "/workspaces/team/members/bob", {"role": "reader"}),
            ("PATCH", f"/users/{boss_id}", {"admin": True, "disabled": False}),
        ):
            for _ in range(3):
                answered = await boss.request(method, f"/api/v1{path}", json=body)
                assert answered.is_success or method == "POST", (path, answered.text)
        found = await entries(boss)

    assert [(entry["action"], entry["details"]) for entry in reversed(found)] == [
        ("sign-in", {}),
        ("workspace-made", {}),
        ("profile-changed", {"picture": "another"}),
        ("workspace-changed", {}),
        ("member-set", {"role": "reader"}),
        ("workspace-member-set", {"workspace": "team", "role": "reader"}),
    ]


@pytest.mark.parametrize("asked", ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1"])
async def test_who_came_by_ipv4_to_a_socket_of_both_kinds_is_found_by_either_address(serve: Serve, asked: str) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        transport = httpx.ASGITransport(server.app, client=("::ffff:127.0.0.1", 4711))
        async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=admin) as client:
            assert (await client.post("/api/v1/workspaces", json={"name": "team"})).status_code == 201
            found = await entries(client, address=asked)

    assert [(entry["action"], entry["address"]) for entry in found] == [("workspace-made", "127.0.0.1")]


@pytest.mark.usefixtures("long_delays")
async def test_what_strangers_try_is_written_down(serve: Serve) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        client = server.client
        await client.post("/api/v1/documents", json={"name": "plan"}, headers=admin)
        link = {"role": "reader", "guests": True, "password": PASSWORD}
        made = (await client.post("/api/v1/documents/plan/links", json=link, headers=admin)).json()
        for _ in range(3):
            for shown in ("ck_nothing", "cl_nothing", "nothing"):
                await client.get("/api/v1/session", headers={"Authorization": f"Bearer {shown}"})
        for password in (*(f"wrong horse battery {number}" for number in range(6)), None):
            await client.post("/api/v1/links/open", json={"token": made["token"], "password": password})
        found = await entries(client, admin)

    assert [(entry["action"], entry["details"]) for entry in reversed(found) if entry["document"] is None] == [
        ("credentials-refused", {"shown": "key", "reason": "unknown"}),
        ("credentials-refused", {"shown": "link", "reason": "unknown"}),
        ("credentials-refused", {"shown": "token", "reason": "unfit"}),
    ]
    tried = [(entry["action"], entry["subject"], entry["details"].get("delayed")) for entry in reversed(found)][4:]
    assert tried == [("link-refused", "link:1", "no")] * 5 + [("link-refused", "link:1", "yes")]


DONE: list[tuple[str, str, object]] = [
    ("PUT", "/documents/plan/members/eve", {"role": "editor"}),
    ("DELETE", "/documents/plan/members/bob", None),
    ("POST", "/documents/plan/links", {"role": "editor"}),
    ("DELETE", "/documents/plan/links/1", None),
    ("DELETE", "/documents/plan/versions/1", None),
    ("DELETE", "/documents/plan", None),
    ("POST", "/workspaces", {"name": "other"}),
    ("PUT", "/workspaces/team/members/eve", {"role": "editor"}),
    ("DELETE", "/workspaces/team/members/bob", None),
    ("PATCH", "/workspaces/team", {"default_role": "reader"}),
    ("DELETE", "/workspaces/team", None),
    ("POST", "/keys", {"name": "mine", "admin": True}),
    ("DELETE", "/keys/1", None),
    ("PATCH", "/users/{ada}", {"admin": True}),
    ("POST", "/users/{ada}/reset", None),
    ("POST", "/invitations", {"admin": True}),
    ("POST", "/accounts", {"ticket": "{invitation}", "name": "Eve", "password": PASSWORD}),
    ("POST", "/password-resets", {"ticket": "{reset}", "password": "another horse battery"}),
]


@pytest.mark.parametrize(("method", "path", "body"), DONE, ids=[f"{each[0]} {each[1]}" for each in DONE])
async def test_what_cannot_be_written_down_is_not_done_and_can_be_repeated(
    serve: Serve, method: str, path: str, body: object
) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings.model_validate({"secret": SECRET, "accounts": True})) as server:
        ada = await server.storage.accounts.create(email="ada@example.org", name="Ada", password_hash=None, admin=False)
        secrets = {"{ada}": ada.user_id}
        for secret, made, ticket in (
            ("{invitation}", "/invitations", {"email": "eve@example.org", "admin": True}),
            ("{reset}", f"/users/{ada.user_id}/reset", None),
        ):
            issued = await server.client.post(f"/api/v1{made}", json=ticket, headers=admin)
            secrets[secret] = issued.raise_for_status().json()["ticket"]
        path, body = json.loads(named(json.dumps([path, body]), secrets))
        for made, what in (
            ("/documents", {"name": "plan"}),
            ("/documents/plan/versions", {"name": "First"}),
            ("/documents/plan/links", {"role": "reader"}),
            ("/workspaces", {"name": "team"}),
            ("/keys", {"name": "backend", "admin": True}),
        ):
            assert (await server.client.post(f"/api/v1{made}", json=what, headers=admin)).status_code == 201
        for shared in ("documents/plan", "workspaces/team"):
            path_of_bob = f"/api/v1/{shared}/members/bob"
            assert (await server.client.put(path_of_bob, json={"role": "reader"}, headers=admin)).is_success
        before = await kept_in(server)
        with closing(sqlite3.connect(server.database)) as database, database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'full'); END")
        refused = await server.client.request(method, f"/api/v1{path}", json=body, headers=admin)
        untouched = await kept_in(server)
        with closing(sqlite3.connect(server.database)) as database, database:
            database.execute("DROP TRIGGER full")
        repeated = await server.client.request(method, f"/api/v1{path}", json=body, headers=admin)
        after = await kept_in(server)

    assert (refused.status_code, repeated.is_success) == (503, True)
    assert untouched == before
    assert after != before
    assert len(after["audit_log"]) == len(before["audit_log"]) + 1


def named(text: str, secrets: Mapping[str, str]) -> str:
    for placeholder, secret in secrets.items():
        text = text.replace(placeholder, secret)
    return text


async def kept_in(server: Server) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(server.database)) as database:
        tables = (
            "documents",
            "versions",
            "members",
            "links",
            "api_keys",
            "workspaces",
            "workspace_members",
            "accounts",
            "tickets",
            "audit_log",
        )
        return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


async def test_opened_links_are_written_down(serve: Serve) -> None:
    admin = bearer({}, user="boss", admin=True)
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        await server.client.post("/api/v1/documents", json={"name": "plan"}, headers=admin)
        link = {"role": "reader", "guests": True}
        made = (await server.client.post("/api/v1/documents/plan/links", json=link, headers=admin)).json()
        for _ in range(2):
            await server.client.post("/api/v1/links/open", json={"token": made["token"]})
        found = await entries(server.client, admin, action="link-opened")
        guest = {"Authorization": f"Bearer {made['token']}"}
        await server.client.get("/api/v1/documents/plan/content", headers=guest)
        read = await entries(server.client, admin, action="document-exported")

    assert [(entry["document"], entry["subject"], entry["actor"]) for entry in found] == [("plan", "link:1", "")]
    assert [entry["details"] for entry in read] == [{"format": "json", "by": "link:1"}]


async def test_a_link_that_never_was_is_written_down(serve: Serve) -> None:
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        await server.client.post("/api/v1/links/open", json={"token": "cl_nothing"})
        found = await entries(server.client, bearer({}, user="boss", admin=True))

    assert [(entry["action"], entry["details"]) for entry in found] == [
        ("credentials-refused", {"shown": "link", "reason": "unknown"})
    ]


def token(secret: str = SECRET, **claims: object) -> dict[str, str]:
    good = {"sub": "eve", "name": "Eve", "exp": time() + 600, "iss": "https://id.example.org", "aud": "collab"}
    return {"Authorization": f"Bearer {jwt.encode(good | claims, secret, algorithm='HS256')}"}


async def test_tokens_that_expired_are_told_apart_from_forged_ones(serve: Serve) -> None:
    other = jwt.encode({"sub": "eve"}, SECRET * 2, algorithm="HS512")
    refused = {
        "expired": token(exp=time() - 600),
        "not-yet": token(nbf=time() + 600),
        "signature": token(SECRET[::-1]),
        "algorithm": {"Authorization": f"Bearer {other}"},
        "issuer": token(iss="https://evil.example.org"),
        "audience": token(aud="another"),
        "unfit": token(name=7),
    }
    asked = Settings.model_validate(
        {"secret": SECRET, "token_issuer": "https://id.example.org", "token_audience": "collab"}
    )
    async with serve(asked) as server:
        for _ in range(2):
            for headers in refused.values():
                assert (await server.client.get("/api/v1/session", headers=headers)).status_code == 401
        found = await entries(server.client, token(admin=True))

    assert [entry["details"] for entry in reversed(found)] == [
        {"shown": "token", "reason": reason} for reason in refused
    ]


async def test_who_asks_for_what_is_for_admins_alone_is_written_down(serve: Serve) -> None:
    admin, eve = bearer({}, user="boss", admin=True), bearer({}, user="eve")
    asked: list[tuple[str, str, object]] = [
        ("GET", "/audit", None),
        ("GET", "/audit?limit=1", None),
        ("DELETE", "/workspaces/team", None),
        ("GET", "/keys?all=true", None),
        ("POST", "/keys", {"name": "mine", "admin": True}),
    ]
    async with serve(Settings(secret=SECRET)) as server:  # type: ignore[arg-type]  # pydantic makes a SecretStr of it
        for method, path, body in asked:
            answered = await server.client.request(method, f"/api/v1{path}", json=body, headers=eve)
            assert answered.status_code == 403, path
        found = await entries(server.client, admin)

    assert {(entry["action"], entry["actor"], entry["address"]) for entry in found} == {
        ("admin-refused", "eve", "127.0.0.1")
    }
    assert [entry["details"]["asked"] for entry in reversed(found)] == [
        "GET /api/v1/audit",
        "DELETE /api/v1/workspaces/{workspace}",
        "GET /api/v1/keys",
        "POST /api/v1/keys",
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Bob@example.org", "Bob@example.org"),
        ("ada", "ada"),  # an account has it, as those that an older version made may
        ("correct horse battery", "not an e-mail address"),
        ("Tr0ub4dor&3", "not an e-mail address"),
        ("p@ssword", "not an e-mail address"),
        ("p@ss.wo rd", "not an e-mail address"),
        ("a@b@example.org", "not an e-mail address"),
        ("x" * 250 + "@example.org", "not an e-mail address"),
    ],
)
async def test_a_password_that_was_typed_in_place_of_the_email_is_not_kept(serve: Serve, typed: str, kept: str) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss = await sign_in(server, "boss", admin=True)
        await server.storage.accounts.create(email="ada", name="Ada", password_hash=None, admin=False)
        wrong = {"email": typed, "password": "wrong horse battery"}
        assert (await server.client.post("/api/v1/session", json=wrong)).status_code == 403
        join = {"ticket": "ct_nothing", "email": typed, "name": "Eve", "password": PASSWORD}
        assert (await server.client.post("/api/v1/accounts", json=join)).status_code == 410
        found = await entries(boss, action=["sign-in-failed", "ticket-refused"])

    assert [entry["subject"] for entry in found] == [kept, kept]
