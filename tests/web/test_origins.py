"""Pages from elsewhere at every door: both kinds of WebSocket, and REST."""

from collections.abc import Sequence
from typing import Final

import httpx
import pytest

from tests.doors.test_roles import UPGRADE
from tests.gateways.clients import token_for
from tests.gateways.serving import SECRET, Serve

TOKEN: Final = token_for({"*": "owner"})
APP: Final = "https://app.example.com"
DOORS: Final = ("sync", "hocuspocus", "rest")
FOREIGN: Final = (
    "null",
    "https://evil-app.example.com",
    "https://app.example.com.evil.org",
    "https://app.example.com:8443",
    "https://sub.app.example.com",
    "http://app.example.com",
    "HTTPS://APP.EXAMPLE.COM",
    "https://app.example.com.",
    "https://app.example.com@evil.org",
    "https://xn--pp-7lc.example.com",
    "https://app.example.com, https://evil.org",
)


async def knock(client: httpx.AsyncClient, door: str, origins: Sequence[str]) -> int:
    """Return with which status a door answers a page of this origin that has a good token."""
    headers = [("Origin", origin) for origin in origins]
    if door == "rest":
        authorization = ("Authorization", f"Bearer {TOKEN}")
        return (await client.post("/api/v1/documents", json={}, headers=[*headers, authorization])).status_code
    path = f"/sync/a?token={TOKEN}" if door == "sync" else "/hocuspocus"
    async with client.stream("GET", path, headers=[*headers, *UPGRADE.items()]) as answer:
        return answer.status_code


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("mode", [{}, {"secret": SECRET}], ids=["open", "closed"])
async def test_pages_of_allowed_origins_act_and_others_do_not(serve: Serve, door: str, mode: dict[str, str]) -> None:
    async with (
        serve(allowed_origins=APP, **mode) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        taken = 201 if door == "rest" else 101
        for origins in ([], [APP], [f"http://{server.address}"]):
            assert await knock(client, door, origins) == taken, origins
        for origin in FOREIGN:
            assert await knock(client, door, [origin]) == 403, origin
        assert await knock(client, door, [APP, APP]) == 403
        assert await knock(client, door, [APP, "https://evil.org"]) == 403


@pytest.mark.parametrize("door", DOORS)
async def test_in_open_mode_with_nothing_allowed_pages_of_this_machine_act_alone(serve: Serve, door: str) -> None:
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        taken = 201 if door == "rest" else 101
        for origin in (f"http://{server.address}", "http://localhost:5173"):
            assert await knock(client, door, [origin]) == taken, origin
        for origin in (*FOREIGN, APP, "http://localhost.evil.org"):
            assert await knock(client, door, [origin]) == 403, origin


@pytest.mark.parametrize("door", DOORS)
async def test_with_tokens_and_nothing_allowed_a_page_needs_a_token_and_an_origin(serve: Serve, door: str) -> None:
    async with serve(secret=SECRET) as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        taken = 201 if door == "rest" else 101
        assert await knock(client, door, [APP]) == taken
        assert await knock(client, door, ["null"]) == 403
        assert await knock(client, door, [APP, APP]) == 403
