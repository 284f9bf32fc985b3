"""One open room in its event loop: when it flushes, what becomes of a flush, and when it ends."""

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from collab.errors import CollabError, DocumentDeleted, PeerTimeout
from collab.hub.committer import ENTRY_OVERHEAD, Committer
from collab.hub.encoding import Encoding
from collab.hub.flush_timer import FlushTimer
from collab.hub.rebuilding import Rebuilding, held_bytes_of
from collab.hub.surroundings import Surroundings
from collab.hub.tail import Tail
from collab.hub.writers import Nobody, Receipt
from collab.ports import DocumentName, DocumentRecord, StoredContent, StoredDocument
from collab.protocol.messages import RoomMessage
from collab.rooms.claims import Author, Origin
from collab.rooms.flush import Flush
from collab.rooms.room import Room
from collab.rooms.session import Rights, Session, Writer

log = structlog.get_logger(__name__)

FAILED: Final = "a room failed; it is closed, and its clients come back to a new one"

EndSession = Callable[[CollabError], None]
"""Ends a session's connection, or its part of one, with the close code that this error stands for."""


class LiveRoom:
    """A room, its place in the event loop, and its document in the log."""

    def __init__(
        self,
        name: DocumentName,
        stored: StoredDocument | None,
        room: Room,
        committer: Committer,
        surroundings: Surroundings,
    ) -> None:
        self.name = name
        self.record: DocumentRecord | None = None if stored is None else stored.record
        self.closed = False
        self.deleted = False
        self.was_edited_here = False
        """Whether anybody was ever here who may write."""
        self.empty_since: float | None = None
        self._room = room
        self._committer = committer
        self._surroundings = surroundings
        self._loop = asyncio.get_running_loop()
        self._ends: dict[Session, EndSession] = {}
        self._receipts: set[Receipt] = set()
        self._timer = FlushTimer(self._loop, room, self.flush)
        self._unsaved_flushes = 0
        self._settled_flushes = 0
        self._rebuilding = Rebuilding(name, room)
        self._encoding = Encoding(name, room, surroundings, self.until_saved, self._carry_out, self._give_up)
        self._collected_bytes = 0
        self._settling: asyncio.Future[None] | None = None
        """What those wait for who want to know that another flush has settled."""
        self._looked_at = -math.inf
        """When the last look at what others created began."""
        content = StoredContent(None, ()) if stored is None else stored.content
        self.tail = Tail(content)
        self.empty_since = self._loop.time()

    # Sessions

    def join(self, session: Session, end: EndSession) -> None:
        """Let a session in; `end` is called, once, when the room must part with it."""
        self._ends[session] = end
        self.empty_since = None
        self.was_edited_here = self.was_edited_here or session.rights.may_write
        self._room.join(session, self._loop.time())
        self._timer.schedule()

    def leave(self, session: Session) -> None:
        """Let a session go; harmless when it has gone already."""
        if self._ends.pop(session, None) is None:
            return
        self._room.leave(session)
        if not self._ends:
            self.empty_since = self._loop.time()
        self._timer.schedule()

    def receive(self, session: Session, message: RoomMessage) -> None:
        """Take in a message. Raises `ProtocolError` or `LimitExceeded` when the session must end for it."""
        self._room.receive(session, message)
        self._collect(held_bytes_of(message))
        self._timer.schedule()

    def change_rights(self, session: Session, rights: Rights) -> None:
        """Have a session go on with other rights."""
        self._room.change_rights(session, rights)
        self._timer.schedule()

    def edit(self, update: bytes, author: Author | None = None, origin: Origin = Origin.WRITTEN) -> Receipt:
        """Take in an edit from somebody who is no session."""
        receipt = Receipt(author, origin)
        self._receipts.add(receipt)
        receipt.outcome.add_done_callback(lambda _: self._receipts.discard(receipt))
        self._room.edit(receipt, update)
        self._collect(ENTRY_OVERHEAD + len(update))
        self._timer.schedule()
        return receipt

    def _collect(self, count: int) -> None:
        """Have what waits for a flush weigh on the committer, as what was flushed does."""
        self._collected_bytes += count
        self._committer.hold(count)

    def _let_go_of_collected(self) -> None:
        if not self._room.needs_rebuild or self.closed:
            self._committer.release(self._collected_bytes)
            self._collected_bytes = 0

    @property
    def is_readable(self) -> bool:
        """Whether there is a replica to read; there is none while it is rebuilt."""
        self.flush()
        return not self._room.needs_rebuild

    async def state(self) -> bytes:
        """Return the whole document as one update, with everything received before `is_readable` was asked."""
        return await self._encoding.state() if self._room.is_slow_to_read else self._room.state()

    @property
    def is_due_at_rest(self) -> bool:
        """Whether the log should be compacted because everybody has left. Raises `PoisonedReplica`."""
        return self.tail.is_due_at_rest(lambda: b"" if self._room.is_slow_to_read else self._room.state())

    @property
    def has_editors(self) -> bool:
        """Whether anybody is here who may write."""
        return any(session.rights.may_write for session in self._ends)

    @property
    def has_unsaved_edits(self) -> bool:
        """Whether anything received is not committed yet; such a room is never closed."""
        return bool(self._unsaved_flushes or self._room.has_work or self._rebuilding.is_under_way)

    def end_all(self, error: CollabError) -> None:
        """Part with every session."""
        for session in tuple(self._ends):
            self._end(session, error)

    def _end(self, session: Session, error: CollabError) -> None:
        end = self._ends.get(session)
        if end is not None:
            self.leave(session)
            try:
                end(error)
            except Exception:  # the others must be parted with all the same
                log.exception("a session was not ended", document=self.name, session=session.id)

    def tick(self, now: float) -> None:
        """Break silences, let slow readers catch up, and part with stuck ones."""
        try:
            # While nothing is read from clients, what they wait for may not have reached this room yet.
            owing = self.has_unsaved_edits or self._committer.is_full
            for session in self._room.tick(now, owing=owing):
                log.info("a reader is stuck", document=self.name, session=session.id)
                self._end(session, PeerTimeout("the client has read nothing for too long"))
            self._rebuild_if_lost()
            self._timer.schedule()
            if not self._room.has_work:  # whoever said what was collected may have gone before the flush
                self._let_go_of_collected()
        except Exception:
            log.exception(FAILED, document=self.name)
            self._give_up()

    # Flushing

    def flush(self) -> None:
        """Flush now, presence only where that is due."""
        due = self._timer.begin()
        if due is None:
            return
        try:
            flush = self._room.flush(due.now, with_presence=due.with_presence)
        except Exception:
            log.exception(FAILED, document=self.name)
            self._give_up()
            return
        self._carry_out(flush)
        self._encoding.begin()
        self._let_go_of_collected()

    def _carry_out(self, flush: Flush) -> None:
        if flush.append or flush.credit_notes or (flush.acknowledge and self._unsaved_flushes):
            self._unsaved_flushes += 1
            self._committer.submit(
                self,
                flush.append,
                partial(self._acknowledge, flush.acknowledge),
                writers=len(flush.acknowledge),
                authors=flush.authors,
                claims=flush.claims,
                credit_notes=flush.credit_notes,
            )
            if self._receipts:
                self._committer.hurry()
        else:
            _tell_saved(flush.acknowledge)
        for offence in flush.offences:
            log.info("a session broke the rules", document=self.name, error=str(offence.error))
            if isinstance(offence.writer, Session):
                self._end(offence.writer, offence.error)
            elif isinstance(offence.writer, Receipt):
                offence.writer.fail(offence.error)
        self._rebuild_if_lost()
        self._timer.schedule()

    def committed(self, rows: tuple[bytes, ...]) -> None:
        """Take note that these updates are in the log."""
        self.tail.add(rows)
        self._surroundings.edited(self)
        if self.tail.is_due:
            self._surroundings.compaction_due(self)

    def refused(self, error: CollabError) -> None:
        """Give the room up, because the log refused what one flush of it brought; that was never acknowledged."""
        self._settle_flush()
        self.close(error)

    def _acknowledge(self, writers: tuple[Writer, ...]) -> None:
        self._settle_flush()
        _tell_saved(writers)

    def _settle_flush(self) -> None:
        self._unsaved_flushes -= 1
        self._settled_flushes += 1
        if self._settling is not None:
            self._settling.set_result(None)
            self._settling = None

    # What others create

    def created_elsewhere(self, record: DocumentRecord) -> None:
        """Take note, at the first write, that somebody else has created the document since this room was opened; take its content in."""
        self.record = record
        if not self.closed:
            self._surroundings.start(self._take_in_stored, f"take in {self.name}")

    async def look_again(self) -> None:
        """See whether somebody else has created the document since this room was opened without one; take its content in then.

        Those who ask while one looks share the next look. Raises what `UpdateLog.load` does.
        """
        asked_at = self._loop.time()
        async with self._surroundings.looking.of(self.name):
            if self.record is not None or self._looked_at > asked_at:
                return
            began_at = self._loop.time()
            stored = await self._surroundings.load(self.name)
            self._looked_at = began_at
            if stored is not None and self.record is None:
                self.record = stored.record
                self._take_in(stored.content)

    async def _take_in_stored(self) -> None:
        try:
            stored = await self._surroundings.load(self.name)
            if stored is not None:
                self._take_in(stored.content)
        except CollabError as error:
            self.close(error)
        except Exception:
            log.exception(FAILED, document=self.name)
            self._give_up()

    def _take_in(self, content: StoredContent) -> None:
        for update in (content.snapshot, *content.updates):
            if update is not None:
                self._room.edit(Nobody(), update)
        self._timer.schedule()

    # The replica

    def _rebuild_if_lost(self) -> None:
        if self._room.needs_rebuild and not self._rebuilding.is_under_way and not self.closed:
            self._rebuilding.begin()
            self._surroundings.start(self._rebuild, f"rebuild {self.name}")

    async def _rebuild(self) -> None:
        try:
            await self._rebuilding.run(self.until_saved, self._surroundings.replica)
        except CollabError as error:
            self.close(error)
        except Exception:
            log.exception(FAILED, document=self.name)
            self._give_up()
        else:
            self._timer.schedule()

    @property
    def is_saving(self) -> bool:
        """Whether something that was flushed is still on its way to the log."""
        return self._unsaved_flushes > 0

    async def until_saved(self) -> None:
        """Wait until everything that was flushed by now is in the log, or refused by it; a busy room always has something newer."""
        if self._unsaved_flushes:
            self._committer.hurry()
        last = self._settled_flushes + self._unsaved_flushes
        while self._settled_flushes < last:
            self._settling = self._settling or self._loop.create_future()
            await asyncio.shield(self._settling)  # for others wait for it too

    # The end

    def close(self, error: CollabError) -> None:
        """Part with everybody, and take nobody in any more. What was flushed is committed all the same."""
        self.closed = True
        self.deleted = self.deleted or isinstance(error, DocumentDeleted)
        self._surroundings.drop(self)
        self._rebuilding.end()
        self._let_go_of_collected()
        self.end_all(error)
        for receipt in tuple(self._receipts):
            receipt.fail(error)

    def _give_up(self) -> None:
        """Close the room for an error that nobody foresaw; its clients come back to a new one."""
        self.close(CollabError("the room failed; come back in a moment"))


def _tell_saved(writers: tuple[Writer, ...]) -> None:
    for writer in writers:
        writer.saved()
