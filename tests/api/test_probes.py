import httpx
import pytest

from collab.settings import Settings
from tests.api.conftest import SECRET, Serve, Server, bearer

pytestmark = pytest.mark.anyio


async def test_a_server_that_is_well_says_so(api: httpx.AsyncClient) -> None:
    assert [(await api.get(path)).json() for path in ("/healthz", "/readyz")] == [{"status": "ok"}] * 2


async def test_a_draining_server_lives_and_is_not_ready(server: Server) -> None:
    await server.hub.drain()

    alive = await server.client.get("/healthz")
    ready = await server.client.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert "going down" in ready.json()["detail"]


async def test_a_server_without_its_tables_is_not_ready(server: Server) -> None:
    server.database.unlink()
    server.database.touch()

    ready = await server.client.get("/readyz")

    assert (ready.status_code, ready.json()["type"]) == (503, "/api/docs#unavailable")


async def test_in_open_mode_the_caller_is_a_guest(api: httpx.AsyncClient) -> None:
    assert (await api.get("/api/v1/session")).json() == {"mode": "open", "user": None}


async def test_in_open_mode_a_token_is_not_looked_at(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/session", headers={"Authorization": "Bearer nonsense"})

    assert answer.json() == {"mode": "open", "user": None}


async def test_with_a_token_the_caller_is_whom_it_names(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get("/api/v1/session", headers=bearer(admin=True))).json() == {
        "mode": "token",
        "user": {"id": "u1", "name": "Ada", "color": None, "picture": None, "admin": True},
    }


async def test_the_api_is_described_for_programs(api: httpx.AsyncClient) -> None:
    described = (await api.get("/api/openapi.json")).json()

    assert set(described["paths"]) == {
        "/api/v1/documents",
        "/api/v1/documents/{name}",
        "/api/v1/documents/{name}/restore",
        "/api/v1/documents/{name}/content",
        "/api/v1/documents/{name}/versions",
        "/api/v1/documents/{name}/versions/{version}",
        "/api/v1/documents/{name}/versions/{version}/content",
        "/api/v1/documents/{name}/authorship",
        "/api/v1/documents/{name}/versions/{version}/comparison",
        "/api/v1/documents/{name}/versions/{version}/restore",
        "/api/v1/session",
        "/healthz",
        "/readyz",
    }


async def test_every_reference_of_the_description_is_in_it(api: httpx.AsyncClient) -> None:
    described = (await api.get("/api/openapi.json")).json()

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(item) for item in value.values()))
        return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()

    assert {reference.rpartition("/")[2] for reference in references(described)} <= set(
        described["components"]["schemas"]
    )


async def test_the_api_is_readable_without_anything_from_elsewhere(api: httpx.AsyncClient) -> None:
    page = await api.get("/api/docs")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "POST /api/v1/documents/{name}/content" in page.text
    assert 'id="document-exists"' in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_the_description_is_open_where_tokens_are_asked_for(serve: Serve) -> None:
    async with serve(Settings.model_validate({"secret": SECRET})) as running:
        assert (await running.client.get("/api/docs")).status_code == 200
