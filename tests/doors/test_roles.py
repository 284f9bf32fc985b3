"""Role by door by action: whoever has the role gets through, and whoever has less hears the same whether there is a document or not."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from unittest.mock import create_autospec
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import BaseRoute

from collab.api import Services, create_api
from collab.app import WEBSOCKET_DOORS
from collab.ports import Role
from collab.settings import Settings
from tests.doors.table import (
    OF_A_DOCUMENT,
    OF_A_WORKSPACE,
    OF_ACCOUNT_HOLDERS,
    OF_ADMINS,
    OF_ADMINS_BY_TOKEN_TOO,
    OF_ANYBODY,
    OF_WEBSOCKETS,
    OF_WHOEVER_CALLS,
    HttpDoor,
)
from tests.gateways.clients import hocuspocus, seated, token_for, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import Denied
from tests.support.peers import Peer, text_of

NO_ROLE: Final = None
ROLES: Final = (NO_ROLE, *Role)
REFUSED: Final = (401, 403)
EXISTING: Final = "team/plan"
UNKNOWN: Final = "team/nothing"
UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def token_of(role: Role | None, document: str = EXISTING) -> str:
    return token_for({"elsewhere": "owner"} if role is None else {document: role.name.lower()})


@asynccontextmanager
async def guarded(serve: Serve) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """A server that asks for tokens and has a document with a version."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(secret=SECRET))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://{server.address}"))
        owner = {"Authorization": f"Bearer {token_of(Role.OWNER)}"}
        created = await client.post("/api/v1/documents", json={"name": EXISTING, "kind": "yjs"}, headers=owner)
        assert created.status_code == 201
        yield server, client


async def keep_version(client: httpx.AsyncClient) -> int:
    kept = await client.post(
        f"/api/v1/documents/{quote(EXISTING, safe='')}/versions",
        json={"name": "Kept"},
        headers={"Authorization": f"Bearer {token_of(Role.OWNER)}"},
    )
    return int(kept.raise_for_status().json()["id"])


