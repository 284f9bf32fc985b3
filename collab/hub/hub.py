"""The hub: every open room of this process, opened once however many ask, and closed when nobody is left and all is saved."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Final, Self

import anyio
import structlog

from collab.errors import CollabError, DatabaseUnavailable, DocumentNotFound, ServerBusy, ServerDraining
from collab.hub.committer import Committer
from collab.hub.compacting import Compacting
from collab.hub.deletions import Deletions, part_with_all
from collab.hub.live_room import EndSession, LiveRoom
from collab.hub.loop_lag import LoopLag
from collab.hub.opening import Opening, OpeningGivenUp, was_deleted
from collab.hub.replicas import Replicas
from collab.hub.sweeping import Sweeping
from collab.hub.versioning import Versioning
from collab.offloading import HEAVY, offloaded
from collab.ports import DocumentName, DocumentStore, StillMay, StoredDocument, UpdateLog, VersionStore
from collab.protocol.structs import WalkedUpdate
from collab.rooms.claims import Author, Origin
from collab.rooms.document import Document
from collab.rooms.preparing import walk
from collab.rooms.room import Room
from collab.rooms.session import Session
from collab.settings import MILLISECONDS, SECONDS, Settings
from collab.turns import Turns

log = structlog.get_logger(__name__)

TICK: Final = 0.5 * SECONDS
"""How often rooms look for silences, slow readers and their own end."""

READ_PATIENCE: Final = 5 * SECONDS
"""How long somebody who reads waits for the last edits of a closed room; a database that is there commits them sooner."""

DRAIN_POLL: Final = 10 * MILLISECONDS
"""How often a draining hub looks whether everything is committed."""


class Hub:
    """All rooms of one process. Use it as an asynchronous context: leaving it drains."""

    def __init__(
        self, update_log: UpdateLog, documents: DocumentStore, versions: VersionStore, settings: Settings
    ) -> None:
        self._log = update_log
        self._documents = documents
        self._settings = settings
        self._replicas = Replicas(settings.limits)
        self._rooms: dict[DocumentName, LiveRoom] = {}
        self._opening: dict[DocumentName, Opening] = {}
        self.deletions = Deletions(documents, self._rooms, self._opening)
        self._leaving: dict[DocumentName, LiveRoom] = {}
        """Rooms that were closed with edits under way to the log, which their successors must find there."""
        self.looking: Turns[DocumentName] = Turns()
        """Of rooms of unknown documents, at whether somebody else has created those meanwhile."""
        self._compacting = Compacting(update_log)
        self._versioning = Versioning(versions, interval=settings.version_interval)
        self._sweeping = Sweeping(versions)
        self._tasks: anyio.abc.TaskGroup
        self.draining = False
        self.lag = LoopLag(lambda: bool(self._rooms or self._opening))
        self.committer = Committer(
            update_log,
            documents,
            interval=settings.commit_interval,
            max_unsaved_bytes=settings.max_unsaved_bytes,
        )

    @classmethod
    @asynccontextmanager
    async def running(
        cls, update_log: UpdateLog, documents: DocumentStore, versions: VersionStore, settings: Settings
    ) -> AsyncIterator[Self]:
        """Run a hub; on leaving, drain it."""
        hub = cls(update_log, documents, versions, settings)
        async with anyio.create_task_group() as tasks:
            hub._tasks = tasks
            for work in (hub.committer.run, hub._tick, hub._compacting.run, hub._sweeping.run):
                tasks.start_soon(work)
            tasks.start_soon(hub._versioning.run, hub._has_editors)
            hub.lag.start()
            try:
                yield hub
                await hub.drain()
            finally:
                hub.lag.stop()
                tasks.cancel_scope.cancel()

    @property
    def open_rooms(self) -> int:
        """Return how many rooms are open."""
        return len(self._rooms)

    # Opening

    async def open(self, name: DocumentName, *, create: bool) -> LiveRoom:
        """Return the document's room, loaded. However many ask at once, it is loaded once.

        `create` says whether an unknown document may come into being here, by its first write. Raises `DocumentNotFound` where it may not,
        `DocumentDeleted`, `CorruptDocument`, `DatabaseUnavailable`, and `ServerDraining`.
        """
        if self.draining:
            raise ServerDraining("the server is going down")
        live = self._rooms.get(name)
        if live is None:
            live = await asyncio.shield(self._open_once(name).outcome)
        elif live.record is None:
            with anyio.CancelScope(shield=True):  # a read that is cut off costs its connection to the database
                await live.look_again()
        if live.record is None and not (create and self._settings.create_documents):
            raise DocumentNotFound(f"there is no document named {name!r}, and it may not be created here")
        return live

    def _open_once(self, name: DocumentName) -> Opening:
        opening = self._opening.get(name)
        if opening is None:
            opening = self._opening[name] = Opening()
            self._tasks.start_soon(self._open, name, opening, name=f"open {name}")
        return opening

    async def _open(self, name: DocumentName, opening: Opening) -> None:
        try:
            if name in self._leaving:
                await self._leaving[name].until_saved()
            stored = await opening.loaded(self._log.load(name))
            replica = await opening.built(self._replicas.build(stored))
            opening.check_lives(stored)
            live = self._make_room(name, stored, replica)
        except OpeningGivenUp:
            return
        except BaseException as error:
            self._open_in_vain(name, opening, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._rooms[name] = live
            if live.tail.is_due:  # left by a server that was stopped before it could
                self.compaction_due(live)
            if stored is not None and stored.content.updates:
                # perhaps by a server that was stopped before it could take a version
                self._versioning.edited(name, stored.record.id, asyncio.get_running_loop().time(), attended=True)
            opening.outcome.set_result(live)
        finally:
            if self._opening.get(name) is opening:
                del self._opening[name]

    def _open_in_vain(self, name: DocumentName, opening: Opening, error: BaseException) -> None:
        if opening.is_given_up:  # nobody asks any more what became of it
            return
        if isinstance(error, CollabError):
            log.warning("a document could not be opened", document=name, error=str(error))
            opening.give_up(error)
            return
        if isinstance(error, Exception):
            log.error("a document could not be opened", document=name, exc_info=error)
        opening.give_up(ServerDraining("the server is going down"))

    def _give_up_opening(self, name: DocumentName, error: CollabError) -> None:
        """Answer those who wait for a document to be opened with an error. Whoever comes then opens it anew."""
        opening = self._opening.pop(name, None)
        if opening is not None:
            opening.give_up(error)

    def _make_room(self, name: DocumentName, stored: StoredDocument | None, replica: Document) -> LiveRoom:
        room = Room(
            replica,
            keep_alive_interval=self._settings.keep_alive_interval,
            stuck_timeout=self._settings.stuck_timeout,
            owners={} if stored is None else stored.owners,
            open_units=() if stored is None else stored.open_units,
            limits=self._settings.limits,
        )
        log.info("room opened", document=name, updates=0 if stored is None else len(stored.content.updates))
        return LiveRoom(name, stored, room, self.committer, self)

    async def join(self, name: DocumentName, session: Session, end: EndSession, *, create: bool) -> LiveRoom:
        """Open the document's room and let a session in. Raises what `open` does."""
        while True:
            live = await self.open(name, create=create)
            if not live.closed:
                live.join(session, end)
                return live

    # What others than sessions do

    async def read(self, name: DocumentName) -> bytes:
        """Return a document's whole state as one update. Raises `DocumentNotFound`, and what `open` does."""
        live = self._rooms.get(name)
        if live is not None and live.is_readable:
            return await live.state()
        await self._until_saved(self._leaving.get(name) or live)
        stored = await self._log.load(name)
        if stored is None:
            raise DocumentNotFound(f"there is no document named {name!r}")
        return await self._replicas.state(stored)

    async def settle(self, name: DocumentName) -> None:
        """Return when everything received so far is committed. Raises `DatabaseUnavailable` where the database takes too long."""
        live = self._rooms.get(name)
        if live is not None:
            live.flush()
        await self._until_saved(self._leaving.get(name) or live)

    async def _until_saved(self, live: LiveRoom | None) -> None:
        """Wait until the log holds what a room without a replica, or one that is leaving, has flushed."""
        if live is None:
            return
        try:
            with anyio.fail_after(READ_PATIENCE):
                await live.until_saved()
        except TimeoutError as error:
            raise DatabaseUnavailable(f"the last edits of {live.name!r} could not be saved yet") from error

    async def write(
        self,
        name: DocumentName,
        update: bytes,
        author: Author | None = None,
        origin: Origin = Origin.WRITTEN,
        *,
        still: StillMay | None = None,
    ) -> None:
        """Apply an update as a session would, and return when it is committed; of the server's own work it may hold any number of edits.

        A large one is taken apart by a process first, and `still` is asked last. Raises `UpdateError` when it is none, `ServerBusy` while
        too much waits for the database, `WorkLost`, and what `open` and `still` do.
        """
        if self.committer.is_full:
            raise ServerBusy("more edits wait for the database than may; come back in a moment")
        if len(update) >= HEAVY and not isinstance(update, WalkedUpdate):
            update = await offloaded(len(update), walk, update, self._settings.limits)
        while True:
            live = await self.open(name, create=False)
            if still is not None:
                await still()
            if not live.closed:
                await live.edit(update, author, origin).wait()
                return

    async def close(self, name: DocumentName) -> None:
        """End every session of a document that was deleted. What they wrote stays in its log, in the trash."""
        self._give_up_opening(name, was_deleted(name))
        if (live := self._rooms.get(name)) is not None:
            part_with_all(live)

    # Surroundings of the rooms

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Load the document from the log."""
        return await self._log.load(name)

    async def replica(self, name: DocumentName) -> Document:
        """Build a replica of the document from the log."""
        return await self._replicas.build(await self._log.load(name))

    async def diffs(self, name: DocumentName, state_vectors: frozenset[bytes]) -> Mapping[bytes, bytes]:
        """Return what lacks, of the document in the log, to somebody with each of these state vectors. Raises `DocumentNotFound`."""
        stored = await self._log.load(name)
        if stored is None:
            raise DocumentNotFound(f"there is no document named {name!r}")
        return await self._replicas.diffs(stored, state_vectors)

    def start(self, work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
        """Run a coroutine function in the hub's task group."""
        self._tasks.start_soon(work, name=name)

    def edited(self, live: LiveRoom) -> None:
        """Take note that something new of the document is in the log."""
        if live.record is not None:
            now = asyncio.get_running_loop().time()
            self._versioning.edited(live.name, live.record.id, now, attended=live.was_edited_here)

    def compaction_due(self, live: LiveRoom) -> None:
        """Have the document's log folded into a snapshot, one document after the other."""
        self._compacting.due(live)

    def drop(self, live: LiveRoom) -> None:
        """Forget a room that was closed."""
        if self._rooms.get(live.name) is live:
            del self._rooms[live.name]
            if live.is_saving:
                self._leaving[live.name] = live

    # Work in the background

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK)
            now = loop.time()
            for live in tuple(self._rooms.values()):
                live.tick(now)
                if not live.closed and self._is_idle(live, now):  # the tick may have closed and dropped it
                    live.closed = True
                    self._rooms.pop(live.name, None)
                    log.info("room closed", document=live.name)
                    self._let_rest(live)
            self._leaving = {name: live for name, live in self._leaving.items() if live.is_saving}

    def _let_rest(self, live: LiveRoom) -> None:
        """Have the log of a room that was closed compacted, if it is worth that."""
        try:
            if live.is_due_at_rest:
                self.compaction_due(live)
        except CollabError as error:  # of the replica; the next room has another one
            log.warning("a log is left as it is", document=live.name, error=str(error))

    def _is_idle(self, live: LiveRoom, now: float) -> bool:
        since = live.empty_since
        return since is not None and now - since >= self._settings.idle_timeout and not live.has_unsaved_edits

    def _has_editors(self, name: DocumentName) -> bool:
        live = self._rooms.get(name)
        return live is not None and live.has_editors

    # The end

    async def drain(self) -> None:
        """Take nobody in, commit what there is, part with everybody, and commit what they said last.

        Gives up after `drain_timeout` seconds; what is not committed then was never acknowledged.
        """
        if self.draining:
            return
        self.draining = True
        for name in tuple(self._opening):
            self._give_up_opening(name, ServerDraining("the server is going down; come back in a moment"))
        with anyio.move_on_after(self._settings.drain_timeout) as first:
            await self._commit_so_far()
        for live in tuple(self._rooms.values()):
            live.end_all(ServerDraining("the server is going down; come back in a moment"))
        with anyio.CancelScope(deadline=first.deadline) as last:
            await self._commit_so_far()
            # such as those that wait for a new replica
            while any(live.has_unsaved_edits for live in self._rooms.values()):
                await asyncio.sleep(DRAIN_POLL)
                await self._commit_so_far()
        if last.cancelled_caught:
            log.error("the server stops with edits that the database did not take; none was acknowledged")

    async def _commit_so_far(self) -> None:
        for live in tuple(self._rooms.values()):
            live.flush()
        await self.committer.drained()
