"""Group commit: while one commit runs, the next batch gathers, from all rooms.

A commit costs about the same however few rows it has. So the first edit after a pause is committed at once, and under load commits are
an interval apart. A batch that fails because the database is away is tried again until it succeeds, and nothing in it is acknowledged
before; what waits is bounded by those who hand in, who ask `has_room` first. Where the database refuses one document's part, that document
is told, and the others go on.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from collab.errors import CollabError, DatabaseUnavailable, DocumentExists, StorageError
from collab.ports import Append, DocumentId, DocumentKind, DocumentName, DocumentRecord, DocumentStore, UpdateLog

log = structlog.get_logger(__name__)

FIRST_RETRY: Final = 0.1
LONGEST_RETRY: Final = 5.0
"""Seconds between tries while the database is away; doubled each time, and shortened at random so that nodes do not march in step."""

LARGEST_BATCH: Final = 10_000
"""Updates in one transaction; an outage may leave more behind than one should hold."""


class LoggedDocument(Protocol):
    """A document that edits are committed for."""

    name: DocumentName
    record: DocumentRecord | None
    """`None` until the first commit, which creates it."""

    def committed(self, updates: tuple[bytes, ...]) -> None:
        """Take note that these are in the log."""
        ...

    def created_elsewhere(self, record: DocumentRecord) -> None:
        """Take note that somebody else has created it, perhaps with content."""
        ...

    def refused(self, error: CollabError) -> None:
        """Take note that what was handed in at one time is not in the log, and that trying again cannot help."""
        ...


class _Entry:
    __slots__ = ("bytes", "document", "done", "updates")

    def __init__(self, document: LoggedDocument, updates: tuple[bytes, ...], done: Callable[[], None]) -> None:
        self.document = document
        self.updates = updates
        self.done = done
        self.bytes = sum(map(len, updates))


class Committer:
    """Commits what rooms hand in, in the order of each room."""

    def __init__(
        self, update_log: UpdateLog, documents: DocumentStore, *, interval: float, max_unsaved_bytes: int
    ) -> None:
        """`interval` is the least time in seconds between two commits."""
        self._log = update_log
        self._documents = documents
        self._interval = interval
        self._max_unsaved_bytes = max_unsaved_bytes
        self._pending: list[_Entry] = []
        self._unsaved_bytes = 0
        self._work = asyncio.Event()
        self._submitted = 0
        self._settled = 0
        self._progress = asyncio.Event()
        self._accepting = asyncio.Event()
        self._accepting.set()

    def submit(self, document: LoggedDocument, updates: tuple[bytes, ...], done: Callable[[], None]) -> None:
        """Hand in updates; `done` is called when they, and all that this document handed in before, are committed.

        Where the database refuses them, the document's `refused` is called instead.
        """
        entry = _Entry(document, updates, done)
        self._pending.append(entry)
        self._unsaved_bytes += entry.bytes
        if self._unsaved_bytes > self._max_unsaved_bytes:
            self._accepting.clear()
        self._submitted += 1
        self._work.set()

    @property
    def is_full(self) -> bool:
        """Whether more waits than may; then nothing should be read from clients before `has_room`."""
        return not self._accepting.is_set()

    async def has_room(self) -> None:
        """Wait until less waits than may."""
        await self._accepting.wait()

    async def drained(self) -> None:
        """Wait until everything handed in so far is committed, or refused."""
        submitted = self._submitted
        while self._settled < submitted:
            self._progress.clear()
            await self._progress.wait()

    async def run(self) -> None:
        """Commit until cancelled."""
        loop = asyncio.get_running_loop()
        last_commit = -self._interval
        while True:
            await self._work.wait()
            pause = last_commit + self._interval - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            last_commit = loop.time()
            batch = self._take_batch()
            await self._commit(batch)
            self._settled += len(batch)
            self._progress.set()
            if not self._pending:
                self._work.clear()

    def _take_batch(self) -> list[_Entry]:
        count = updates = 0
        while count < len(self._pending) and updates < LARGEST_BATCH:
            updates += len(self._pending[count].updates)
            count += 1
        batch, self._pending = self._pending[:count], self._pending[count:]
        return batch

    async def _commit(self, batch: list[_Entry]) -> None:
        """Commit a batch together or, where one document's part is refused, each document's on its own."""
        delay = FIRST_RETRY
        while batch:
            try:
                await self._append(batch)
            except DatabaseUnavailable as error:
                log.warning("edits wait for the database", documents=len(batch), retry_in=delay, error=str(error))
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
                delay = min(2 * delay, LONGEST_RETRY)
            except Exception:  # whatever it is, the documents it is not about must go on
                log.exception("a commit was refused; trying each document alone")
                batch = await self._commit_alone(batch)
            else:
                self._finish(batch)
                return

    async def _commit_alone(self, batch: list[_Entry]) -> list[_Entry]:
        """Commit what the database takes, and refuse what it refuses; return what it could not be asked about."""
        by_document: dict[LoggedDocument, list[_Entry]] = {}
        for entry in batch:
            by_document.setdefault(entry.document, []).append(entry)
        waiting: list[_Entry] = []
        for document, entries in by_document.items():
            try:
                await self._append(entries)
            except DatabaseUnavailable:
                waiting += entries
            except Exception as error:
                log.exception("a document's edits cannot be committed", document=document.name)
                self._refuse(entries, error)
            else:
                self._finish(entries)
        return waiting

    async def _append(self, batch: list[_Entry]) -> None:
        updates: dict[DocumentId, list[bytes]] = {}
        for entry in batch:
            if entry.updates:
                record = entry.document.record or await self._create(entry.document)
                updates.setdefault(record.id, []).extend(entry.updates)
        if updates:
            await self._log.append([Append(document, tuple(rows)) for document, rows in updates.items()])

    async def _create(self, document: LoggedDocument) -> DocumentRecord:
        """Give a document its record at its first write; another node may do so at the same moment."""
        try:
            record = await self._documents.create(document.name, kind=DocumentKind.YJS, title=document.name)
        except DocumentExists:
            record = await self._documents.get(document.name)
            document.created_elsewhere(record)
        else:
            document.record = record
        return record

    def _finish(self, batch: list[_Entry]) -> None:
        self._make_room(batch)
        for entry in batch:
            entry.document.committed(entry.updates)
            entry.done()

    def _refuse(self, batch: list[_Entry], error: Exception) -> None:
        self._make_room(batch)
        reason = error if isinstance(error, CollabError) else StorageError("the document cannot be saved")
        for entry in batch:
            entry.document.refused(reason)

    def _make_room(self, batch: list[_Entry]) -> None:
        self._unsaved_bytes -= sum(entry.bytes for entry in batch)
        if self._unsaved_bytes <= self._max_unsaved_bytes:
            self._accepting.set()
