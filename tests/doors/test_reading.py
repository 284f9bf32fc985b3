"""Whatever tells content of a document over REST leaves an entry in the audit log."""

from urllib.parse import quote

import httpx
import pytest

from collab.ports import Role
from tests.doors.table import OF_A_DOCUMENT, OF_WHOEVER_CALLS, HttpDoor
from tests.doors.test_roles import EXISTING, answer, guarded, keep_version, token_of
from tests.gateways.clients import token_for
from tests.gateways.serving import Serve
from tests.support.peers import Peer

pytestmark = pytest.mark.anyio

WRITTEN = "what-was-written"
ABOUT_DOCUMENTS = {**OF_A_DOCUMENT, **dict.fromkeys(sorted(OF_WHOEVER_CALLS), HttpDoor(Role.READER))}


async def exports(client: httpx.AsyncClient) -> int:
    admin = {"Authorization": f"Bearer {token_for({}, user='boss', admin=True)}"}
    wanted = {"document": EXISTING, "action": "document-exported"}
    answered = await client.get("/api/v1/audit", params=wanted, headers=admin)
    return len(answered.raise_for_status().json()["entries"])


@pytest.mark.parametrize("endpoint", ABOUT_DOCUMENTS)
async def test_whoever_is_told_content_is_in_the_audit_log(serve: Serve, endpoint: str) -> None:
    """Whether an endpoint tells content is seen in its answer: a new one that does, and notes nothing, fails here."""
    async with guarded(serve) as (_, client):
        written = await client.post(
            f"/api/v1/documents/{quote(EXISTING, safe='')}/content",
            content=Peer(1).type(WRITTEN),
            headers={"Authorization": f"Bearer {token_of(Role.OWNER)}", "Content-Type": "application/octet-stream"},
        )
        assert written.status_code == 204
        version = await keep_version(client)
        door = ABOUT_DOCUMENTS[endpoint]
        answered = await answer(client, endpoint, door, EXISTING, version, token_of(Role.OWNER))
        noted = await exports(client)

    assert (WRITTEN.encode() in answered.content) == door.tells_content
    assert noted == (1 if door.tells_content else 0)
