"""Group commit: while one commit runs, the next batch gathers, from all rooms.

A commit costs about the same however few rows it has. So the first edit after a pause is committed at once, and under load commits are
an interval apart, unless somebody can do nothing until what waits is committed. A batch that fails because the database is away is tried
again until it succeeds, and nothing in it is acknowledged before; what waits is bounded by those who hand in, who ask `has_room` first.
Where the database refuses one document's part, that document is told, and the others go on. What looks like an outage may be one
document's fault too, so after some tries each is committed alone.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

import anyio
import structlog

from collab.errors import CollabError, DatabaseUnavailable, DocumentDeleted, StorageError
from collab.ports import Append, DocumentId, DocumentName, DocumentRecord, DocumentStore, UpdateLog
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote
from collab.rooms.log_rows import join_keystrokes

log = structlog.get_logger(__name__)

FIRST_RETRY: Final = 0.1
LONGEST_RETRY: Final = 5.0
"""Seconds between tries while the database is away; doubled each time, and shortened at random so that nodes do not march in step."""

LARGEST_BATCH: Final = 10_000
"""Updates in one transaction; an outage may leave more behind than one should hold."""

TRIES_TOGETHER: Final = 5
"""Tries of a batch, a few seconds in all, after which each document is committed alone until nothing waits any more."""

ENTRY_OVERHEAD: Final = 416
UPDATE_OVERHEAD: Final = 64
WRITER_OVERHEAD: Final = 64
"""Bytes that CPython holds for each entry, update and writer to be told, beside the payload, rounded up from what `tracemalloc` saw.

