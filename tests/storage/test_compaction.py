"""What happens while a compaction has read, and has not yet written."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from anyio import CancelScope, create_task_group, to_thread
from sqlalchemy import select

from collab.ports import Append, DocumentId, DocumentKind, DocumentName, Version, VersionKind
from collab.rooms.claims import Author
from collab.rooms.folding import Stored, fold, take_version
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import snapshots
from tests.contracts.edits import rows_freed, text_of, typed
from tests.support.eventually import eventually
from tests.support.peers import Peer
from tests.support.peers import text_of as text_of_peer

NAME = DocumentName("notes")
ADA, BOB = Author("ada", "Ada"), Author("bob", "Bob")


class Halt:
    """Stands in front of what folds, and halts it between reading and writing while it is armed."""

    def __init__(self, fold: Callable[..., object]) -> None:
        self.fold = fold
        self.armed = False
        self.reached = threading.Event()
        self.passed = threading.Event()

    def __call__(self, stored: Stored, *args: object) -> object:
        if self.armed:
            self.armed = False
            self.reached.set()
            if not self.passed.wait(timeout=30):
                raise TimeoutError
        return self.fold(stored, *args)


@pytest.fixture
def halt(monkeypatch: pytest.MonkeyPatch) -> Halt:
    halt = Halt(fold)
    monkeypatch.setattr("collab.storage.log.fold", halt)
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


@asynccontextmanager
async def halted_version(storage: Storage, document: DocumentId, halt: Halt) -> AsyncIterator[list[Version | None]]:
    """Run the body while a version of this document has been read, and let it be kept behind the body."""
    taken: list[Version | None] = []

    async def take() -> None:
        taken.append(await storage.versions.take(document, VersionKind.NAMED, name="kept"))

    halt.armed = True
    async with create_task_group() as tasks:
        tasks.start_soon(take)
        await to_thread.run_sync(halt.reached.wait, 30)
        try:
            yield taken
        finally:
            halt.passed.set()


@pytest.fixture
def version_halt(monkeypatch: pytest.MonkeyPatch) -> Halt:
    halt = Halt(take_version)
    monkeypatch.setattr("collab.storage.versions.take_version", halt)
    return halt


async def test_a_version_taken_meanwhile_keeps_who_wrote_what_it_holds(
    storage: Storage, other_node: Storage, halt: Halt, version_halt: Halt
) -> None:
    """It is read before a deletion, and committed when a compaction has read that no version holds what was deleted."""
    document, peer = await make(storage), Peer(1)
    await storage.log.append([Append(document, (peer.type("abc"),), (ADA,))])
    freed: list[int] = []
    async with halted_version(other_node, document, version_halt) as taken:
        erase = peer.edit(lambda peer: peer.text.clear())
        await storage.log.append([Append(document, (erase,), (BOB,))])
        async with halted(storage, document, halt, freed):
            version_halt.passed.set()
            await eventually(lambda: taken)
    (version,) = taken
    assert version is not None
    assert freed == [2]
    assert text_of_peer(await storage.versions.state(document, version.id)) == "abc"
    known = await storage.authorship.read(document)
    (written,) = known.deliveries.written.within(1, 0, 3)
    (removed,) = known.deliveries.deleted.within(1, 0, 3)
    assert (known.authors[written.author], known.authors[removed.author]) == (ADA, BOB)


async def test_a_version_is_read_again_when_the_log_was_compacted_meanwhile(
    storage: Storage, other_node: Storage, version_halt: Halt
) -> None:
    """The compaction has forgotten who wrote what was deleted; a version of the time before must not come after it."""
    document, peer = await make(storage), Peer(1)
    await storage.log.append([Append(document, (peer.type("abc"),), (ADA,))])
    async with halted_version(storage, document, version_halt) as taken:
        erase = peer.edit(lambda peer: peer.text.clear())
        await other_node.log.append([Append(document, (erase,), (BOB,))])
        assert await rows_freed(other_node.log, document) == 2
    (version,) = taken
    assert version is not None
    assert version.participants == (ADA, BOB)
    assert text_of_peer(await storage.versions.state(document, version.id)) == ""


async def test_a_version_is_not_read_again_however_quickly_the_log_grows(storage: Storage, version_halt: Halt) -> None:
    """Where somebody types quickly, a compaction is always due, and a version that gave way to each would never be taken."""
    document = await make(storage)
    await storage.log.append([Append(document, typed("abc"))])
    freed: list[int] = []

    async def compact() -> None:
        freed.append(await rows_freed(storage.log, document))

    async with create_task_group() as tasks, halted_version(storage, document, version_halt) as taken:
        tasks.start_soon(compact)
        turns = storage.log._database.folding
        await eventually(lambda: turns.of(document).statistics().tasks_waiting == 1)
    assert len(taken) == 1
    assert freed == [3]


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
