import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collab.ports import DocumentName
from collab.settings import Settings
from tests.api.conftest import SECRET, Serve, Server, bearer
from tests.doors.table import (
    OF_A_DOCUMENT,
    OF_A_WORKSPACE,
    OF_ACCOUNT_HOLDERS,
    OF_ADMINS,
    OF_ADMINS_BY_TOKEN_TOO,
    OF_ANYBODY,
    OF_WHOEVER_CALLS,
)
from tests.support.eventually import eventually

pytestmark = pytest.mark.anyio

FOR_BROWSERS = {
    "/",
    "/account",
    "/join",
    "/reset",
    "/share",
    "/admin",
    "/workspaces",
    "/d/{document:path}",
    "/assets/{path:path}",
    "/{path}",
    "/api/docs",
    "/api/openapi.json",
}
"""Pages and files, which programs have no use for."""


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


async def figures_of(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if "le" not in sample.labels
    }


async def test_the_figures_count_what_is_open(server: Server) -> None:
    await server.client.post("/api/v1/documents", json={"name": "secret-name", "kind": "yjs"})
    before = await figures_of(server.client)
    await server.hub.open(DocumentName("secret-name"), create=False)

    after = await figures_of(server.client)

    assert (before["collab_rooms"], after["collab_rooms"]) == (0, 1)
    assert after["collab_unsaved_bytes"] == 0
    assert after["collab_event_loop_lag_max_seconds"] >= 0
    assert after["process_cpu_seconds_total"] > 0
    assert "secret-name" not in (await server.client.get("/metrics")).text


async def test_the_histogram_of_the_lag_holds_every_look(server: Server) -> None:
    await eventually(lambda: sum(server.hub.lag.counts))

    answer = (await server.client.get("/metrics")).text

    families = {family.name: family for family in text_string_to_metric_families(answer)}
    samples = families["collab_event_loop_lag_seconds"].samples
    counts = [sample.value for sample in samples if sample.name.endswith("_bucket")]
    assert counts == sorted(counts)
    assert [sample.value for sample in samples if sample.name.endswith("_count")] == [counts[-1]]
    assert counts[-1] > 0
    assert (
        "10 times a second, and 40 times while a room is open"
        in families["collab_event_loop_lag_seconds"].documentation
    )


async def test_two_servers_in_one_process_have_figures_of_their_own(serve: Serve) -> None:
    async with serve(Settings()) as one, serve(Settings()) as other:
        await one.client.post("/api/v1/documents", json={"name": "a", "kind": "yjs"})
        await one.hub.open(DocumentName("a"), create=False)

        rooms = [(await figures_of(server.client))["collab_rooms"] for server in (one, other)]

    assert rooms == [1, 0]


async def test_figures_need_no_token(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get("/metrics")).status_code == 200


async def test_the_page_on_watching_tells_of_every_figure(api: httpx.AsyncClient) -> None:
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()

    families = text_string_to_metric_families((await api.get("/metrics")).text)
    own = {family.name for family in families if family.name.startswith("collab_")}

    assert own == set(re.findall(r"^\| `(collab_\w+)`", page, re.MULTILINE))


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

    rows = [
        *OF_A_DOCUMENT,
        *OF_WHOEVER_CALLS,
        *OF_A_WORKSPACE,
        *OF_ACCOUNT_HOLDERS,
        *OF_ADMINS,
        *OF_ADMINS_BY_TOKEN_TOO,
        *OF_ANYBODY,
    ]
    assert set(described["paths"]) == {row.split()[1] for row in rows} - FOR_BROWSERS


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