def endpoints(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Give every endpoint as its method and path; what answers `HEAD` is what answers `GET`."""
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from endpoints(included.routes)
        else:
            for method in getattr(route, "methods", None) or {"?"}:
                if method != "HEAD":
                    yield f"{method} {getattr(route, 'path', route)}"


def test_every_endpoint_has_a_row_in_the_table() -> None:
    app = create_api(create_autospec(Services, instance=True), Settings())

    rows = [
        *OF_A_DOCUMENT,
        *OF_A_WORKSPACE,
        *OF_WHOEVER_CALLS,
        *OF_ANYBODY,
        *OF_ACCOUNT_HOLDERS,
        *OF_ADMINS,
        *OF_ADMINS_BY_TOKEN_TOO,
    ]
    assert sorted(endpoints(app.routes)) == sorted(rows)


def test_every_websocket_door_has_a_row_in_the_table() -> None:
    assert {door.__name__ for door in WEBSOCKET_DOORS} == OF_WEBSOCKETS.keys()


async def answer(
    client: httpx.AsyncClient, endpoint: str, door: HttpDoor, document: str, version: int, token: str | None
) -> httpx.Response:
    method, path = endpoint.split()
    return await client.request(
        method,
        path.format(name=quote(document, safe=""), version=version, link=1, key=1, user_id="bob"),
        json=door.json,
        content=door.content,
        headers={**door.headers, **({} if token is None else {"Authorization": f"Bearer {token}"})},
    )


@pytest.mark.parametrize("endpoint", OF_A_DOCUMENT)
async def test_endpoint_is_for_whoever_has_the_role(serve: Serve, endpoint: str) -> None:
    door = OF_A_DOCUMENT[endpoint]
    async with guarded(serve) as (_, client):
        version = await keep_version(client)
        for role in ROLES:
            answered = await answer(client, endpoint, door, EXISTING, version, token_of(role))

            may = role is not None and role >= door.least
            assert (answered.status_code not in REFUSED) == may, (role, answered.text)


@pytest.mark.parametrize("endpoint", OF_A_DOCUMENT)
async def test_endpoint_tells_nothing_to_whoever_has_no_role(serve: Serve, endpoint: str) -> None:
    door = OF_A_DOCUMENT[endpoint]
    async with guarded(serve) as (_, client):
        version = await keep_version(client)
        for token, status in ((None, 401), (token_of(None), 403)):
            answers = [
                await answer(client, endpoint, door, document, number, token)
                for document, number in ((EXISTING, version), (EXISTING, version + 1), (UNKNOWN, version))
            ]

            assert {answered.status_code for answered in answers} == {status}
            assert len({answered.text for answered in answers}) == 1
            assert len({tuple(sorted(said(answered))) for answered in answers}) == 1


def said(answered: httpx.Response) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in answered.headers.items() if name != "date")


@pytest.mark.parametrize("role", ROLES)
async def test_documents_are_made_and_listed_by_their_roles(serve: Serve, role: Role | None) -> None:
    async with guarded(serve) as (_, client):
        headers = {"Authorization": f"Bearer {token_of(role, 'team/*')}"}
        made = await client.post("/api/v1/documents", json={"name": UNKNOWN}, headers=headers)
        listed = await client.get("/api/v1/documents", headers=headers)

    may_make = role is not None and role >= Role.EDITOR
    assert made.status_code == (201 if may_make else 403)
    names = {document["name"] for document in listed.raise_for_status().json()["documents"]}
    assert names == (set() if role is None else {EXISTING, UNKNOWN} if may_make else {EXISTING})


async def text_in(client: httpx.AsyncClient) -> str:
    """Return the document's text as its owner reads it."""
    path = f"/api/v1/documents/{quote(EXISTING, safe='')}/content"
    headers = {"Authorization": f"Bearer {token_of(Role.OWNER)}"}
    return text_of((await client.get(path, params={"format": "update"}, headers=headers)).raise_for_status().content)


@pytest.mark.parametrize("role", Role)
async def test_y_websocket_reads_and_writes_by_role(serve: Serve, role: Role) -> None:
    least = OF_WEBSOCKETS["collab.gateways.ywebsocket"]
    async with guarded(serve) as (server, client), y_websocket(server, EXISTING, token_of(role)) as joined:
        await joined.update(Peer(1).type("hello"))
        read = await joined.sync()  # after the update, in its order

        assert role >= least["read"]
        assert ("hello" in read) == (role >= least["write"])
        assert ("hello" in await text_in(client)) == (role >= least["write"])


@pytest.mark.parametrize("role", Role)
async def test_hocuspocus_reads_and_writes_by_role(serve: Serve, role: Role) -> None:
    least = OF_WEBSOCKETS["collab.gateways.hocuspocus"]
    async with guarded(serve) as (server, client), seated(server, EXISTING, token_of(role)) as joined:
        await joined.update(Peer(1).type("hello"), EXISTING)
        read = await joined.sync(EXISTING)

        assert role >= least["read"]
        assert ("hello" in read) == (role >= least["write"])
        assert ("hello" in await text_in(client)) == (role >= least["write"])


async def test_y_websocket_tells_nothing_to_whoever_has_no_role(serve: Serve) -> None:
    async with guarded(serve) as (server, client):
        answers = [
            await client.get(
                f"http://{server.address}/sync/{quote(document, safe='')}?token={token_of(NO_ROLE)}", headers=UPGRADE
            )
            for document in (EXISTING, UNKNOWN)
        ]

    assert {answered.status_code for answered in answers} == {403}
    assert len({answered.text for answered in answers}) == 1


async def test_hocuspocus_tells_nothing_to_whoever_has_no_role(serve: Serve) -> None:
    async with guarded(serve) as (server, _), hocuspocus(server) as client:
        denials = []
        for document in (EXISTING, UNKNOWN):
            await client.authenticate(document, token_of(NO_ROLE))
            denials.append(await client.until(Denied, document))

    assert denials[0] == denials[1]
