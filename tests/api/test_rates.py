"""How often one address and one user may ask."""

import httpx
import pytest

from collab.api.rates import Buckets, RequestRates
from collab.errors import RateExceeded
from collab.protocol.rate import Rate
from collab.settings import Settings
from tests.api.conftest import SECRET, Serve, bearer

pytestmark = pytest.mark.anyio

FEW = {"requests_per_second": 0.1, "request_burst": 3}
SESSION = "/api/v1/session"


def bound_to(server_app: object, address: str) -> httpx.AsyncClient:
    """Return a client at an address elsewhere."""
    transport = httpx.ASGITransport(server_app, client=(address, 4711))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


async def test_user_who_asks_too_often_is_told_when_to_come_back(serve: Serve) -> None:
    async with serve(Settings.model_validate({"secret": SECRET, **FEW})) as server:
        for _ in range(3):
            assert (await server.client.get(SESSION, headers=bearer(user="ada"))).status_code == 200
        refused = await server.client.get(SESSION, headers=bearer(user="ada"))
        other = await server.client.get(SESSION, headers=bearer(user="ben"))

    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert refused.json()["type"] == "/api/docs#rate-exceeded"
    assert refused.json()["detail"].startswith("this user sends more than 0.1 requests a second")
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert other.status_code == 200


async def test_address_that_asks_too_often_is_told_before_anything_else(serve: Serve) -> None:
    async with serve(Settings.model_validate({"secret": SECRET, **FEW})) as server:
        async with bound_to(server.app, "2001:db8:0:1::1") as client:
            for _ in range(3):
                assert (await client.get(SESSION)).status_code == 401
        async with bound_to(server.app, "2001:db8:0:1::2") as client:
            refused = await client.get(SESSION)
            probed = [(await client.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics") * 3]
        async with bound_to(server.app, "2001:db8:0:2::1") as client:
            other = await client.get(SESSION)

    assert (refused.status_code, other.status_code) == (429, 401)
    assert "this address" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert set(probed) == {200}


async def test_this_machine_and_guests_are_not_counted(serve: Serve) -> None:
    async with serve(Settings.model_validate(FEW)) as server:
        for _ in range(9):
            assert (await server.client.get(SESSION)).status_code == 200


def test_room_for_another_comes_back_with_time() -> None:
    now = 1000.0
    rates = RequestRates(Settings.model_validate(FEW), clock=lambda: now)
    for _ in range(3):
        rates.count_for_user("ada")
    with pytest.raises(RateExceeded) as refused:
        rates.count_for_user("ada")
    assert refused.value.wait == pytest.approx(10)
    now += refused.value.wait + 0.001
    rates.count_for_user("ada")
    with pytest.raises(RateExceeded):
        rates.count_for_user("ada")


def test_those_who_have_not_asked_for_long_are_forgotten() -> None:
    buckets = Buckets(Rate(10, 100), "this address")
    for number in range(100_000):
        buckets.take(str(number), now=1000 + number / 1000)

    assert len(buckets) <= 1001


def test_of_those_who_ask_all_at_once_a_bounded_number_is_known() -> None:
    buckets = Buckets(Rate(10, 100), "this address", most=4000)
    for number in range(20_000):
        buckets.take(str(number), now=1000)
        assert len(buckets) <= 4000

    for _ in range(99):  # the latest are still known
        buckets.take("19999", now=1000)
    with pytest.raises(RateExceeded):
        buckets.take("19999", now=1000)