A keystroke is some 25 bytes, and an acknowledgement none: without these the bound would let through many times what it says.
"""


class LoggedDocument(Protocol):
    """A document that edits are committed for."""

    name: DocumentName
    record: DocumentRecord | None
    """`None` until the first commit, which creates it."""
    deleted: bool
    """Whether it was deleted since it was opened: then no commit may create it anew."""

    def committed(self, rows: tuple[bytes, ...]) -> None:
        """Take note that these are in the log, which hold what was handed in."""
        ...

    def created_elsewhere(self, record: DocumentRecord) -> None:
        """Take note that somebody else has created it, perhaps with content."""
        ...

    def refused(self, error: CollabError) -> None:
        """Take note that what was handed in at one time is not in the log, and that trying again cannot help."""
        ...


class _Entry:
    __slots__ = ("authors", "bytes", "claims", "credit_notes", "document", "done", "updates")

    def __init__(
        self,
        document: LoggedDocument,
        updates: tuple[bytes, ...],
        done: Callable[[], None],
        writers: int,
        authors: tuple[Author | None, ...],
        claims: tuple[Claim, ...],
        credit_notes: tuple[CreditNote, ...],
    ) -> None:
        self.document = document
        self.updates = updates
        self.authors = authors
        self.claims = claims
        self.credit_notes = credit_notes
        self.done = done
        self.bytes = ENTRY_OVERHEAD + len(updates) * UPDATE_OVERHEAD + writers * WRITER_OVERHEAD
        self.bytes += sum(map(len, updates))


class Committer:
    """Commits what rooms hand in, in the order of each room."""

    def __init__(
        self, update_log: UpdateLog, documents: DocumentStore, *, interval: float, max_unsaved_bytes: int
    ) -> None:
        """`interval` is the least time in seconds between two commits that nobody hurries."""
        self._log = update_log
        self._documents = documents
        self._interval = interval
        self._max_unsaved_bytes = max_unsaved_bytes
        self._pending: list[_Entry] = []
        self._unsaved_bytes = 0
        self._work = asyncio.Event()
        self._hurry = asyncio.Event()
        self._unsettled: set[_Entry] = set()
        self._failures = 0
        self._retry_in = FIRST_RETRY
        self._progress = asyncio.Event()
        self._accepting = asyncio.Event()
        self._accepting.set()

    def submit(
        self,
        document: LoggedDocument,
        updates: tuple[bytes, ...],
        done: Callable[[], None],
        *,
        writers: int,
        authors: tuple[Author | None, ...] = (),
        claims: tuple[Claim, ...] = (),
        credit_notes: tuple[CreditNote, ...] = (),
    ) -> None:
        """Hand in updates; `done` is called when they, and all that this document handed in before, are committed.

        Where the database refuses them, the document's `refused` is called instead. `writers` is how many `done` will tell;
        `authors`, `claims` and `credit_notes` are as in `Append`.
        """
        entry = _Entry(document, updates, done, writers, authors, claims, credit_notes)
        self._pending.append(entry)
        self._unsettled.add(entry)
        self.hold(entry.bytes)
        self._work.set()

    def hurry(self) -> None:
        """Have what waits committed without a pause: somebody can do nothing until it is."""
        self._hurry.set()

    def hold(self, count: int) -> None:
        """Count bytes that wait for the database elsewhere, until they are handed in or given up."""
        self._unsaved_bytes += count
        if self._unsaved_bytes > self._max_unsaved_bytes:
            self._accepting.clear()

    def release(self, count: int) -> None:
        """Take bytes out of the count again."""
        self._unsaved_bytes -= count
        if self._unsaved_bytes <= self._max_unsaved_bytes:
            self._accepting.set()

    @property
    def unsaved_bytes(self) -> int:
        """Return how much waits for the database."""
        return self._unsaved_bytes

    @property
    def is_full(self) -> bool:
        """Whether more waits than may; then nothing should be read from clients before `has_room`."""
        return not self._accepting.is_set()

    async def has_room(self) -> None:
        """Wait until less waits than may."""
        await self._accepting.wait()

    async def drained(self) -> None:
        """Wait until everything handed in so far is committed, or refused."""
        self.hurry()
        waiting = set(self._unsettled)
        while not waiting.isdisjoint(self._unsettled):
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
                with anyio.move_on_after(pause):
                    await self._hurry.wait()
            self._hurry.clear()
            last_commit = loop.time()
            if await self._commit_pending():
                await self._pause_before_retry()

    async def _commit_pending(self) -> bool:
        """Commit what fits into one batch; return whether something of it has to be tried again."""
        alone = self._failures >= TRIES_TOGETHER
        count = len(self._pending) if alone else _fitting(self._pending)
        batch, self._pending = self._pending[:count], self._pending[count:]
        waiting = await (self._commit_alone(batch) if alone else self._commit_together(batch))
        self._pending[:0] = waiting  # before whatever their documents handed in meanwhile
        self._progress.set()
        if not self._pending:
            self._work.clear()
        self._failures = self._failures + 1 if waiting else 0
        if len(waiting) < len(batch):
            self._retry_in = FIRST_RETRY  # the database is there, so the others need not wait for long
        return bool(waiting)

    async def _pause_before_retry(self) -> None:
        await asyncio.sleep(self._retry_in * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        self._retry_in = min(2 * self._retry_in, LONGEST_RETRY)

    async def _commit_together(self, batch: list[_Entry]) -> list[_Entry]:
        """Commit a batch together or, where one document's part is refused, each document's on its own; return what has to wait."""
        try:
            appends = await self._append(batch)
        except DatabaseUnavailable as error:
            log.warning("edits wait for the database", entries=len(batch), retry_in=self._retry_in, error=str(error))
            return batch
        except Exception:  # whatever it is, the documents it is not about must go on
            log.exception("a commit was refused; trying each document alone")
            return await self._commit_alone(batch)
        self._finish(batch, appends)
        return []

    async def _commit_alone(self, batch: list[_Entry]) -> list[_Entry]:
        """Commit what the database takes, and refuse what it refuses; return what has to wait."""
        by_document: dict[LoggedDocument, list[_Entry]] = {}
        for entry in batch:
            by_document.setdefault(entry.document, []).append(entry)
        waiting: list[_Entry] = []
        for document, entries in by_document.items():
            count = _fitting(entries)
            try:
                appends = await self._append(entries[:count])
            except DatabaseUnavailable as error:
                log.warning("a document's edits wait for the database", document=document.name, error=str(error))
                waiting += entries
            except Exception as error:
                log.exception("a document's edits cannot be committed", document=document.name)
                self._refuse(entries, error)
            else:
                self._finish(entries[:count], appends)
                waiting += entries[count:]
        return waiting

    async def _append(self, batch: list[_Entry]) -> Mapping[LoggedDocument, Append]:
        """Write what is to be written to the log; return what that was."""
        handed_in = [entry for entry in batch if entry.updates or entry.credit_notes]
        unknown = {entry.document.name: entry.document for entry in handed_in if entry.document.record is None}
        created = await self._create(unknown.values()) if unknown else {}
        entries: dict[LoggedDocument, list[_Entry]] = {}
        for entry in handed_in:
            entries.setdefault(entry.document, []).append(entry)
        appends = {
            document: _append_of((document.record or created[document.name]).id, several)
            for document, several in entries.items()
        }
        if appends:
            await self._log.append(list(appends.values()))
        return appends

    async def _create(self, unknown: Collection[LoggedDocument]) -> Mapping[DocumentName, DocumentRecord]:
        """Give documents their records at their first write, all at once; another node may do so at the same moment.

        One that was created and deleted since its room was opened is refused, so that a late write does not bring it back.
        """
        for document in unknown:
            if document.deleted:
                raise DocumentDeleted(f"the document {document.name!r} was deleted")
        ensured = await self._documents.ensure([document.name for document in unknown])
        for document in unknown:
            found = ensured[document.name]
            if found.is_new:
                document.record = found.record
            else:
                document.created_elsewhere(found.record)
        return {name: found.record for name, found in ensured.items()}

    def _finish(self, batch: list[_Entry], appends: Mapping[LoggedDocument, Append]) -> None:
        self._settle(batch)
        for document, append in appends.items():
            if append.updates:
                _tell(document, partial(document.committed, append.updates))
        for entry in batch:
            _tell(entry.document, entry.done)

    def _refuse(self, batch: list[_Entry], error: Exception) -> None:
        self._settle(batch)
        reason = error if isinstance(error, CollabError) else StorageError("the document cannot be saved")
        for entry in batch:
            _tell(entry.document, partial(entry.document.refused, reason))

    def _settle(self, batch: list[_Entry]) -> None:
        self._unsettled.difference_update(batch)
        self.release(sum(entry.bytes for entry in batch))


def _append_of(document: DocumentId, entries: list[_Entry]) -> Append:
    updates: list[bytes] = []
    authors: list[Author | None] = []
    claims: list[Claim] = []
    credit_notes: list[CreditNote] = []
    for entry in entries:
        updates += entry.updates
        authors += entry.authors or (None,) * len(entry.updates)
        claims += entry.claims
        credit_notes += entry.credit_notes
    rows = join_keystrokes(updates, authors)
    return Append(document, *rows, tuple(claims), tuple(credit_notes))


def _fitting(entries: Sequence[_Entry]) -> int:
    """Return how many entries, at least one, go into one transaction."""
    count = updates = 0
    while count < len(entries) and updates < LARGEST_BATCH:
        updates += len(entries[count].updates)
        count += 1
    return count


def _tell(document: LoggedDocument, note: Callable[[], None]) -> None:
    """Let a document take note of something; a bug there must not stop the commits of all others."""
    try:
        note()
    except Exception:
        log.exception("a document failed to take note of a commit", document=document.name)
