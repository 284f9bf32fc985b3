"""The timer of one room: it flushes when its pacing says, edits and answers soon, presence alone at a pace of its own."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from collab.rooms.pacing import Pacing


class PacedRoom(Protocol):
    """What the timer asks of a room."""

    @property
    def readers(self) -> int:
        """How many sessions each flush goes to."""
        ...

    @property
    def has_work(self) -> bool:
        """Whether a flush would do anything, apart from passing on presence."""
        ...

    @property
    def has_presence_to_tell(self) -> bool:
        """Whether a flush would pass on presence."""
        ...


class FlushTime(NamedTuple):
    """That a flush is to be made now."""

    now: float
    """On the clock of the event loop, in seconds."""

    with_presence: bool


class FlushTimer:
    """Calls `flush`, which asks `begin` what it is to flush."""

    __slots__ = ("_awaits_presence", "_flush", "_handle", "_loop", "_pacing", "_room")

    def __init__(self, loop: asyncio.AbstractEventLoop, room: PacedRoom, flush: Callable[[], None]) -> None:
        self._loop = loop
        self._room = room
        self._flush = flush
        self._pacing = Pacing()
        self._handle: asyncio.Handle | None = None
        self._awaits_presence = False
        """Whether the timer runs for presence alone, and is to be set anew for anything else."""

    def schedule(self) -> None:
        """Have the room flushed when what it has is due."""
        if self._handle is not None and not self._awaits_presence:
            return
        if self._room.has_work:
            self.stop()
            self._awaits_presence = False
            self._start(self._pacing.wait(self._loop.time(), self._room.readers))
        elif self._handle is None and self._room.has_presence_to_tell:
            self._awaits_presence = True
            self._start(self._pacing.wait_with_presence(self._loop.time(), self._room.readers))

    def _start(self, seconds: float) -> None:
        self._handle = self._loop.call_later(seconds, self._flush) if seconds > 0 else self._loop.call_soon(self._flush)

    def stop(self) -> None:
        """Forget what was scheduled."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def begin(self) -> FlushTime | None:
        """Take note that a flush begins, and say what of; `None` where there is nothing."""
        self.stop()
        room = self._room
        has_work = room.has_work
        if not (has_work or room.has_presence_to_tell):
            return None
        now = self._loop.time()
        with_presence = self._pacing.presence_is_due(now, room.readers)
        self._pacing.flushed(now, edits=has_work, presence=with_presence)
        return FlushTime(now, with_presence)
