"""When a document gets an automatic version: now and then while it is worked on, and when its last editor has left."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from collab.errors import CollabError, DatabaseUnavailable, WorkLost
from collab.ports import DocumentId, DocumentName, VersionKind, VersionStore
from collab.settings import SECONDS

log = structlog.get_logger(__name__)

SHORTEST: Final = 60.0
"""Seconds between two versions of a document that is left again and again, and before the first of one that only a backend writes."""

TICK: Final = 0.5 * SECONDS
"""How often it is looked which documents are due."""

LOOKED_BACK_AT: Final = 1_000
"""Documents that are looked at when the server starts, the last edited ones; a server that was stopped has left fewer."""


@dataclass(slots=True)
class _Work:
    document: DocumentId
    edited_since: float | None
    """When the first edit that is in no version was committed."""
    last_version: float


class Versioning:
    """Knows which documents were edited since their last version. Times are those of the event loop."""

    def __init__(self, versions: VersionStore, *, interval: float) -> None:
        """`interval` is how often, in seconds, a document gets a version while it is edited."""
        self._versions = versions
        self._interval = interval
        self._work: dict[DocumentName, _Work] = {}

    def edited(self, name: DocumentName, document: DocumentId, now: float, *, attended: bool) -> None:
        """Take note of an edit that is committed; `attended` tells whether an editor has been there, whose leaving means something."""
        work = self._work.get(name)
        if work is None or work.document != document:
            self._work[name] = _Work(document, now, -SHORTEST if attended else now)
        elif work.edited_since is None:
            work.edited_since = now

    def due(self, now: float, is_edited: Callable[[DocumentName], bool]) -> list[DocumentName]:
        """Return the documents that should get a version now; `is_edited` tells whether an editor is still there."""
        due: list[DocumentName] = []
        for name, work in tuple(self._work.items()):
            rested = now - work.last_version >= min(SHORTEST, self._interval)
            if work.edited_since is None:
                if rested:
                    del self._work[name]
            elif rested and (now - work.edited_since >= self._interval or not is_edited(name)):
                due.append(name)
        return due

    async def run(self, is_edited: Callable[[DocumentName], bool]) -> None:
        """Give each document its version when it is due; first those of which a server that was stopped has left the last edits without."""
        loop = asyncio.get_running_loop()
        await self._look_back(loop.time())
        while True:
            await asyncio.sleep(TICK)
            for name in self.due(loop.time(), is_edited):
                await self.take(name)

    async def _look_back(self, now: float) -> None:
        try:
            lacking = await self._versions.lacking(limit=LOOKED_BACK_AT)
        except CollabError as error:
            log.warning("edits before the start get their version when their document is opened", error=str(error))
            return
        for name, document in lacking:
            self.edited(name, document, now, attended=True)

    async def take(self, name: DocumentName) -> None:
        """Give a document its version, and delete old ones that are no longer kept. What fails is due again after a while."""
        work = self._work.get(name)
        if work is None:
            return
        edited_since, work.edited_since = work.edited_since, None
        work.last_version = asyncio.get_running_loop().time()
        try:
            version = await self._versions.take(work.document, VersionKind.AUTOMATIC)
            if version is not None:
                thinned = await self._versions.thin(work.document)
                log.info("version taken", document=name, version=version.id, thinned=thinned)
        except (DatabaseUnavailable, WorkLost) as error:
            work.edited_since = edited_since
            log.warning("a version waits for another try", document=name, error=str(error))
        except CollabError as error:
            log.warning("no version could be taken; its edits are in the log", document=name, error=str(error))
        except Exception:  # the other documents must get theirs all the same
            log.exception("no version could be taken; its edits are in the log", document=name)
