import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from collab.access import Pages
from collab.api.guards import RefuseForeignPages
from tests.api.conftest import Server, bearer

pytestmark = pytest.mark.anyio

FOREIGN = ["https://evil.example", "null", "http://localhost.evil.example", "file://"]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
async def test_in_open_mode_a_page_from_elsewhere_changes_nothing(
    api: httpx.AsyncClient, origin: str, method: str
) -> None:
    await api.post("/api/v1/documents", json={"name": "a"})

    answer = await api.request(method, "/api/v1/documents/a", headers={"Origin": origin})

    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#forbidden")
    assert (await api.get("/api/v1/documents/a")).status_code == 200


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:5173"])
async def test_in_open_mode_a_page_of_this_machine_changes_documents(api: httpx.AsyncClient, origin: str) -> None:
    answer = await api.post("/api/v1/documents", json={}, headers={"Origin": origin})

    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/documents", "/api/v1/session", "/", "/api/docs", "/d/a"])
async def test_in_open_mode_another_host_name_reads_nothing(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path, headers={"Host": "evil.example:8000"})

    assert answer.status_code == 403


async def test_in_open_mode_another_machine_is_refused_whatever_host_it_names() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it was passed on")

    transport = httpx.ASGITransport(RefuseForeignPages(app, pages=Pages(open_mode=True)), client=("203.0.113.9", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as elsewhere:
        assert (await elsewhere.get("/api/v1/documents")).status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_probes_answer_under_any_host_name(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path, headers={"Host": "10.1.2.3:8000"})).status_code == 200


async def test_with_tokens_a_page_from_elsewhere_may_write(guarded: httpx.AsyncClient) -> None:
    answer = await guarded.post(
        "/api/v1/documents",
        json={"name": "a"},
        headers={**bearer({"a": "owner"}), "Origin": "https://app.example.org", "Host": "collab.example.org"},
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic dTpw"}],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/session"),
        ("GET", "/api/v1/documents"),
        ("POST", "/api/v1/documents"),
        ("GET", "/api/v1/documents/a"),
        ("PATCH", "/api/v1/documents/a"),
        ("DELETE", "/api/v1/documents/a"),
        ("POST", "/api/v1/documents/a/restore"),
        ("GET", "/api/v1/documents/a/content"),
        ("POST", "/api/v1/documents/a/content"),
    ],
)
async def test_with_tokens_every_endpoint_asks_for_one(
    guarded: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    body = {"title": "x"} if method == "PATCH" else None

    answer = await guarded.request(method, path, headers=headers, json=body)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "/api/docs#unauthenticated"


async def test_a_token_in_the_query_is_not_looked_at(guarded: httpx.AsyncClient) -> None:
    token = bearer({"a": "owner"})["Authorization"].removeprefix("Bearer ")

    assert (await guarded.get(f"/api/v1/session?token={token}")).status_code == 401


async def test_what_nobody_expected_is_answered_without_a_word_of_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("the password is sesame")

    monkeypatch.setattr(type(server.storage.documents), "get", fail, raising=True)

    with capture_logs() as logged:
        answer = await server.client.get("/api/v1/documents/a")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "sesame" not in answer.text
    assert [(entry["event"], entry["exc_info"]) for entry in logged] == [("request failed", True)]


@pytest.mark.parametrize("path", ["/api/v1/documents", "/api/v1/session", "/api/docs", "/healthz", "/api/v1/nothing"])
async def test_head_is_answered_as_get_without_the_body(api: httpx.AsyncClient, path: str) -> None:
    head, get = await api.head(path), await api.get(path)

    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")


async def test_a_client_that_leaves_before_its_body_is_read_is_no_failure(server: Server) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await server.app(
        {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/documents/a/content",
            "raw_path": b"/api/v1/documents/a/content",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/octet-stream")],
        },
        receive,
        send,
    )

    assert sent == []
