"""A document's name may end in a `*`, as a pattern does; a role in it is one in no other document."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.gateways.clients import token_for, y_websocket
from tests.gateways.serving import SECRET, Serve

pytestmark = pytest.mark.anyio

DOCUMENTS = "/api/v1/documents"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("starred", ["Q*", "*", "Q/*"])
async def test_neither_link_nor_membership_reaches_beyond_the_document(serve: Serve, starred: str) -> None:
    path = f"{DOCUMENTS}/{starred.replace('*', '%2A').replace('/', '%2F')}"
    admin = bearer(token_for({}, user="boss", admin=True))
    async with serve(secret=SECRET) as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        for name in (starred, "Qsecret", "Q/secret"):
            made = await client.post(DOCUMENTS, json={"name": name, "kind": "yjs"}, headers=admin)
            assert made.status_code == 201
        await client.put(f"{path}/members/bob", json={"role": "owner"}, headers=admin)
        link = (await client.post(f"{path}/links", json={"role": "editor", "guests": True}, headers=admin)).json()
        for shown in (link["token"], token_for({}, user="bob")):
            assert (await client.get(path, headers=bearer(shown))).status_code == 200
            listed = (await client.get(DOCUMENTS, headers=bearer(shown))).json()["documents"]
            assert [document["name"] for document in listed] == [starred]
            for other in ("Qsecret", "Q/secret", "Qnew"):
                hidden = await client.get(f"{DOCUMENTS}/{other.replace('/', '%2F')}", headers=bearer(shown))
                assert hidden.status_code == 403
                with pytest.raises(InvalidStatus):
                    async with y_websocket(server, other, shown):
                        pass
            made = await client.post(DOCUMENTS, json={"name": "Qnew"}, headers=bearer(shown))
            assert made.status_code == 403
