"""Thinning the versions of documents that nobody edits any more: a few documents at a time, round and round."""

import asyncio
from typing import Final

import anyio
import structlog

from collab.errors import DatabaseUnavailable
from collab.ports import DocumentId, VersionThinning
from collab.settings import SECONDS

log = structlog.get_logger(__name__)

PAUSE: Final = 60 * SECONDS
"""Between two steps. What is kept of a document depends on hours and days, so a round may take a day."""

BATCH: Final = 50
"""Documents in one step: some seventy thousand in a day, for one small question each."""


PATIENCE: Final = 5 * SECONDS
"""For each question; a server that stops waits for the one under way, for one that is cut off costs its connection to the database."""


class Sweeping:
    """Goes through all documents that have versions, those in the trash too, and begins anew at the end."""

    def __init__(self, versions: VersionThinning, *, batch: int = BATCH) -> None:
        self._versions = versions
        self._batch = batch
        self._after: DocumentId | None = None

    async def run(self) -> None:
        """Take a step now and then."""
        while True:
            try:
                await self.step()
            except Exception:  # the server does without
                log.exception("old versions could not be thinned out")
            await asyncio.sleep(PAUSE)

    async def step(self) -> None:
        """Thin the versions of the next documents; what fails is tried again in a while, and keeps no other document from its turn."""
        try:
            with anyio.fail_after(PATIENCE, shield=True):
                documents = await self._versions.next_documents(self._after, limit=self._batch)
        except (DatabaseUnavailable, TimeoutError) as error:
            log.warning("old versions wait for the database to be thinned out", error=str(error))
            return
        for document in documents:
            await anyio.lowlevel.checkpoint()
            await self._thin(document)
        self._after = documents[-1] if len(documents) == self._batch else None

    async def _thin(self, document: DocumentId) -> None:
        try:
            with anyio.fail_after(PATIENCE, shield=True):
                thinned = await self._versions.thin(document)
        except (DatabaseUnavailable, TimeoutError) as error:
            log.warning("old versions wait for the next round to be thinned out", document=document, error=str(error))
        except Exception:  # the other documents must have their turn all the same
            log.exception("old versions could not be thinned out", document=document)
        else:
            if thinned:
                log.info("old versions thinned out", document=document, thinned=thinned)
