"""A store for those who keep pycrdt-websocket's own rooms: what they write is in our log, and is compacted without loss.

It needs pycrdt-store, which comes with pycrdt-websocket: `pip install "collab[pycrdt-websocket]"`.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from logging import Logger, getLogger
from typing import ClassVar, Final

import anyio
import anyio.lowlevel
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from pycrdt.store import BaseYStore, YDocNotFound

from collab.adapters.pycrdt_websocket.background import InBackground
from collab.errors import CollabError, DatabaseUnavailable, DocumentExists
from collab.ports import Append, DocumentId, DocumentKind, DocumentName
from collab.protocol.names import check_document_name
from collab.rooms.compaction import LONGEST_TAIL
from collab.settings import Settings
from collab.storage import Storage, migrate, open_storage

RETRY_SECONDS: Final = 0.5
"""Between two tries while the database is away."""


class YStore(InBackground, BaseYStore):
    """Keeps one document. Every write is committed when it returns, and is tried again while the database is away.

    Set `database_url` on a subclass, as one sets `db_path` of `SQLiteYStore`; unset, the environment says it. A write that was begun is
    brought to its end also where the room that began it stops meanwhile. Metadata are not kept: `read` gives what the callback gives then.
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
        self._rows_written = 0
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
            self._storage = storage
            self.started.set()
            task_status.started()
            try:
                await self._stop.wait()
            finally:
                self._stopped_at = anyio.current_time()
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()  # for writes whose tasks have not begun
                    await self._writes.acquire()
                self._storage = None

    async def stop(self) -> None:
        """Have `start` return."""
        if self._storage is None:
            raise RuntimeError("YStore not running")
        self._stop.set()

    # Content

    @property
    def is_writing(self) -> bool:
        """Whether a write has begun that is not committed."""
        return self._writes.value == 0

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
        self._rows_written += 1
        if self._rows_written % LONGEST_TAIL == 0:
            await self._compact(storage, self._document)

    async def _find_or_create(self, storage: Storage) -> DocumentId:
        try:
            record = await storage.documents.create(self.path, kind=DocumentKind.YJS, title=self.path)
        except DocumentExists:
            record = await storage.documents.get(self.path)
        return record.id

    async def _compact(self, storage: Storage, document: DocumentId) -> None:
        try:
            await storage.log.compact(document)
        except CollabError as error:
            self.log.warning("a log could not be compacted; it stays as it is: %s", error)

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
