"""No secret that somebody shows, and no text that they write, stands in what the server says of its work."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.gateways.clients import HocuspocusClient, joining, token_for, y_websocket
from tests.gateways.serving import SECRET
from tests.support.heard import Denied
from tests.support.peers import Peer
from tests.support.server import RunningServer

PASSWORD = "correct horse battery"
TEXT = "nobody else's business"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that says all it can."""
    environment = {"COLLAB_SECRET": SECRET, "COLLAB_ACCOUNTS": "true", "COLLAB_LOG_LEVEL": "DEBUG"}
    running = RunningServer.start(tmp_path, environment=environment)
    yield running
    running.kill()


async def test_nothing_that_is_secret_is_said(server: RunningServer) -> None:
    admin = token_for({"doc": "owner"}, user="boss", admin=True)
    shown = [SECRET, PASSWORD, TEXT, admin]
    async with httpx.AsyncClient(base_url=server.url) as client:
        bearer = {"Authorization": f"Bearer {admin}"}
        await client.post("/api/v1/documents", json={"name": "doc", "kind": "yjs"}, headers=bearer)
        ticket = (await client.post("/api/v1/invitations", json={"email": "a@b.org"}, headers=bearer)).json()["ticket"]
        account = {"ticket": ticket, "name": "Ada", "password": PASSWORD}
        made = await client.post("/api/v1/accounts", json=account)
        session = made.cookies["collab_session"]
        wrong = {"email": "a@b.org", "password": PASSWORD[::-1]}
        await client.post("/api/v1/session", json=wrong)
        link = (
            await client.post("/api/v1/documents/doc/links", json={"role": "editor", "guests": True}, headers=bearer)
        ).json()
        key = (
            await client.post("/api/v1/keys", json={"name": "k", "documents": {"*": "editor"}}, headers=bearer)
        ).json()
        shown += [ticket, session, PASSWORD[::-1], link["token"], key["secret"]]
        for token in (admin, link["token"], key["secret"]):
            async with y_websocket(server, token=token) as joined:
                await joined.update(Peer(secrets.randbits(31)).type(TEXT))
                await joined.sync()
            forged = f"{token}x"
            shown.append(forged)
            await client.get("/api/v1/documents/doc", headers={"Authorization": f"Bearer {forged}"})
            with pytest.raises(InvalidStatus):
                async with y_websocket(server, token=forged):
                    pass
            async with joining(server.hocuspocus) as connection:
                refused = HocuspocusClient(connection)
                await refused.authenticate(token=forged)
                await refused.until(Denied)
        await client.post("/api/v1/links/open", json={"token": f"{link['token']}x"})
        await client.get(f"/api/v1/documents/doc?token={admin}")
        await client.post("/api/v1/documents", content=f'{{"title": "{TEXT}"', headers=bearer)

    said = "".join(server.output)
    assert "a client was refused" in said or "refused" in said, (
        "the server says nothing at all; this test would find nothing"
    )
    assert [secret for secret in shown if secret in said] == []
