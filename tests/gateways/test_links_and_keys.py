"""Share links and API keys at both WebSocket doors: what they let in, whom others see, and that their end ends it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.gateways.clients import ending_of, hocuspocus, seated, token_for, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import Denied, LetIn, Update
from tests.support.peers import Peer, text_of

pytestmark = pytest.mark.anyio

DOCUMENTS = "/api/v1/documents"
LINKS = f"{DOCUMENTS}/doc/links"


@asynccontextmanager
async def shared(serve: Serve, **options: Any) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """A server with a document `doc`, and a client of its owner, who is an admin."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(secret=SECRET, **options))
        token = token_for({"doc": "owner"}, user="owner", admin=True)
        client = httpx.AsyncClient(base_url=f"http://{server.address}", headers={"Authorization": f"Bearer {token}"})
        await stack.enter_async_context(client)
        (await client.post(DOCUMENTS, json={"name": "doc", "kind": "yjs"})).raise_for_status()
        yield server, client


async def link_of(client: httpx.AsyncClient, role: str) -> dict[str, Any]:
    made: dict[str, Any] = (await client.post(LINKS, json={"role": role, "guests": True})).raise_for_status().json()
    return made


async def key_of(client: httpx.AsyncClient, documents: dict[str, str]) -> dict[str, Any]:
    answered = await client.post("/api/v1/keys", json={"name": "Backend", "documents": documents})
    made: dict[str, Any] = answered.raise_for_status().json()
    return made


async def test_guest_by_a_link_writes_through_both_doors(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        token = (await link_of(owner, "editor"))["token"]
        async with y_websocket(server, token=token) as first, seated(server, token=token) as second:
            await first.update(Peer(1).type("by a guest"))
            await second.ask()
            while text_of((await second.until(Update)).update) != "by a guest":
                pass


async def test_guest_by_a_link_for_readers_cannot_write(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        token = (await link_of(owner, "reader"))["token"]
        async with hocuspocus(server) as client:
            await client.authenticate(token=token)
            assert (await client.until(LetIn)).scope == "readonly"


async def test_what_is_refused_at_either_door_is_in_the_audit_log(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        async with hocuspocus(server) as client:
            await client.authenticate(token="ck_nothing")
            await client.until(Denied)
        with pytest.raises(InvalidStatus):
            async with y_websocket(server, token="cl_nothing"):
                pass
        entries = (await owner.get("/api/v1/audit")).json()["entries"]

    refused = [(entry["details"], entry["address"]) for entry in entries if entry["action"] == "credentials-refused"]
    assert refused == [({"shown": shown, "reason": "unknown"}, "127.0.0.1") for shown in ("link", "key")]


@pytest.mark.parametrize("document", ["doc2", "other", "d", "doc/1"])
async def test_link_opens_no_other_document(serve: Serve, document: str) -> None:
    async with shared(serve) as (server, owner):
        token = (await link_of(owner, "editor"))["token"]
        async with hocuspocus(server) as client:
            await client.authenticate(document, token)
            await client.until(Denied, document)
        with pytest.raises(InvalidStatus):
            async with y_websocket(server, document, token):
                pass


async def test_revoked_link_ends_the_sessions_that_came_by_it_and_no_others(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        revoked, kept = await link_of(owner, "editor"), await link_of(owner, "reader")
        async with (
            y_websocket(server, token=revoked["token"]) as first,
            seated(server, token=revoked["token"]) as second,
            seated(server, token=kept["token"]) as third,
        ):
            assert (await owner.delete(f"{LINKS}/{revoked['id']}")).status_code == 204

            assert (await ending_of(first.connection))[0] == 4403
            await second.until(Denied)
            await third.ask()
            with pytest.raises(InvalidStatus):
                async with y_websocket(server, token=revoked["token"]):
                    pass
            assert await third.sync() == ""


async def test_key_of_a_program_writes_as_the_program(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        made = await key_of(owner, {"d*": "editor"})
        async with y_websocket(server, token=made["secret"]) as client:
            await client.update(Peer(1).type("by a program"))
            await client.say(client.dialect.sync_step1(b"\x00"))
            assert await client.sync() == "by a program"
        written = (await owner.get(f"{DOCUMENTS}/doc/authorship")).json()

    assert "Backend" in str(written)


async def test_revoked_key_ends_its_sessions(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        made = await key_of(owner, {"doc": "editor"})
        async with (
            y_websocket(server, token=made["secret"]) as first,
            seated(server, token=made["secret"]) as second,
        ):
            assert (await owner.delete(f"/api/v1/keys/{made['key']['id']}")).status_code == 204

            assert (await ending_of(first.connection))[0] == 4403
            await second.until(Denied)


async def test_whoever_shows_another_identity_writes_as_that(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        made, link = await key_of(owner, {"doc": "editor"}), await link_of(owner, "editor")
        async with seated(server, token=made["secret"]) as client:
            await client.authenticate(token=link["token"])
            await client.until(LetIn)
            assert (await owner.delete(f"/api/v1/keys/{made['key']['id']}")).status_code == 204
            await client.update(Peer(1).type("by a guest"))
            assert await client.sync() == "by a guest"
            written = (await owner.get(f"{DOCUMENTS}/doc/authorship")).json()

    assert "Backend" not in str(written)


async def test_link_that_expires_ends_what_came_by_it_at_once(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        end = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        made = await owner.post(LINKS, json={"role": "editor", "guests": True, "expires_at": end})
        async with seated(server, token=made.json()["token"]) as client:
            assert await client.until(Denied) == Denied("the key or the link has expired")
            await client.update(Peer(1).type("too late"))
        content = await owner.get(f"{DOCUMENTS}/doc/content?format=text")

    assert content.text == ""


@pytest.mark.parametrize("token", ["ck_", "cl_", "ck_" + "A" * 43, "cl_" + "A" * 43, "cl_~", "cl_" + "A" * 8000])
async def test_what_was_never_made_lets_nobody_in(serve: Serve, token: str) -> None:
    async with shared(serve) as (server, _), hocuspocus(server) as client:
        await client.authenticate(token=token)
        await client.until(Denied)
        with pytest.raises(InvalidStatus):
            async with y_websocket(server, token=token):
                pass


async def test_member_of_a_workspace_gains_and_loses_its_role_at_once(serve: Serve) -> None:
    async with shared(serve) as (server, owner):
        (await owner.post(DOCUMENTS, json={"name": "team/plan", "kind": "yjs"})).raise_for_status()
        (await owner.post("/api/v1/workspaces", json={"name": "team", "default_role": "reader"})).raise_for_status()
        (await owner.put("/api/v1/workspaces/team/members/bob", json={})).raise_for_status()
        async with hocuspocus(server) as bob:
            await bob.authenticate("team/plan", token_for({}, user="bob"))
            assert (await bob.until(LetIn, "team/plan")).scope == "readonly"

            (await owner.patch("/api/v1/workspaces/team", json={"default_role": "editor"})).raise_for_status()
            assert (await bob.until(LetIn, "team/plan")).scope == "read-write"
            (await owner.delete("/api/v1/workspaces/team")).raise_for_status()
            await bob.until(Denied, "team/plan")
