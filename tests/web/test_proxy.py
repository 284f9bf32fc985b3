"""A proxy that ends TLS before the server: what the server says until it is told of the proxy, and what it does then."""

from typing import Final

import httpx
import pytest

from collab.access.passwords import Passwords
from collab.storage import open_storage
from tests.gateways.serving import Serve, Served

pytestmark = pytest.mark.anyio

PASSWORD: Final = "correct horse battery"
BY_A_PROXY: Final = {
    "Host": "docs.example.org",
    "Origin": "https://docs.example.org",
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
}
"""What a proxy at https://docs.example.org passes on of a page of this server's own."""


async def sign_in(server: Served) -> httpx.Response:
    """Make an account, and sign in by the proxy."""
    async with open_storage(server.app.settings.database) as storage:
        kept = await Passwords().hash(PASSWORD)
        await storage.accounts.create(email="ada@example.org", name="Ada", password_hash=kept, admin=True)
    async with httpx.AsyncClient(base_url=f"http://{server.address}", headers=BY_A_PROXY) as client:
        return await client.post("/api/v1/session", json={"email": "ada@example.org", "password": PASSWORD})


async def test_signing_in_by_a_proxy_that_is_not_named_is_refused_with_what_is_to_be_set(serve: Serve) -> None:
    async with serve(accounts=True) as server:
        answered = await sign_in(server)

    assert answered.status_code == 403
    assert answered.json()["type"] == "/api/docs#forbidden"
    assert (
        "by TLS that a proxy ends whom this server does not know (COLLAB_TRUSTED_PROXIES)" in answered.json()["detail"]
    )
    assert "Set-Cookie" not in answered.headers


async def test_signing_in_by_a_proxy_that_is_named_gives_a_cookie_for_tls_alone(serve: Serve) -> None:
    async with serve(accounts=True, trusted_proxies="127.0.0.1") as server:
        answered = await sign_in(server)

    assert answered.status_code == 200
    cookie = answered.headers["Set-Cookie"]
    assert cookie.startswith("__Host-collab_session=cs_")
    assert "; Secure" in cookie
