"""A document that is deleted while somebody is in it, one that cannot be loaded, and pages from elsewhere: next to a live room."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from collab.ports import Append, DocumentKind, DocumentName
from collab.storage import open_storage
from tests.gateways.clients import hocuspocus, seated, token_for, y_websocket
from tests.hostile.live import LiveRoom
from tests.hostile.test_admission import status_of
from tests.hostile.test_updates import REFUSED
from tests.support.heard import Denied, LetIn, Status
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state

UPDATE = {"content-type": "application/octet-stream"}


async def test_late_writes_do_not_bring_a_deleted_document_back(live: LiveRoom) -> None:
    name = f"doomed beside {live.name}"
    token, owner = token_for({name: "editor"}, user="mallory"), token_for({name: "owner"})
    mallory = Peer(66)
    async with live.attacked(), live.api(owner) as api, seated(live.server, name, token) as client:
        await client.update(mallory.type("in time"), name)
        assert await client.until(Status, name) == Status(saved=True)
        async with y_websocket(live.server, name, token) as other:
            late = mallory.type(", late")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.update, late, name)
                assert (await api.delete(f"/documents/{name}")).status_code == 204
            with suppress(ConnectionClosed):
                await other.update(late)
            assert (await other.ending())[0] == 4410
        await client.until(Denied, name)
        await client.update(late, name)
        await client.authenticate(name, token)
        await client.until(Denied, name)

        assert await status_of(live, f"/sync/{quote(name)}?token={token}") == 410
        written = await api.post(f"/documents/{name}/content", content=late, headers=UPDATE)
        assert written.status_code in (404, 410)
        assert (await api.get(f"/documents/{name}")).status_code in (404, 410)
        assert (await api.post(f"/documents/{name}/restore")).status_code == 200
        restored = await api.get(f"/documents/{name}/content?format=update")
    assert text_of(restored.content) in ("in time", "in time, late")


async def test_document_is_deleted_by_nobody_but_its_owner(live: LiveRoom) -> None:
    async with live.attacked():
        for role in ("reader", "commenter", "editor"):
            async with live.api(live.token(role)) as api:
                assert (await api.delete(f"/documents/{live.name}")).status_code == 403


POISONED = {
    "panics the CRDT": (victim_state(), POISON),
    "array 40,000 deep": (victim_state(), REFUSED["array 40,000 deep"]),
    "no update": (victim_state(), b"junk"),
    "GC of length 2^32": (REFUSED["GC of length 2^32"],),
}


@pytest.mark.parametrize("updates", POISONED.values(), ids=[*POISONED])
async def test_poison_in_the_log_of_a_document_hurts_no_other(
    live: LiveRoom, data_directory: Path, updates: tuple[bytes, ...]
) -> None:
    name = f"poisoned beside {live.name}"
    async with open_storage(f"sqlite:///{data_directory / 'collab.db'}") as storage:
        record = await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")
        await storage.log.append([Append(record.id, updates)])
    token = token_for({name: "owner"})
    async with live.attacked(), live.api(token) as api:
        for _ in range(3):
            assert await status_of(live, f"/sync/{quote(name)}?token={token}") == 500
            async with hocuspocus(live.server) as client:
                await client.authenticate(name, token)
                await client.until(Denied, name)
            assert (await api.get(f"/documents/{name}/content")).status_code == 500
            written = await api.post(f"/documents/{name}/content", content=Peer(66).type("x"), headers=UPDATE)
            assert written.status_code == 500


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1.evil.example", "file://", "null"])
async def test_page_from_elsewhere_is_refused_by_an_open_server(open_live: LiveRoom, origin: str) -> None:
    async with open_live.attacked():
        for path in (f"/sync/{quote(open_live.name)}", "/hocuspocus"):
            assert await status_of(open_live, path, origin) == 403


async def test_token_is_not_needed_and_not_believed_by_an_open_server(open_live: LiveRoom) -> None:
    async with open_live.attacked(), hocuspocus(open_live.server) as client:
        await client.authenticate(open_live.name, "x" * 10_000)
        await client.until(LetIn, open_live.name)
