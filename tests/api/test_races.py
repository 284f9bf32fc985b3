"""What people do at the same moment, over REST."""

import anyio
import httpx
import pytest

from collab.access.passwords import Passwords
from collab.ports import AccountChanges
from collab.settings import Settings
from tests.api.conftest import Serve
from tests.api.test_keys import PASSWORD, sign_in

pytestmark = pytest.mark.anyio


@pytest.mark.usefixtures("long_delays")
async def test_guesses_side_by_side_find_the_delay(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        await sign_in(server, "ada")
        statuses: list[int] = []

        async def guess(number: int) -> None:
            wrong = {"email": "ada@example.org", "password": f"wrong horse battery {number}"}
            statuses.append((await server.client.post("/api/v1/session", json=wrong)).status_code)

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(guess, number)

    assert sorted(statuses) == [403] * 5 + [429] * 15


async def test_no_session_by_the_old_password_survives_a_reset(serve: Serve) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss, ada = await sign_in(server, "boss", admin=True), await sign_in(server, "ada")
        ada_id = (await ada.get("/api/v1/account")).json()["user_id"]
        ticket = (await boss.post(f"/api/v1/users/{ada_id}/reset")).json()["ticket"]
        opened: list[str] = []

        async def sign_in_again() -> None:
            old = {"email": "ada@example.org", "password": PASSWORD}
            answered = await server.client.post("/api/v1/session", json=old)
            opened.extend(cookie for cookie in answered.headers.get_list("Set-Cookie"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reset, server.client, ticket)
            for _ in range(4):
                tasks.start_soon(sign_in_again)
        alive = [
            (await server.client.get("/api/v1/account", headers={"Cookie": cookie.partition(";")[0]})).status_code
            for cookie in opened
        ]

    assert set(alive) <= {401}


async def reset(client: httpx.AsyncClient, ticket: str) -> None:
    answered = await client.post(
        "/api/v1/password-resets", json={"ticket": ticket, "password": "another horse battery"}
    )
    assert answered.status_code == 204


@pytest.mark.parametrize("how", ["reset", "disabled and enabled again", "signed out"])
async def test_no_password_is_changed_by_whoever_was_shut_out_while_it_was_hashed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with serve(Settings(accounts=True)) as server:
        boss, ada = await sign_in(server, "boss", admin=True), await sign_in(server, "ada")
        ada_id = (await ada.get("/api/v1/account")).json()["user_id"]
        accounts, sessions = server.storage.accounts, server.storage.sessions
        hashed = Passwords.hash

        async def shut_out(passwords: Passwords, password: str) -> str:
            if how == "reset":  # as `collab user reset --everything` does, and a link that an admin has given out
                await accounts.set_password(ada_id, "nobody's")
            elif how == "signed out":
                account = await accounts.get(ada_id)
                for session in await sessions.of(account.id):
                    await sessions.end(account.id, session.number)
            else:
                for disabled in (True, False):
                    await accounts.change(ada_id, AccountChanges(disabled=disabled))
            return await hashed(passwords, password)

        monkeypatch.setattr(Passwords, "hash", shut_out)
        before = await accounts.password_of(ada_id)
        change = {"current": PASSWORD, "new": "another horse battery"}
        refused = await ada.put("/api/v1/account/password", json=change)
        entry = (await boss.get("/api/v1/audit", params={"limit": 1})).json()["entries"][0]
        kept = await accounts.password_of(ada_id)

    assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#sign-in-failed")
    assert kept == ("nobody's" if how == "reset" else before)
    assert (entry["action"], entry["details"]["method"]) == ("sign-in-failed", "password-change")
