"""What happens while a compaction has read, and has not yet written."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from anyio import CancelScope, create_task_group, to_thread
from sqlalchemy import select

from collab.ports import Append, DocumentId, DocumentKind, DocumentName
from collab.rooms.compaction import Compacted, compact
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import snapshots
from tests.contracts.edits import rows_freed, text_of, typed

NAME = DocumentName("notes")


class Halt:
    """Stands in front of the compaction, and halts it between reading and writing while it is armed."""

    def __init__(self) -> None:
        self.armed = False
        self.reached = threading.Event()
        self.passed = threading.Event()

    def __call__(self, snapshot: bytes | None, tail: Sequence[bytes]) -> Compacted:
        if self.armed:
            self.armed = False
            self.reached.set()
            if not self.passed.wait(timeout=30):
                raise TimeoutError
        return compact(snapshot, tail)


@pytest.fixture
def halt(monkeypatch: pytest.MonkeyPatch) -> Halt:
    halt = Halt()
    monkeypatch.setattr("collab.storage.log.compact", halt)
    return halt


@asynccontextmanager
async def halted(storage: Storage, document: DocumentId, halt: Halt, freed: list[int]) -> AsyncIterator[CancelScope]:
    """Run the body while a compaction of this document has read, and let it go on behind the body."""

    async def run() -> None:
        freed.append(await rows_freed(storage.log, document))

    halt.armed = True
    async with create_task_group() as tasks:
        tasks.start_soon(run)
        await to_thread.run_sync(halt.reached.wait, 30)
        try:
            yield tasks.cancel_scope
        finally:
            halt.passed.set()


async def stored(storage: Storage) -> tuple[str, int]:
    document = await storage.log.load(NAME)
    assert document is not None
    content = document.content
    snapshot = [] if content.snapshot is None else [content.snapshot]
    return text_of([*snapshot, *content.updates]), len(content.updates)


async def make(storage: Storage) -> DocumentId:
    return (await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")).id


async def test_what_is_appended_meanwhile_stays_in_the_log(storage: Storage, other_node: Storage, halt: Halt) -> None:
    document = await make(storage)
    letters = typed("abcdef")
    await storage.log.append([Append(document, letters[:3])])
    freed: list[int] = []
    async with halted(storage, document, halt, freed):
        await storage.log.append([Append(document, letters[3:4])])
        await other_node.log.append([Append(document, letters[4:])])
    assert freed == [3]
    assert await stored(storage) == ("abcdef", 3)


@pytest.mark.parametrize("before", [0, 2], ids=["first snapshot", "later snapshot"])
async def test_another_snapshot_made_meanwhile_is_left_alone(
    storage: Storage, other_node: Storage, halt: Halt, before: int
) -> None:
    document = await make(storage)
    letters = typed("abcdef")
    await storage.log.append([Append(document, letters[:before])])
    await storage.log.compact(document)
    await storage.log.append([Append(document, letters[before:4])])
    freed: list[int] = []
    async with halted(storage, document, halt, freed):
        await other_node.log.append([Append(document, letters[4:])])
        assert await rows_freed(other_node.log, document) == 6 - before
    assert freed == [0]
    assert await stored(storage) == ("abcdef", 0)


async def test_a_deletion_meanwhile_does_not_disturb(storage: Storage, halt: Halt) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("abc"))])
    freed: list[int] = []
    async with halted(storage, document, halt, freed):
        await storage.documents.delete(NAME)
    assert freed == [3]
    await storage.documents.restore(NAME)
    assert await stored(storage) == ("abc", 0)


async def test_a_compaction_that_is_cancelled_changes_nothing(storage: Storage, halt: Halt) -> None:
    document = await make(storage)
    await storage.log.append([Append(document, typed("abc"))])
    freed: list[int] = []
    async with halted(storage, document, halt, freed) as compaction:
        compaction.cancel()
    assert freed == []
    assert await stored(storage) == ("abc", 3)
    assert await rows_freed(storage.log, document) == 3


async def test_each_snapshot_has_a_higher_number(database: Database, storage: Storage) -> None:
    document = await make(storage)
    numbers: list[int] = []
    for letter in typed("abc"):
        await storage.log.append([Append(document, (letter,))])
        await storage.log.compact(document)
        async with database.reading() as connection:
            numbers += await connection.scalars(select(snapshots.c.number))
    assert numbers == [1, 2, 3]
