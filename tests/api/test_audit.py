"""What the endpoints write into the audit log, and how admins read it."""

from typing import Any

import httpx
import pytest

from collab.settings import Settings
from tests.api.conftest import SECRET, Serve, bearer
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
    assert found[-1]["details"] == {"role": "editor"}


async def test_what_people_do_with_accounts_is_written_down(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss, ada = await sign_in(server, "boss", admin=True), await sign_in(server, "ada")
        ada_id = (await ada.get("/api/v1/account")).json()["user_id"]
        wrong = {"email": "ada@example.org", "password": "wrong horse battery"}
        assert (await server.client.post("/api/v1/session", json=wrong)).status_code == 403
        other = "another horse battery"
        await ada.put("/api/v1/account/password", json={"current": PASSWORD, "new": other})
        await ada.delete("/api/v1/session")
        await boss.patch(f"/api/v1/users/{ada_id}", json={"admin": True})
        ticket = (await boss.post(f"/api/v1/users/{ada_id}/reset")).json()["ticket"]
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
        ("password-changed", ada_id, None),
        ("sign-out", ada_id, None),
        ("account-changed", boss_id, ada_id),
        ("reset-offered", boss_id, ada_id),
        ("password-reset", ada_id, None),
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
        refused = await server.client.get("/api/v1/audit?action=nothing", headers=admin)

    found = [entry["subject"] for entry in (*first.json()["entries"], *second.json()["entries"])]
    assert found == ["workspace:a", "workspace:c", "workspace:b", "workspace:a"]
    assert second.json()["next_before"] is None
    assert [entry["action"] for entry in about_a] == ["workspace-deleted", "workspace-made"]
    assert [entry["subject"] for entry in deleted] == ["workspace:a"]
    assert by_nobody == []
    assert refused.status_code == 422
