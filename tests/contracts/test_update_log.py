"""What `UpdateLog` promises, kept by each adapter."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress

import anyio
import pytest
from anyio import IncompleteRead, create_task_group
from anyio.lowlevel import checkpoint
from anyio.streams.buffered import BufferedByteReceiveStream

from collab.errors import CorruptDocument, DocumentDeleted, DocumentNotFound
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, UpdateLog
from collab.storage import Storage
from tests.contracts.edits import rows_freed, text_of, typed

NAME = DocumentName("notes")

NOTHINGS = (b"\x00\x00",) * 50
"""Updates that change nothing."""


async def make(storage: Storage, name: str = NAME) -> DocumentId:
    record = await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")
    return record.id


async def stored_updates(log: UpdateLog, name: str = NAME) -> tuple[bytes, ...]:
    stored = await log.load(DocumentName(name))
    assert stored is not None
    return stored.content.updates


async def stored_text(log: UpdateLog, name: str = NAME) -> str:
    stored = await log.load(DocumentName(name))
    assert stored is not None
    snapshot = stored.content.snapshot
    return text_of([*([] if snapshot is None else [snapshot]), *stored.content.updates])


async def test_loading_an_unknown_name_gives_none(storage: Storage) -> None:
    assert await storage.log.load(NAME) is None


async def test_loading_gives_the_record_and_what_was_appended_in_order(storage: Storage) -> None:
    document = await make(storage)
    updates = typed("abc")
    await storage.log.append([Append(document, updates[:2])])
    await storage.log.append([Append(document, updates[2:])])
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert stored.record == await storage.documents.get(NAME)
    assert (stored.content.snapshot, stored.content.updates) == (None, updates)


async def test_loading_a_deleted_document_tells_that_it_is_deleted(storage: Storage) -> None:
    await make(storage)
    await storage.documents.delete(NAME)
    with pytest.raises(DocumentDeleted, match="'notes' is in the trash"):
        await storage.log.load(NAME)


async def test_loading_takes_the_living_document_not_its_deleted_predecessor(storage: Storage) -> None:
    predecessor = await make(storage)
    await storage.log.append([Append(predecessor, typed("old"))])
    await storage.documents.delete(NAME)
    successor = await make(storage)
    await storage.log.append([Append(successor, typed("new"))])
    assert predecessor != successor
    assert await stored_text(storage.log) == "new"


async def test_loading_is_one_view_while_another_node_compacts(storage: Storage, other_node: Storage) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("a text of some length"))])
    seen: list[str] = []

    async def read() -> None:
        seen.extend([await stored_text(storage.log) for _ in range(20)])

    async with create_task_group() as tasks:
        tasks.start_soon(read)
        for letter in "0123456789":
            await other_node.log.append([Append(document, typed(letter, root=f"root {letter}"))])
            await other_node.log.compact(document)
    assert set(seen) == {"a text of some length"}


async def test_append_commits_several_documents_at_once(storage: Storage, other_node: Storage) -> None:
    first, second = await make(storage, "first"), await make(storage, "second")
    await storage.log.append(
        [Append(second, typed("two")), Append(first, typed("one")), Append(second, typed("2", root="r"))]
    )
    assert await stored_text(other_node.log, "first") == "one"
    assert await stored_text(other_node.log, "second") == "two"
    assert len(await stored_updates(other_node.log, "second")) == 4


async def test_append_of_an_unknown_document_leaves_nothing_of_the_batch(storage: Storage) -> None:
    document = await make(storage)
    with pytest.raises(DocumentNotFound, match="not all of them exist"):
        await storage.log.append([Append(document, (b"\x00\x00",)), Append(DocumentId(4711), (b"\x00\x00",))])
    assert await stored_updates(storage.log) == ()


async def test_append_of_nothing_changes_nothing(storage: Storage) -> None:
    document = await make(storage)
    before = await storage.documents.get(NAME)
    await storage.log.append([])
    await storage.log.append([Append(document, ())])
    assert await storage.documents.get(NAME) == before
    assert await stored_updates(storage.log) == ()


async def test_append_of_the_same_update_twice_is_harmless(storage: Storage) -> None:
    document = await make(storage)
    for _ in range(2):
        await storage.log.append([Append(document, typed("once"))])
    assert await stored_text(storage.log) == "once"


async def test_append_tells_when_the_document_was_changed(storage: Storage) -> None:
    first, second = await make(storage, "first"), await make(storage, "second")
    before = await storage.documents.get(DocumentName("second"))
    await storage.log.append([Append(first, typed("x"))])
    changed = await storage.documents.get(DocumentName("first"))
    assert changed.updated_at > before.updated_at > changed.created_at
    assert await storage.documents.get(DocumentName("second")) == before
    assert second == before.id


async def test_append_to_a_deleted_document_is_kept_and_leaves_it_deleted(storage: Storage) -> None:
    document = await make(storage)
    await storage.documents.delete(NAME)
    await storage.log.append([Append(document, typed("late"))])
    with pytest.raises(DocumentDeleted):
        await storage.log.load(NAME)
    await storage.documents.restore(NAME)
    assert await stored_text(storage.log) == "late"


async def test_append_takes_updates_of_any_size(storage: Storage) -> None:
    document = await make(storage)
    updates = (b"", bytes(range(256)), bytes(5_000_000))
    await storage.log.append([Append(document, updates)])
    assert await stored_updates(storage.log) == updates


async def test_append_takes_many_documents_at_once(storage: Storage) -> None:
    documents = [await make(storage, f"document {number}") for number in range(40)]
    await storage.log.append([Append(document, typed("hello")) for document in documents])
    assert {await stored_text(storage.log, f"document {number}") for number in range(40)} == {"hello"}


async def test_appends_of_two_nodes_are_all_kept(storage: Storage, other_node: Storage) -> None:
    documents = [await make(storage, "first"), await make(storage, "second")]

    async def write(log: UpdateLog, order: Sequence[DocumentId]) -> None:
        for _ in range(25):
            await log.append([Append(document, (b"\x00\x00",)) for document in order])

    async with create_task_group() as tasks:
        for log in (storage.log, storage.log, other_node.log, other_node.log):
            tasks.start_soon(write, log, documents)
            tasks.start_soon(write, log, documents[::-1])
    assert len(await stored_updates(storage.log, "first")) == len(await stored_updates(storage.log, "second")) == 200


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_append_in_a_scope_cancelled_at_any_moment_is_whole_or_nothing(storage: Storage, turns: int) -> None:
    document = await make(storage)
    async with create_task_group() as tasks:
        tasks.start_soon(storage.log.append, [Append(document, NOTHINGS)])
        for _ in range(turns):
            await checkpoint()
        tasks.cancel_scope.cancel()
    assert await stored_updates(storage.log) in {(), NOTHINGS}
    await storage.log.append([Append(document, typed("on"))])
    assert await stored_text(storage.log) == "on"


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_append_in_a_task_cancelled_at_any_moment_is_whole_or_nothing(storage: Storage, turns: int) -> None:
    document = await make(storage)
    appending = asyncio.create_task(storage.log.append([Append(document, NOTHINGS)]))
    for _ in range(turns):
        await checkpoint()
    appending.cancel()
    await asyncio.wait([appending])
    assert await stored_updates(storage.log) in {(), NOTHINGS}
    await storage.log.append([Append(document, typed("on"))])
    assert await stored_text(storage.log) == "on"


async def test_what_append_returned_from_survives_the_death_of_its_process(storage: Storage, database_url: str) -> None:
    await make(storage)
    command = [sys.executable, "-m", "tests.contracts.appending", database_url, NAME]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        output = BufferedByteReceiveStream(process.stdout)
        saved = [int(await output.receive_until(b"\n", 100)) for _ in range(30)]
        process.kill()
        with suppress(IncompleteRead):
            while True:
                saved.append(int(await output.receive_until(b"\n", 100)))
    kept = [int.from_bytes(update) for update in await stored_updates(storage.log)]
    assert kept[: len(saved)] == saved
    assert len(kept) - len(saved) in {0, 1}


async def test_compaction_keeps_the_content_and_frees_the_rows(storage: Storage) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("hello"))])
    assert await rows_freed(storage.log, document) == 5
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert stored.content.snapshot is not None
    assert stored.content.updates == ()
    assert await stored_text(storage.log) == "hello"


async def test_compaction_tells_the_size_of_its_snapshot(storage: Storage) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("abcde"))])
    outcome = await storage.log.compact(document)
    stored = await storage.log.load(NAME)
    assert outcome is not None
    assert stored is not None
    assert stored.content.snapshot is not None
    assert outcome.snapshot_bytes == len(stored.content.snapshot)


async def test_compaction_goes_on_from_the_snapshot_before(storage: Storage) -> None:
    document = await make(storage)
    updates = typed("hello world")
    for part in (updates[:5], updates[5:7], updates[7:]):
        await storage.log.append([Append(document, part)])
        assert await rows_freed(storage.log, document) == len(part)
    assert await stored_text(storage.log) == "hello world"
    assert await stored_updates(storage.log) == ()


async def test_compaction_of_nothing_new_frees_nothing(storage: Storage) -> None:
    document = await make(storage)
    assert await rows_freed(storage.log, document) == 0
    await storage.log.append([Append(document, typed("hello"))])
    await storage.log.compact(document)
    before = await storage.log.load(NAME)
    assert await rows_freed(storage.log, document) == 0
    assert await storage.log.load(NAME) == before


async def test_compaction_of_an_unknown_document_frees_nothing(storage: Storage) -> None:
    assert await rows_freed(storage.log, DocumentId(4711)) == 0


async def test_compaction_leaves_other_documents_alone(storage: Storage) -> None:
    first, second = await make(storage, "first"), await make(storage, "second")
    await storage.log.append([Append(first, typed("one")), Append(second, typed("two"))])
    await storage.log.compact(first)
    assert await stored_updates(storage.log, "second") == typed("two")


async def test_compaction_keeps_an_update_that_waits_until_the_missing_one_came(storage: Storage) -> None:
    document = await make(storage)
    first, missing, waiting = typed("abc")
    await storage.log.append([Append(document, (first, waiting))])
    assert await rows_freed(storage.log, document) == 1
    assert await stored_updates(storage.log) == (waiting,)
    assert await rows_freed(storage.log, document) == 0
    await storage.log.append([Append(document, (missing,))])
    assert await rows_freed(storage.log, document) == 2
    assert await stored_updates(storage.log) == ()
    assert await stored_text(storage.log) == "abc"


async def test_compaction_works_on_a_deleted_document(storage: Storage) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("kept"))])
    await storage.documents.delete(NAME)
    assert await rows_freed(storage.log, document) == 4
    await storage.documents.restore(NAME)
    assert await stored_text(storage.log) == "kept"


async def test_compaction_of_thousands_of_rows_frees_them_all(storage: Storage) -> None:
    document = await make(storage)
    updates = typed("x" * 3_500)
    await storage.log.append([Append(document, updates)])
    assert await rows_freed(storage.log, document) == len(updates)
    assert await stored_updates(storage.log) == ()
    assert await stored_text(storage.log) == "x" * 3_500


async def test_compaction_of_what_cannot_be_loaded_says_so_and_leaves_it(storage: Storage) -> None:
    document = await make(storage)
    updates = (*typed("good"), b"\xff\xff\xff no update")
    await storage.log.append([Append(document, updates)])
    with pytest.raises(CorruptDocument, match=f"the document with id {document} cannot be loaded"):
        await storage.log.compact(document)
    assert await stored_updates(storage.log) == updates


async def test_compactions_of_two_nodes_and_appends_at_once_lose_nothing(storage: Storage, other_node: Storage) -> None:
    document = await make(storage)
    updates = typed("the quick brown fox jumps over the lazy dog")
    freed: list[int] = []

    async def write() -> None:
        for update in updates:
            await storage.log.append([Append(document, (update,))])

    async def compact(log: UpdateLog) -> None:
        freed.extend([await rows_freed(log, document) for _ in range(15)])

    async with create_task_group() as tasks:
        tasks.start_soon(write)
        for log in (storage.log, storage.log, other_node.log, other_node.log):
            tasks.start_soon(compact, log)
    assert sum(freed) + len(await stored_updates(storage.log)) == len(updates)
    assert await stored_text(storage.log) == "the quick brown fox jumps over the lazy dog"
