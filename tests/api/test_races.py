"""What people do at the same moment, over REST."""

import anyio
import httpx
import pytest

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
