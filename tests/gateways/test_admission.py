"""Who is let in before the upgrade: refusals are HTTP answers there, so that every client backs off."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from collab.gateways.wires import AsgiMessage
from collab.ports import DocumentKind, DocumentName, StoredDocument
from collab.storage import SqlUpdateLog
from tests.gateways.clients import token_for, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import States, Step2, Update
from tests.support.peers import Peer, text_of

EDITOR = token_for({"doc": "editor"})


@dataclass(frozen=True)
class Refusal:
    status: int
    detail: str
    headers: Mapping[str, str]


async def refusal_at(url: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return the answer to an upgrade that must not succeed."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers=headers):
            pass
    response: Response = refused.value.response
    problem = json.loads(response.body or b"{}")
    assert problem["status"] == response.status_code
    assert response.headers["Content-Type"] == "application/problem+json"
    return Refusal(response.status_code, problem["detail"], response.headers)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "token"),
        ("", "token"),
        ("junk", "token"),
        (token_for({"doc": "editor"}, secret="another secret of 32 bytes......"), "signature"),
        (token_for({"doc": "editor"}, seconds=-3600), "`exp` has passed"),
    ],
    ids=["missing", "empty", "junk", "signed by another", "expired"],
)
async def test_token_that_does_not_hold_is_answered_401(serve: Serve, token: str | None, says: str) -> None:
    async with serve(secret=SECRET) as server:
        refusal = await refusal_at(server.sync + "doc" + ("" if token is None else f"?token={token}"))

    assert (refusal.status, says in refusal.detail) == (401, True), refusal.detail
    assert refusal.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("documents", [{}, {"other": "owner"}, {"do": "owner"}, {"other/*": "owner"}], ids=str)
async def test_token_for_another_document_is_answered_403(serve: Serve, documents: dict[str, str]) -> None:
    async with serve(secret=SECRET) as server:
        refusal = await refusal_at(server.sync + "doc?token=" + token_for(documents))

    assert (refusal.status, refusal.detail) == (
        403,
        "you have no role in this document; expected a token whose `documents` names it, or to be one of its members",
    )


@pytest.mark.parametrize("pattern", ["doc", "d*", "*", "doc*"])
async def test_token_for_the_document_or_its_prefix_is_let_in(serve: Serve, pattern: str) -> None:
    async with serve(secret=SECRET) as server, y_websocket(server, token=token_for({pattern: "editor"})) as client:
        await client.update(Peer(1).type("hello"))

        assert text_of((await client.until(Update)).update) == "hello"


async def test_token_may_come_in_the_authorization_header(serve: Serve) -> None:
    async with (
        serve(secret=SECRET) as server,
        connect(server.sync + "doc", additional_headers={"Authorization": f"Bearer {EDITOR}"}) as connection,
    ):
        assert await connection.recv() == bytes.fromhex("00000100")


@pytest.mark.parametrize("role", ["reader", "commenter"])
async def test_reader_and_commenter_read_and_do_not_write(serve: Serve, role: str) -> None:
    async with (
        serve(secret=SECRET) as server,
        y_websocket(server, token=EDITOR) as editor,
        y_websocket(server, token=token_for({"doc": role})) as reader,
    ):
        await editor.update(Peer(1).type("hello"))
        await reader.until(Update)
        await reader.update(Peer(2).type("no"))
        await reader.say(reader.dialect.sync_step1(b"\x00"))

        assert text_of((await reader.until(Step2)).update) == "hello"


async def test_user_in_presence_is_the_tokens(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, y_websocket(server, token=EDITOR) as client:
        await client.say(client.dialect.awareness(b"\x01\x01\x01\x02{}"))

        assert '"id":"ada"' in (await client.until(States)).states[1]


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "file://"], ids=str)
async def test_page_from_elsewhere_is_answered_403_in_open_mode(server: Served, origin: str) -> None:
    for url in (server.sync + "doc", server.hocuspocus):
        refusal = await refusal_at(url, {"Origin": origin})

        assert (refusal.status, "origin" in refusal.detail or "site" in refusal.detail) == (403, True)


async def test_page_of_this_server_is_let_in(server: Served) -> None:
    async with connect(server.sync + "doc", additional_headers={"Origin": f"http://{server.address}"}) as connection:
        assert await connection.recv() == bytes.fromhex("00000100")


async def test_page_that_hides_its_origin_is_answered_403_with_tokens_too(serve: Serve) -> None:
    async with serve(secret=SECRET) as server:
        refusal = await refusal_at(server.sync + "doc?token=" + EDITOR, {"Origin": "null"})

    assert refusal.status == 403


async def test_page_from_elsewhere_with_a_token_is_let_in(serve: Serve) -> None:
    async with (
        serve(secret=SECRET) as server,
        connect(
            server.sync + "doc?token=" + EDITOR, additional_headers={"Origin": "https://app.example"}
        ) as connection,
    ):
        assert await connection.recv() == bytes.fromhex("00000100")


async def test_unknown_document_is_answered_404_where_creation_is_not_allowed(serve: Serve) -> None:
    async with serve(create_documents=False) as server:
        refusal = await refusal_at(server.sync + "doc")

    assert (refusal.status, "no document named 'doc'" in refusal.detail) == (404, True)


async def test_other_path_is_answered_404(server: Served) -> None:
    refusal = await refusal_at(f"ws://{server.address}/elsewhere")

    assert (refusal.status, "/hocuspocus or /sync/" in refusal.detail) == (404, True)


async def test_deleted_document_is_answered_410(server: Served) -> None:
    documents = server.app._entrance.hub._documents
    await documents.create(DocumentName("doc"), kind=DocumentKind.YJS, title="doc")
    await documents.delete(DocumentName("doc"))

    refusal = await refusal_at(server.sync + "doc")

    assert (refusal.status, "trash" in refusal.detail) == (410, True)


@pytest.mark.parametrize("path", ["", "a%00b", "a%0Ab", "%ff", "x" * 256, "%ED%A0%80"], ids=lambda path: path[:10])
async def test_name_that_no_document_can_have_is_answered_400(server: Served, path: str) -> None:
    refusal = await refusal_at(server.sync + path)

    assert (refusal.status, "name" in refusal.detail) == (400, True), refusal.detail


async def test_one_connection_too_many_is_told_to_come_back(serve: Serve) -> None:
    async with serve(max_connections=1) as server, y_websocket(server):
        refusal = await refusal_at(server.sync + "doc")

    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "2")


async def test_herd_that_waits_for_a_slow_load_does_not_overshoot_the_limit(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_load = anyio.Event(), anyio.Event()
    load = SqlUpdateLog.load

    async def load_slowly(log: SqlUpdateLog, name: DocumentName) -> StoredDocument | None:
        asked.set()
        await may_load.wait()
        return await load(log, name)

    monkeypatch.setattr(SqlUpdateLog, "load", load_slowly)

    async def connect_first() -> None:
        async with y_websocket(server):
            pass

    async with serve(max_connections=1) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(connect_first)
        await asked.wait()
        refusal = await refusal_at(server.sync + "doc")
        may_load.set()

    assert refusal.status == 429


async def test_newcomer_is_told_to_come_back_while_too_much_waits_for_the_database(server: Served) -> None:
    server.app._entrance.hub.committer._accepting.clear()

    for url in (server.sync + "doc", server.hocuspocus):
        refusal = await refusal_at(url)
        assert (refusal.status, refusal.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("path", ["/sync/doc", "/hocuspocus"])
async def test_other_machine_is_answered_403_in_open_mode_whatever_host_it_names(server: Served, path: str) -> None:
    """Another ASGI server than ours may be bound to any address."""
    sent: list[AsgiMessage] = []
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("203.0.113.9", 50000),
        "extensions": {"websocket.http.response": {}},
    }

    async def receive() -> AsgiMessage:
        return {"type": "websocket.connect"}

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    await server.app(scope, receive, send)

    assert sent[0]["status"] == 403


async def test_connection_that_goes_makes_room_for_another(serve: Serve) -> None:
    async with serve(max_connections=1) as server:
        async with y_websocket(server):
            pass
        async with y_websocket(server):
            pass


async def test_server_that_goes_down_answers_503(server: Served) -> None:
    await server.app.drain()

    for url in (server.sync + "doc", server.hocuspocus):
        refusal = await refusal_at(url)
        assert (refusal.status, refusal.headers["Retry-After"]) == (503, "2")


async def test_document_whose_log_cannot_be_loaded_is_answered_500(server: Served) -> None:
    documents = server.app._entrance.hub._documents
    await documents.create(DocumentName("doc"), kind=DocumentKind.YJS, title="doc", update=b"no update")

    refusal = await refusal_at(server.sync + "doc")

    assert refusal.status == 500
