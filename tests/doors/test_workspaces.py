"""Role in a workspace by endpoint: whoever has less hears the same whether there is a workspace or not."""

import httpx
import pytest

from collab.ports import Role
from tests.doors.table import OF_A_WORKSPACE, HttpDoor
from tests.gateways.clients import token_for
from tests.gateways.serving import SECRET, Serve

ROLES = (None, *Role)


async def answer(client: httpx.AsyncClient, endpoint: str, door: HttpDoor, workspace: str, user: str) -> httpx.Response:
    method, path = endpoint.split()
    token = token_for({"team/*": "owner"}, user=user)
    return await client.request(
        method,
        path.format(workspace=workspace, user_id="u_bob"),
        json=door.json,
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize("endpoint", OF_A_WORKSPACE)
async def test_endpoint_is_for_whoever_has_the_role_in_the_workspace(serve: Serve, endpoint: str) -> None:
    """A role in the documents, by a token, is none in the workspace."""
    door = OF_A_WORKSPACE[endpoint]
    admin = {"Authorization": f"Bearer {token_for({}, user='boss', admin=True)}"}
    async with serve(secret=SECRET) as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        assert (await client.post("/api/v1/workspaces", json={"name": "team"}, headers=admin)).status_code == 201
        for role in ROLES:
            if role is not None:
                given = await client.put(
                    f"/api/v1/workspaces/team/members/{role.name}", json={"role": role.name.lower()}, headers=admin
                )
                assert given.status_code == 200
        for role in ROLES:
            user = "nobody" if role is None else role.name
            answered = await answer(client, endpoint, door, "team", user)

            assert (answered.status_code != 403) == (role is not None and role >= door.least), (role, answered.text)
        refused = await answer(client, endpoint, door, "team", "nobody")
        unknown = await answer(client, endpoint, door, "unknown", "nobody")
    assert (refused.status_code, refused.content) == (unknown.status_code, unknown.content) == (403, refused.content)
