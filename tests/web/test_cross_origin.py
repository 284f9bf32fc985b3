"""Who may read answers from a page elsewhere (CORS): nobody, but pages of the allowed origins."""

from collections.abc import Mapping
from typing import Final

import httpx
import pytest

from tests.gateways.serving import SECRET, Serve

APP: Final = "https://app.example.com"
SESSION: Final = "/api/v1/session"
ASKED: Final = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


def shared(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


async def test_no_answer_is_shared_where_nothing_is_allowed(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        got = await client.get(SESSION, headers={"Origin": APP})
        preflight = await client.options(SESSION, headers={"Origin": APP, **ASKED})

    assert shared(got.headers) == shared(preflight.headers) == {}
    assert not preflight.is_success


async def test_answers_are_shared_with_the_allowed_origin_and_never_with_cookies(serve: Serve) -> None:
    async with (
        serve(secret=SECRET, allowed_origins=f"{APP},https://b.example.com") as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        got = await client.get(SESSION, headers={"Origin": APP, "Cookie": "collab_session=x"})
        preflight = await client.options(SESSION, headers={"Origin": APP, **ASKED})

    assert shared(got.headers) == {
        "access-control-allow-origin": APP,
        "access-control-expose-headers": "Retry-After",
    }
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == APP
    assert {"PATCH", "DELETE"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    assert "Origin" in got.headers["Vary"]
    assert "Origin" in preflight.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.org", "null", "https://app.example.com.evil.org", "HTTPS://APP.EXAMPLE.COM"]
)
async def test_no_answer_is_shared_with_another_origin(serve: Serve, origin: str) -> None:
    async with (
        serve(secret=SECRET, allowed_origins=APP) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        got = await client.get(SESSION, headers={"Origin": origin})
        preflight = await client.options(SESSION, headers={"Origin": origin, **ASKED})

    assert "Access-Control-Allow-Origin" not in got.headers
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert preflight.status_code == 400


async def test_caches_keep_answers_of_origins_apart(serve: Serve) -> None:
    async with (
        serve(secret=SECRET, allowed_origins=APP) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        for headers in ({}, {"Origin": APP}, {"Origin": "https://evil.org"}):
            answer = await client.get("/api/openapi.json", headers=headers)

            assert "Origin" in answer.headers["Vary"]


async def test_a_refused_write_is_readable_for_the_allowed_origin(serve: Serve) -> None:
    async with (
        serve(secret=SECRET, allowed_origins=APP) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        answer = await client.post("/api/v1/documents", json={}, headers={"Origin": APP})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, APP)
