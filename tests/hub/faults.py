"""A real update log that fails, or waits, on command, and counts what it was asked."""

from collections.abc import Sequence

import anyio

from collab.ports import Append, Compaction, DocumentId, DocumentName, StoredDocument, UpdateLog


class FaultyLog:
    """Stands before a real log."""

    def __init__(self, log: UpdateLog) -> None:
        self._log = log
        self.loads: list[DocumentName] = []
        self.appends: list[tuple[Append, ...]] = []
        """The batches that were handed in, in order, whatever became of them."""
        self.committed: list[bytes] = []
        self.compactions_begun = 0
        self.compacted: list[int] = []
        """How many rows each compaction freed."""
        self.load_error: Exception | None = None
        self.append_error: Exception | None = None
        self.refused: dict[DocumentId, Exception] = {}
        self.loading = anyio.Event()
        self.loading.set()
        self.appending = anyio.Event()
        self.appending.set()
        self.compacting = anyio.Event()
        self.compacting.set()

    def hold_loads(self) -> None:
        """Let every load wait until `loading` is set."""
        self.loading = anyio.Event()

    def hold_appends(self) -> None:
        """Let every append wait until `appending` is set."""
        self.appending = anyio.Event()

    async def load(self, name: DocumentName) -> StoredDocument | None:
        self.loads.append(name)
        await self.loading.wait()
        if self.load_error is not None:
            raise self.load_error
        return await self._log.load(name)

    async def append(self, batch: Sequence[Append]) -> None:
        self.appends.append(tuple(batch))
        await self.appending.wait()
        if self.append_error is not None:
            raise self.append_error
        for append in batch:
            if append.document in self.refused:
                raise self.refused[append.document]
        await self._log.append(batch)
        self.committed += [update for append in batch for update in append.updates]

    def hold_compactions(self) -> None:
        """Let every compaction wait, when it is done, until `compacting` is set."""
        self.compacting = anyio.Event()

    async def compact(self, document: DocumentId) -> Compaction | None:
        self.compactions_begun += 1
        outcome = await self._log.compact(document)
        await self.compacting.wait()
        self.compacted.append(0 if outcome is None else outcome.freed)
        return outcome
