"""Which doors are for whoever has signed in, and which for admins alone."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest

from collab.access.passwords import Passwords
from collab.ports import Role, Workspace, WorkspaceName
from collab.storage import open_storage
from tests.doors.table import OF_ACCOUNT_HOLDERS, OF_ADMINS, OF_ADMINS_BY_TOKEN_TOO
from tests.gateways.clients import token_for
from tests.gateways.serving import SECRET, Serve

pytestmark = pytest.mark.anyio

PASSWORD: Final = "correct horse battery"
SINGLE_SIGN_ON: Final = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "collab"}
"""Nobody is asked who comes by these doors."""

CALLERS: Final = ("nobody", "token", "user", "admin")
REFUSALS: Final = {401, 403, 404}


@asynccontextmanager
async def callers(serve: Serve) -> AsyncIterator[Mapping[str, httpx.AsyncClient]]:
    """A server with accounts that takes tokens as well, and a client of each kind; `Bob` is a user whom an admin can name."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(secret=SECRET, accounts=True, **SINGLE_SIGN_ON))
        storage = await stack.enter_async_context(open_storage(server.app.settings.database))
        kept = await Passwords().hash(PASSWORD)
        team = Workspace(WorkspaceName("team"), "Team", Role.EDITOR, "", datetime.now(UTC))
        await storage.workspaces.create(team)
        for name in ("user", "admin", "other admin"):
            await storage.accounts.create(
                email=f"{name.replace(' ', '.')}@example.org", name=name, password_hash=kept, admin="admin" in name
            )
        found = {}
        for name in CALLERS:
            client = httpx.AsyncClient(base_url=f"http://{server.address}")
            client.headers["Origin"] = f"http://{server.address}"
            found[name] = await stack.enter_async_context(client)
        found["token"].headers["Authorization"] = f"Bearer {token_for({'*': 'owner'})}"
        for name in ("user", "admin"):
            signed_in = await found[name].post(
                "/api/v1/session", json={"email": f"{name}@example.org", "password": PASSWORD}
            )
            assert signed_in.status_code == 200, signed_in.text
        yield found


async def call(client: httpx.AsyncClient, endpoint: str, body: object, *, user_id: str = "u_nobody") -> int:
    method, path = endpoint.split()
    answered = await client.request(
        method, path.format(session=1, identity_id=1, user_id=user_id, workspace="team"), json=body
    )
    return answered.status_code


@pytest.mark.parametrize("endpoint", OF_ACCOUNT_HOLDERS)
async def test_endpoint_is_for_whoever_has_signed_in(serve: Serve, endpoint: str) -> None:
    async with callers(serve) as clients:
        statuses = {
            name: await call(client, endpoint, OF_ACCOUNT_HOLDERS[endpoint]) for name, client in clients.items()
        }

    assert {name: status in REFUSALS for name, status in statuses.items()} == {
        "nobody": True,
        "token": True,
        "user": False,
        "admin": False,
    }


@pytest.mark.parametrize("endpoint", [*OF_ADMINS, *OF_ADMINS_BY_TOKEN_TOO])
async def test_endpoint_is_for_admins(serve: Serve, endpoint: str) -> None:
    async with callers(serve) as clients:
        user_id = (await clients["user"].get("/api/v1/account")).json()["user_id"]
        body = {**OF_ADMINS, **OF_ADMINS_BY_TOKEN_TOO}[endpoint]
        statuses = {name: await call(client, endpoint, body, user_id=user_id) for name, client in clients.items()}

    assert (statuses["nobody"], statuses["token"], statuses["user"]) == (401, 403, 403)
    assert statuses["admin"] in {200, 201, 204}


@pytest.mark.parametrize("endpoint", [*OF_ACCOUNT_HOLDERS, *OF_ADMINS])
async def test_a_server_without_accounts_has_none_of_it(serve: Serve, endpoint: str) -> None:
    body = {**OF_ACCOUNT_HOLDERS, **OF_ADMINS}[endpoint]
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        assert await call(client, endpoint, body) == 404
