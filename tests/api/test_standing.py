"""Whoever loses a right while what they asked for takes its time: with the body, with work, with the turn to write."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from collab import offloading
from collab.access.passwords import Passwords
from collab.api import standing
from collab.hub import Hub
from collab.ports import AccountChanges, DocumentId, DocumentName, KeyNumber, LinkNumber, WorkspaceName
from collab.settings import Settings
from tests.api.conftest import HERE, SECRET, Serve, Server, bearer, text_update
from tests.api.test_audit import kept_in
from tests.api.test_keys import showing, sign_in
from tests.support.eventually import eventually

pytestmark = pytest.mark.anyio

BOSS = bearer(user="boss", admin=True)
BOB = bearer(user="bob")
PLAN = "/api/v1/documents/plan"
UPDATE = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}

Meanwhile = Callable[[], Awaitable[object]]


@pytest.fixture
async def server(serve: Serve) -> AsyncIterator[Server]:
    """A server with a document, a version, a link, and a workspace; Bob owns the document and the workspace by membership."""
    async with serve(Settings.model_validate({"accounts": True, "secret": SECRET})) as running:
        client = running.client
        for path, body in (
            ("/documents", {"name": "plan", "kind": "yjs"}),
            ("/documents/plan/versions", {"name": "First"}),
            ("/documents/plan/links", {"role": "editor", "guests": True}),
            ("/workspaces", {"name": "team"}),
        ):
            assert (await client.post(f"/api/v1{path}", json=body, headers=BOSS)).status_code == 201
        for shared in ("documents/plan", "workspaces/team"):
            for user, role in (("bob", "owner"), ("sam", "owner"), ("kim", "reader")):
                path = f"/api/v1/{shared}/members/{user}"
                assert (await client.put(path, json={"role": role}, headers=BOSS)).is_success
        yield running


async def document(server: Server) -> DocumentId:
    return (await server.storage.documents.get(DocumentName("plan"))).id


async def remove_bob(server: Server) -> None:
    """Take all that Bob has."""
    await server.storage.shares.remove_member(await document(server), "bob")
    await server.storage.workspaces.remove_member(WorkspaceName("team"), "bob")


async def in_two_parts(body: bytes, meanwhile: Meanwhile) -> AsyncIterator[bytes]:
    """A body whose rest comes after something else has happened."""
    yield body[:5]
    await meanwhile()
    yield body[5:]


async def of_a_member(server: Server, _: pytest.MonkeyPatch) -> tuple[dict[str, str], Meanwhile, int]:
    return BOB, lambda: remove_bob(server), 403


async def of_a_token(_: Server, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], Meanwhile, int]:
    async def expire() -> None:
        monkeypatch.setattr(standing, "time", SimpleNamespace(time=lambda: time.time() + 3600))

    return bearer({"plan": "editor"}, user="eve"), expire, 401


async def of_a_key(server: Server, _: pytest.MonkeyPatch) -> tuple[dict[str, str], Meanwhile, int]:
    new = {"name": "backend", "documents": {"*": "owner"}}
    made = (await server.client.post("/api/v1/keys", json=new, headers=BOSS)).json()
    return showing(made["secret"]), lambda: server.storage.keys.end(KeyNumber(made["key"]["id"])), 401


async def of_a_link(server: Server, _: pytest.MonkeyPatch) -> tuple[dict[str, str], Meanwhile, int]:
    (link,) = await server.storage.links.of(await document(server))

    async def revoke() -> None:
        await server.storage.links.end(await document(server), LinkNumber(1))

    return showing(link.secret), revoke, 401


async def of_an_account(server: Server, _: pytest.MonkeyPatch) -> tuple[dict[str, str], Meanwhile, int]:
    ada = await sign_in(server, "ada", admin=True)
    await sign_in(server, "root", admin=True)
    ada_id = (await ada.get("/api/v1/account")).json()["user_id"]
    cookie = {"Cookie": f"collab_session={ada.cookies['collab_session']}", "Origin": HERE}
    return cookie, lambda: server.storage.accounts.change(ada_id, AccountChanges(disabled=True)), 401


RIGHTS = [of_a_member, of_a_token, of_a_key, of_a_link, of_an_account]


@pytest.mark.parametrize("right", RIGHTS, ids=[right.__name__ for right in RIGHTS])
async def test_right_that_is_taken_while_an_update_comes_writes_nothing(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    right: Callable[..., Awaitable[tuple[dict[str, str], Meanwhile, int]]],
) -> None:
    headers, take, status = await right(server, monkeypatch)
    body = text_update("late")
    in_time = await server.client.post(
        f"{PLAN}/content", content=text_update("in time, "), headers={**UPDATE, **headers}
    )
    late = await server.client.post(f"{PLAN}/content", content=in_two_parts(body, take), headers={**UPDATE, **headers})
    monkeypatch.undo()
    content = await server.client.get(f"{PLAN}/content", headers=BOSS)

    assert (in_time.status_code, late.status_code) == (204, status)
    assert content.json() == {"notes": "in time, "}


WITH_BODIES: list[tuple[str, str, dict[str, object]]] = [
    ("POST", "/documents", {"name": "another"}),
    ("PATCH", "/documents/plan", {"title": "Another"}),
    ("POST", "/documents/plan/versions", {"name": "Second"}),
    ("PATCH", "/documents/plan/versions/1", {"name": "Second"}),
    ("PUT", "/documents/plan/members/eve", {"role": "owner"}),
    ("POST", "/documents/plan/links", {"role": "editor"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WITH_BODIES, ids=[f"{each[0]} {each[1]}" for each in WITH_BODIES])
async def test_nobody_is_asked_who_they_are_before_their_json_has_come(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: dict[str, object]
) -> None:
    headers, take, _ = await of_a_key(server, monkeypatch)
    before = await kept_in(server)
    content = in_two_parts(json.dumps(body).encode(), take)
    answer = await server.client.request(method, f"/api/v1{path}", content=content, headers={**JSON, **headers})
    after = await kept_in(server)

    assert answer.status_code == 401
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"api_keys", "audit_log"}  # the key is gone, and what was shown in vain is written down


ACTS: list[tuple[str, str, object]] = [
    ("PUT", "/documents/plan/members/eve", {"role": "owner"}),
    ("DELETE", "/documents/plan/members/kim", None),
    ("POST", "/documents/plan/links", {"role": "editor"}),
    ("DELETE", "/documents/plan/links/1", None),
    ("DELETE", "/documents/plan/versions/1", None),
    ("DELETE", "/documents/plan", None),
    ("PATCH", "/workspaces/team", {"default_role": "owner"}),
    ("PUT", "/workspaces/team/members/eve", {"role": "owner"}),
    ("DELETE", "/workspaces/team/members/kim", None),
]


async def kept_by_whoever_waits(
    server: Server, call: Callable[[], Awaitable[httpx.Response]], take: Meanwhile
) -> tuple[httpx.Response, bool]:
    """Have a call wait for its turn to write while a right is taken; return its answer, and whether all is as it was."""
    answers: list[httpx.Response] = []
    is_taken = anyio.Event()

    async def act() -> None:
        await is_taken.wait()
        answers.append(await call())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(act)  # before the transaction begins, or it would be within
        async with server.storage.audit.together():
            is_taken.set()
            turn = server.storage.audit._database._turn
            await eventually(lambda: turn.statistics().tasks_waiting)
            await take()
        before = await kept_in(server)
    return answers[0], await kept_in(server) == before


@pytest.mark.parametrize(("method", "path", "body"), ACTS, ids=[f"{each[0]} {each[1]}" for each in ACTS])
async def test_right_that_is_taken_while_an_act_waits_for_its_turn_does_nothing(
    server: Server, method: str, path: str, body: object
) -> None:
    answer, is_same = await kept_by_whoever_waits(
        server,
        lambda: server.client.request(method, f"/api/v1{path}", json=body, headers=BOB),
        lambda: remove_bob(server),
    )

    assert (answer.status_code, is_same) == (403, True)


ACTS_OF_ADMINS: list[tuple[str, str, object]] = [
    ("POST", "/workspaces", {"name": "other"}),
    ("DELETE", "/workspaces/team", None),
    ("PATCH", "/users/{root}", {"admin": False}),
    ("POST", "/users/{root}/reset", None),
    ("POST", "/invitations", {"admin": True}),
    ("POST", "/keys", {"name": "mine", "admin": True}),
]


@pytest.mark.parametrize(
    ("changes", "status"), [(AccountChanges(admin=False), 403), (AccountChanges(disabled=True), 401)]
)
@pytest.mark.parametrize(
    ("method", "path", "body"), ACTS_OF_ADMINS, ids=[f"{each[0]} {each[1]}" for each in ACTS_OF_ADMINS]
)
async def test_admin_who_is_none_any_more_when_their_turn_comes_does_nothing(
    server: Server, method: str, path: str, body: object, changes: AccountChanges, status: int
) -> None:
    ada, root = await sign_in(server, "ada", admin=True), await sign_in(server, "root", admin=True)
    ids = [(await each.get("/api/v1/account")).json()["user_id"] for each in (ada, root)]
    answer, is_same = await kept_by_whoever_waits(
        server,
        lambda: ada.request(method, f"/api/v1{path.format(root=ids[1])}", json=body),
        lambda: server.storage.accounts.change(ids[0], changes),
    )

    assert (answer.status_code, is_same) == (status, True)


async def test_owner_who_is_removed_while_a_links_password_is_hashed_makes_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hash_late(_: Passwords, _password: str) -> str:
        await remove_bob(server)
        return "kept"

    monkeypatch.setattr(Passwords, "hash", hash_late)
    link = {"role": "editor", "guests": True, "password": "open sesame please"}
    answer = await server.client.post(f"{PLAN}/links", json=link, headers=BOB)

    assert answer.status_code == 403
    assert [each.number for each in await server.storage.links.of(await document(server))] == [1]


SLOW: list[tuple[str, str, object, str]] = [
    ("POST", "/versions/1/restore", None, "collab.services.history.offloaded"),
    ("GET", "/versions/1/comparison?with=current", None, "collab.services.history.offloaded"),
    ("PATCH", "", {"kind": "richtext"}, "collab.api.documents.offloaded"),
]


@pytest.mark.parametrize(("method", "path", "body", "work"), SLOW, ids=["restore", "comparison", "kind"])
async def test_right_that_is_taken_while_the_server_works_is_none(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: object, work: str
) -> None:
    if method != "PATCH":
        written = await server.client.post(f"{PLAN}/content", content=text_update("new"), headers={**UPDATE, **BOSS})
        assert written.status_code == 204
    before = await server.hub.read(DocumentName("plan"))
    work_through = offloading.offloaded

    async def work_late(*of: Any, **what: Any) -> Any:
        await remove_bob(server)
        return await work_through(*of, **what)

    monkeypatch.setattr(work, work_late)
    answer = await server.client.request(method, f"{PLAN}{path}", json=body, headers=BOB)
    record = await server.storage.documents.get(DocumentName("plan"))

    assert answer.status_code == 403
    assert await server.hub.read(DocumentName("plan")) == before
    assert record.kind == "yjs"


@pytest.mark.parametrize(
    ("method", "path", "body", "waits_for"),
    [
        ("POST", "/versions", {"name": "Second"}, "settle"),
        ("GET", "/content", None, "read"),
        ("GET", "/authorship", None, "read"),
    ],
)
async def test_right_that_is_taken_while_the_room_is_waited_for_is_none(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: object, waits_for: str
) -> None:
    wait = getattr(Hub, waits_for)

    async def wait_long(hub: Hub, name: DocumentName) -> Any:
        await remove_bob(server)
        return await wait(hub, name)

    monkeypatch.setattr(Hub, waits_for, wait_long)
    answer = await server.client.request(method, f"{PLAN}{path}", json=body, headers=BOB)
    versions = (await server.storage.versions.page(await document(server), limit=10)).versions

    assert answer.status_code == 403
    assert [version.name for version in versions] == ["First"]


async def test_restore_that_waits_for_another_is_not_begun_by_whoever_was_removed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many restores somebody has lined up, none is done once they may not any more."""
    written = await server.client.post(f"{PLAN}/content", content=text_update("new"), headers={**UPDATE, **BOSS})
    assert written.status_code == 204
    working, done = anyio.Event(), anyio.Event()
    work_through = offloading.offloaded
    statuses: dict[str, int] = {}

    async def work_long(*of: Any, **what: Any) -> Any:
        working.set()
        await done.wait()
        return await work_through(*of, **what)

    async def restore(user: str, headers: dict[str, str]) -> None:
        statuses[user] = (await server.client.post(f"{PLAN}/versions/1/restore", headers=headers)).status_code

    monkeypatch.setattr("collab.services.history.offloaded", work_long)
    turns = server.app.state.services.history._restores  # type: ignore[attr-defined]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restore, "sam", bearer(user="sam"))
        await working.wait()
        tasks.start_soon(restore, "bob", BOB)
        await eventually(lambda: turns.of(DocumentName("plan")).statistics().tasks_waiting)
        await remove_bob(server)
        done.set()

    assert statuses == {"sam": 200, "bob": 403}
