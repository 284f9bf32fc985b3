"""Another replica, for a room whose own was broken by the CRDT."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from collab.errors import DatabaseUnavailable
from collab.hub.committer import ENTRY_OVERHEAD, LONGEST_RETRY
from collab.ports import DocumentName
from collab.protocol.messages import Awareness, QueryAwareness, RoomMessage, Stateless, SyncStep1, SyncUpdate
from collab.rooms.document import Document
from collab.rooms.room import Room

log = structlog.get_logger(__name__)

FIRST_RETRY: Final = 0.1
"""Seconds from a database that did not answer to the next try."""


class Rebuilding:
    """The time that a room spends without a replica, and how it gets another one."""

    __slots__ = ("_name", "_room", "is_under_way")

    def __init__(self, name: DocumentName, room: Room) -> None:
        self.is_under_way = False
        self._name = name
        self._room = room

    def begin(self) -> None:
        """Note that the replica is lost."""
        self.is_under_way = True

    async def run(
        self,
        until_saved: Callable[[], Awaitable[None]],
        build: Callable[[DocumentName], Awaitable[Document]],
    ) -> None:
        """Load a new replica in place of one that the CRDT broke, after all that was taken in is committed.

        Tries again while the database is out of reach, and until `end` is called. Raises what `build` does besides.
        """
        delay = FIRST_RETRY
        while self.is_under_way:
            await until_saved()
            try:
                document = await build(self._name)
            except DatabaseUnavailable as error:
                log.warning("a room waits for the database", document=self._name, error=str(error))
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_RETRY)
            else:
                log.warning("a replica was rebuilt", document=self._name)
                self._room.rebuild(document)
                self.end()

    def end(self) -> None:
        """Take note that there is a replica again, or no room any more."""
        self.is_under_way = False


def held_bytes_of(message: RoomMessage) -> int:
    """Return what a message that waits for a flush counts for; a presence replaces the one before, so it counts for nothing."""
    match message:
        case SyncUpdate(update):  # first, for nearly all are
            return ENTRY_OVERHEAD + len(update)
        case SyncStep1(state_vector):
            return ENTRY_OVERHEAD + len(state_vector)
        case Stateless(payload):
            return ENTRY_OVERHEAD + len(payload)
        case Awareness() | QueryAwareness():
            return 0
        case _:
            return ENTRY_OVERHEAD + len(message.update)
