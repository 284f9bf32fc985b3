"""Our log as a store for pycrdt-websocket's own rooms."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import anyio
import pytest
from pycrdt import Doc, Text
from pycrdt.store import YDocNotFound
from pycrdt.websocket import YRoom

from collab.adapters.pycrdt_websocket.store import YStore
from collab.errors import CorruptDocument
from collab.ports import Append, DocumentKind, DocumentName
from collab.rooms.compaction import LONGEST_TAIL, ROW_BYTES, SMALLEST_AT_REST
from collab.storage import migrate, open_storage
from tests.adapters.channels import Client, channels
from tests.faults import outages
from tests.support.eventually import DEADLINE, eventually
from tests.support.peers import Peer, text_of

A_PAGE_OF_ROWS: Final = SMALLEST_AT_REST // ROW_BYTES + 1
"""Of a letter each: what is worth a snapshot."""


@pytest.fixture
def store_class(tmp_path: Path) -> type[YStore]:
    class Store(YStore):
        database_url = f"sqlite:///{tmp_path / 'store.db'}"

    return Store


async def updates_in(store: YStore) -> list[bytes]:
    return [update async for update, _, _ in store.read()]


async def test_what_was_written_is_read_by_another(store_class: type[YStore]) -> None:
    peer = Peer(1)
    async with store_class("notes", metadata_callback=lambda: b"about") as store:
        with pytest.raises(YDocNotFound):
            await updates_in(store)
        await store.write(peer.type("hello"))
        await store.write(peer.type(" you"))
    async with store_class("notes", metadata_callback=lambda: b"about") as store:
        doc: Doc[Text] = Doc()
        await store.apply_updates(doc)
        assert str(doc.get("t", type=Text)) == "hello you"
        assert [metadata async for _, metadata, _ in store.read()] == [b"about", b"about"]
        assert all([changed_at > 1_700_000_000 async for _, _, changed_at in store.read()])


async def test_it_needs_to_be_started(store_class: type[YStore]) -> None:
    with pytest.raises(RuntimeError, match="not running"):
        await store_class("notes").write(b"\x00\x00")


async def test_compaction_erases_nothing(store_class: type[YStore]) -> None:
    peer = Peer(1)
    async with store_class("notes") as store:
        for _ in range(LONGEST_TAIL + 1):
            await store.write(peer.type("x"))
        assert len(await updates_in(store)) == 2
        assert text_of(*await updates_in(store)) == "x" * (LONGEST_TAIL + 1)


async def test_short_sessions_leave_no_long_log(store_class: type[YStore]) -> None:
    peer = Peer(1)
    for _ in range(3):
        async with store_class("notes") as store:
            for _ in range(A_PAGE_OF_ROWS):
                await store.write(peer.type("x"))
            assert len(await updates_in(store)) >= A_PAGE_OF_ROWS
    async with store_class("notes") as store:
        assert len(await updates_in(store)) == 1
        assert text_of(*await updates_in(store)) == "x" * 3 * A_PAGE_OF_ROWS


async def test_what_a_killed_session_left_is_folded_by_the_next(store_class: type[YStore], tmp_path: Path) -> None:
    peer = Peer(1)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    await migrate(url)
    async with open_storage(url) as storage:
        record = await storage.documents.create(DocumentName("notes"), kind=DocumentKind.YJS, title="")
        await storage.log.append([Append(record.id, tuple(peer.type("x") for _ in range(A_PAGE_OF_ROWS)))])
    async with store_class("notes") as store:
        assert len(await updates_in(store)) == 1
        assert text_of(*await updates_in(store)) == "x" * A_PAGE_OF_ROWS


async def test_a_store_that_was_stopped_may_be_started_again(store_class: type[YStore]) -> None:
    peer = Peer(1)
    store = store_class("notes")
    for _ in range(2):
        async with store:
            assert store.running
            await store.write(peer.type("x"))
        assert not store.running
        assert not store.started.is_set()
        with pytest.raises(RuntimeError, match="not running"):
            await store.write(b"\x00\x00")
    async with store:
        assert text_of(*await updates_in(store)) == "xx"


async def test_a_document_that_cannot_be_read_is_refused_and_stays_as_it_is(
    store_class: type[YStore], tmp_path: Path
) -> None:
    peer = Peer(1)
    async with store_class("notes") as store:
        await store.write(peer.type("x"))
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE updates SET content = x'00'")
    async with store_class("notes") as store:
        with pytest.raises(CorruptDocument):
            await updates_in(store)
        await store.write(peer.type("y"))
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT count(*), max(id) FROM updates").fetchone() == (2, 2)


async def test_a_write_waits_for_a_database_that_is_locked(store_class: type[YStore], tmp_path: Path) -> None:
    peer = Peer(1)
    async with store_class("notes") as store:
        await store.write(peer.type("one"))
        async with anyio.create_task_group() as tasks:
            with outages.locked(tmp_path / "store.db"):
                tasks.start_soon(store.write, peer.type(" two"))
                await anyio.wait_all_tasks_blocked()
        assert text_of(*await updates_in(store)) == "one two"


async def test_an_original_room_that_stops_during_a_slow_write_has_lost_nothing(
    store_class: type[YStore], tmp_path: Path
) -> None:
    store = store_class("notes")
    room = YRoom(ystore=store)
    async with anyio.create_task_group() as tasks:
        await tasks.start(room.start)
        ours, theirs = channels("notes")
        client = Client(ours)
        tasks.start_soon(room.serve, theirs)
        async with client.provider:
            await client.provider.synced.wait()
            client.text += "one"
            await until_stored(tmp_path, "one")
            with outages.locked(tmp_path / "store.db"):
                client.text += " two"
                await eventually(lambda: str(room.ydoc.get("text", type=Text)) == "one two")
                await room.stop()
                ours.close()
    room._update_send_stream.close()  # which the room leaves open
    await until_stored(tmp_path, "one two")


async def until_stored(directory: Path, text: str) -> None:
    """Wait until another process would find this text."""
    with anyio.fail_after(DEADLINE):
        while await stored_text(directory) != text:  # noqa: ASYNC110 - nothing tells of it
            await anyio.sleep(0.01)


async def stored_text(directory: Path) -> str | None:
    url = f"sqlite:///{directory / 'store.db'}"
    await migrate(url)
    async with open_storage(url) as storage:
        stored = await storage.log.load(DocumentName("notes"))
    if stored is None:
        return None
    doc: Doc[Text] = Doc()
    for update in (stored.content.snapshot, *stored.content.updates):
        if update is not None:
            doc.apply_update(update)
    return str(doc.get("text", type=Text))
