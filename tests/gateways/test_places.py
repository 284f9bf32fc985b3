"""How many connections one address and one user may have, and whose address a connection has."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import connect

from collab.errors import LimitExceeded
from collab.gateways.tally import Tally
from tests.gateways.clients import HocuspocusClient, hocuspocus, seated, token_for, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.gateways.test_admission import refusal_at
from tests.support.eventually import eventually
from tests.support.heard import LetIn

PROXIED = {"trusted_proxies": "127.0.0.1", "max_connections_per_address": 2}
ADA = token_for({"*": "editor"}, user="ada")
BEN = token_for({"*": "editor"}, user="ben")


def sent_for(address: str) -> Mapping[str, str]:
    return {"X-Forwarded-For": address}


@asynccontextmanager
async def connected(server: Served, path: str, address: str) -> AsyncIterator[None]:
    async with connect(f"ws://{server.address}{path}", additional_headers=sent_for(address)):
        yield


def test_tally_counts_each_by_itself_and_forgets_whoever_has_none() -> None:
    tally = Tally(2, "this address")
    tally.take("a")
    tally.take("a")
    tally.take("b")
    with pytest.raises(LimitExceeded, match="this address has 2 connections"):
        tally.take("a")
    tally.give_back("a")
    tally.take("a")
    for name in ("a", "a", "b"):
        tally.give_back(name)

    assert len(tally) == 0


async def test_address_with_as_many_connections_as_it_may_have_is_told_to_come_back(serve: Serve) -> None:
    async with serve(**PROXIED, secret=SECRET) as server:
        door = f"/sync/doc?token={ADA}"
        async with connected(server, door, "203.0.113.9"), connected(server, "/hocuspocus", "203.0.113.9"):
            for path in (door, "/hocuspocus"):
                refusal = await refusal_at(f"ws://{server.address}{path}", sent_for("203.0.113.9"))
                assert (refusal.status, refusal.headers["Retry-After"]) == (429, "2")
                assert "this address has 2 connections" in refusal.detail
            async with connected(server, door, "203.0.113.10"), connected(server, door, "2001:db8:0:1::1"):
                pass
        await eventually(lambda: not server.app._entrance.connections._of_addresses)
        async with connected(server, door, "203.0.113.9"):
            pass


async def test_ipv6_addresses_of_one_network_are_one(serve: Serve) -> None:
    async with (
        serve(**PROXIED, secret=SECRET) as server,
        connected(server, "/hocuspocus", "2001:db8:0:1::1"),
        connected(server, "/hocuspocus", "[2001:db8:0:1::2]:4711"),
    ):
        refusal = await refusal_at(server.hocuspocus, sent_for("2001:db8:0:1:ffff::3"))
        assert refusal.status == 429
        async with connected(server, "/hocuspocus", "2001:db8:0:2::1"):
            pass


async def test_forged_address_counts_for_nothing(serve: Serve) -> None:
    """What stands in front of what the proxy wrote is the client's; and who is no proxy is not believed at all."""
    async with (
        serve(**PROXIED, secret=SECRET) as server,
        connected(server, "/hocuspocus", "198.51.100.1, 203.0.113.9"),
        connected(server, "/hocuspocus", "198.51.100.2, 203.0.113.9"),
    ):
        assert (await refusal_at(server.hocuspocus, sent_for("198.51.100.3, 203.0.113.9"))).status == 429
    async with (
        serve(max_connections_per_address=1, trusted_proxies="10.0.0.1") as server,
        connected(server, "/hocuspocus", "203.0.113.9"),
        connected(server, "/hocuspocus", "203.0.113.9"),
    ):
        pass


async def test_guest_from_elsewhere_is_kept_out_of_open_mode_behind_a_proxy_too(serve: Serve) -> None:
    async with serve(**PROXIED) as server:
        assert (await refusal_at(server.sync + "doc", sent_for("203.0.113.9"))).status == 403
        async with connected(server, "/sync/doc", "127.0.0.1"):
            pass


async def test_user_with_as_many_connections_as_may_be_is_told_to_come_back(serve: Serve) -> None:
    async with serve(secret=SECRET, max_connections_per_user=2) as server:
        async with y_websocket(server, "doc", ADA), seated(server, "doc", ADA):
            refusal = await refusal_at(f"{server.sync}doc?token={ADA}")
            assert (refusal.status, refusal.headers["Retry-After"]) == (429, "2")
            async with y_websocket(server, "doc", BEN):
                pass
        await eventually(lambda: not server.app._entrance.connections._of_users)
        async with y_websocket(server, "doc", ADA):
            pass


async def test_user_with_too_many_is_closed_when_the_token_comes_over_hocuspocus(serve: Serve) -> None:
    async with serve(secret=SECRET, max_connections_per_user=1) as server, seated(server, "doc", ADA) as first:
        async with hocuspocus(server) as second:
            await second.authenticate("doc", ADA)
            code, reason = await second.ending()
        assert (code, "this user has 1 connections" in reason) == (1008, True)
        await let_into_another(first)


async def let_into_another(client: HocuspocusClient) -> None:
    """Another document on the same connection is no other connection."""
    await client.authenticate("another", ADA)
    await client.until(LetIn, "another")


async def test_guests_are_counted_for_no_user(serve: Serve) -> None:
    async with serve(max_connections_per_user=1) as server, y_websocket(server), y_websocket(server), seated(server):
        pass


async def test_requests_are_counted_by_the_address_that_the_proxy_tells(serve: Serve) -> None:
    few = {"requests_per_second": 0.1, "request_burst": 2}
    async with serve(**PROXIED, **few, secret=SECRET) as server, httpx.AsyncClient() as client:

        async def status(address: str, path: str = "/api/v1/session") -> int:
            return (await client.get(f"http://{server.address}{path}", headers=sent_for(address))).status_code

        assert [await status("203.0.113.9") for _ in range(3)] == [401, 401, 429]
        assert await status("198.51.100.1, 203.0.113.9") == 429
        assert await status("203.0.113.9, 198.51.100.1") == 401
        assert await status("203.0.113.9", "/healthz") == 200


async def test_proxy_that_is_not_trusted_is_not_believed_by_rest_either(serve: Serve) -> None:
    """In open mode whoever comes from elsewhere is kept out; a forged header lets nobody in, and keeps nobody out."""
    async with serve(trusted_proxies="10.0.0.1") as server, httpx.AsyncClient() as client:
        answer = await client.get(f"http://{server.address}/api/v1/session", headers=sent_for("203.0.113.9"))
        assert answer.status_code == 200
    async with serve(trusted_proxies="127.0.0.1") as server, httpx.AsyncClient() as client:
        answer = await client.get(f"http://{server.address}/api/v1/session", headers=sent_for("203.0.113.9"))
        assert answer.status_code == 403
