"""A store for those who keep pycrdt-websocket's own rooms: what they write is in our log, and is compacted without loss.

It needs pycrdt-store, which comes with pycrdt-websocket: `pip install "collab[pycrdt-websocket]"`.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from logging import Logger, getLogger
from typing import ClassVar, Final

import anyio
import anyio.lowlevel
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from pycrdt.store import BaseYStore, YDocNotFound

from collab.adapters.pycrdt_websocket.background import InBackground
from collab.errors import CollabError, DatabaseUnavailable, DocumentExists
from collab.hub.tail import Tail
from collab.ports import Append, Compaction, DocumentId, DocumentKind, DocumentName, StoredContent
from collab.protocol.names import check_document_name
from collab.rooms.document import Document
from collab.settings import Settings
from collab.storage import Storage, migrate, open_storage

RETRY_SECONDS: Final = 0.5
"""Between two tries while the database is away."""


class YStore(InBackground, BaseYStore):
    """Keeps one document. Every write is committed when it returns, and is tried again while the database is away.

    Set `database_url` on a subclass, as one sets `db_path` of `SQLiteYStore`; unset, the environment says it. A write that was begun is
    brought to its end also where the room that began it stops meanwhile. The log is folded into a snapshot when it has grown long, and when
    a store is opened or closed that takes up more than it should. Metadata are not kept: `read` gives what the callback gives then.
    """

    database_url: ClassVar[str | None] = None

    def __init__(
        self,
        path: str,
        metadata_callback: Callable[[], Awaitable[bytes] | bytes] | None = None,
        log: Logger | None = None,
    ) -> None:
        """`path` is the document's name. Raises `InvalidName`."""
        self.path = DocumentName(check_document_name(path))
        self.metadata_callback = metadata_callback
        self.log = log or getLogger(__name__)
        self._settings = Settings()
        self._storage: Storage | None = None
        self._document: DocumentId | None = None
        self._tail = Tail(StoredContent(None, ()))
        self._writes = anyio.Semaphore(1)
        self._stop = anyio.Event()
        self._stopped_at = math.inf

    # Life

    @property
    def running(self) -> bool:
        """Whether the database is open."""
        return self._storage is not None

    async def start(
        self,
        *,
        task_status: TaskStatus[None] = TASK_STATUS_IGNORED,
        from_context_manager: bool = False,  # noqa: ARG002 - of the interface; it makes no difference here
    ) -> None:
        """Open the database, and keep it open until `stop` or until cancelled; then close it after the writes that were begun."""
        if self._storage is not None:
            raise RuntimeError("YStore already running")
        url = self.database_url or self._settings.database
        await migrate(url)
        async with open_storage(url) as storage:
            await self._look_at_log(storage)
            self._storage = storage
            self.started.set()
            task_status.started()
            try:
                await self._stop.wait()
            finally:
                self._stopped_at = anyio.current_time()
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()  # for writes whose tasks have not begun
                    async with self._writes:
                        self._storage = None
                        await self._look_at_log(storage)
                self._started, self._stop, self._stopped_at = None, anyio.Event(), math.inf  # it may be started again

    async def stop(self) -> None:
        """Have `start` return."""
        if self._storage is None:
            raise RuntimeError("YStore not running")
        self._stop.set()

    # Content

    async def write(self, data: bytes) -> None:
        """Commit an update. Raises `DatabaseUnavailable` where the database stays away for `drain_timeout` after the store was stopped."""
        with anyio.CancelScope(shield=True):
            async with self._writes:
                await self._write(self._required(), data)

    async def _write(self, storage: Storage, data: bytes) -> None:
        while True:
            try:
                self._document = self._document or await self._find_or_create(storage)
                await storage.log.append([Append(self._document, (data,))])
            except DatabaseUnavailable as error:
                if anyio.current_time() > self._stopped_at + self._settings.drain_timeout:
                    raise
                self.log.warning("an update waits for the database: %s", error)
                await anyio.sleep(RETRY_SECONDS)
            else:
                break
        self._tail.add((data,))
        if self._tail.is_due:
            await self._compact(storage, self._document)

    async def _find_or_create(self, storage: Storage) -> DocumentId:
        try:
            record = await storage.documents.create(self.path, kind=DocumentKind.YJS, title=self.path)
        except DocumentExists:
            record = await storage.documents.get(self.path)
        return record.id

    async def _look_at_log(self, storage: Storage) -> None:
        """Take note of what is there, and fold it where it takes up more than it should: nobody else is at it now."""
        self._document, self._tail = None, Tail(StoredContent(None, ()))
        with anyio.move_on_after(self._settings.drain_timeout):
            try:
                stored = await storage.log.load(self.path)
                if stored is None:
                    return
                self._document, self._tail = stored.record.id, Tail(stored.content)
                is_due = self._tail.is_due_at_rest(partial(_state_of, stored.content))
            except CollabError as error:
                self.log.warning("a log could not be read: %s", error)
                return
            if is_due:
                await self._compact(storage, self._document)

    async def _compact(self, storage: Storage, document: DocumentId) -> None:
        outcome: Compaction | None = None
        self._tail.begin()
        try:
            outcome = await storage.log.compact(document)
        except CollabError as error:
            self.log.warning("a log could not be compacted; it stays as it is: %s", error)
        finally:
            self._tail.end(outcome)

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        """Give each stored update, with metadata, and when the document was changed last. Raises `YDocNotFound` where there is none."""
        stored = await self._required().log.load(self.path)
        if stored is None:
            raise YDocNotFound
        metadata, changed_at = await self.get_metadata(), stored.record.updated_at.timestamp()
        for update in (stored.content.snapshot, *stored.content.updates):
            if update is not None:
                yield update, metadata, changed_at

    def _required(self) -> Storage:
        if self._storage is None:
            raise RuntimeError("YStore not running")
        return self._storage


def _state_of(content: StoredContent) -> bytes:
    return Document(content.updates, snapshot=content.snapshot).state()
