"""Folds logs into snapshots, one document after the other, beside the editing."""

import asyncio

import structlog

from collab.errors import CollabError
from collab.hub.live_room import LiveRoom
from collab.ports import Compaction, DocumentName, UpdateLog

log = structlog.get_logger(__name__)


class Compacting:
    """Which logs are due, and their turn."""

    def __init__(self, update_log: UpdateLog) -> None:
        self._log = update_log
        self._due: dict[DocumentName, LiveRoom] = {}
        self._is_due = asyncio.Event()

    def due(self, live: LiveRoom) -> None:
        """Have the document's log folded when its turn comes."""
        self._due[live.name] = live
        self._is_due.set()

    async def run(self) -> None:
        """Compact what is due, until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            while self._due:
                name = next(iter(self._due))
                await self._compact(self._due.pop(name))

    async def _compact(self, live: LiveRoom) -> None:
        if live.record is None:
            return
        outcome: Compaction | None = None
        live.tail.begin()
        try:
            outcome = await self._log.compact(live.record.id)
        except CollabError as error:
            log.warning("a log could not be compacted; it stays as it is", document=live.name, error=str(error))
        except Exception:  # the other documents' logs must be compacted all the same
            log.exception("a log could not be compacted; it stays as it is", document=live.name)
        else:
            log.info("log compacted", document=live.name, rows=0 if outcome is None else outcome.freed)
            if outcome is not None and outcome.damaged_authorship is not None:
                log.warning(
                    "a record of who wrote a document is damaged, and was set aside; nobody is credited with what it told of",
                    document=live.name,
                    error=outcome.damaged_authorship,
                )
        live.tail.end(outcome)
        if live.tail.is_due:  # for what came meanwhile, perhaps the last there was
            self.due(live)
