"""What clients send, read from all their sockets in one place: at once while little comes, and on a beat when much does.

To wake up for one keystroke costs several times what the keystroke does: the caches are cold, and the event loop goes its whole way for
it. So from some hundred messages a second on, what has come is read every few milliseconds, in one go. Network cards have done the same
for long, and call it interrupt moderation. The sockets are watched by an `epoll` of its own (Linux), which the event loop watches in turn.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Self

import structlog

log = structlog.get_logger(__name__)

CALM: Final = 400.0
"""Messages a second up to which each is read at once: so few gather in a beat that it would save nothing."""

BEAT_PER_MESSAGE: Final = 2e-5
"""Seconds by which the beat grows with each message a second above that."""

LONGEST_BEAT: Final = 8e-3
"""Seconds; half a frame of a screen that shows sixty. A beat then costs less than a hundredth of a processor."""

_WINDOW: Final = 0.1
"""Seconds over which messages are counted."""

_AT_ONCE: Final = 512
"""Sockets that are read before the event loop does something else."""

Read = Callable[[], None]
"""Reads what has come."""


def beat_for(rate: float) -> float:
    """Return how long to wait between two readings when so many messages come a second; 0 is to read each at once. In seconds."""
    return min(max(rate - CALM, 0.0) * BEAT_PER_MESSAGE, LONGEST_BEAT)


class Intake:
    """Calls those who wait for bytes when there are some."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._poll = select.epoll()
        self._readers: dict[int, Read] = {}
        self._count = 0
        self._counted_since = self._loop.time()
        self._beat = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._poll.fileno(), self._read_ready)

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> "AsyncIterator[Self | None]":
        """Give one for as long as the block lasts; `None` where the system has no `epoll`."""
        if not hasattr(select, "epoll"):
            yield None
            return
        intake = cls()
        try:
            yield intake
        finally:
            intake.close()

    @property
    def has_beat(self) -> bool:
        """Whether so much comes that it is read on a beat."""
        return self._timer is not None

    def add(self, descriptor: int, read: Read) -> None:
        """Have `read` called whenever there is something to read from a socket, an end or an error included."""
        self._readers[descriptor] = read
        self._poll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int, read: Read) -> None:
        """Have it called no more; harmless when it is not, or when the descriptor was closed and is somebody else's by now."""
        if self._readers.get(descriptor) == read:
            del self._readers[descriptor]
            with suppress(OSError):  # the system has forgotten a closed one by itself
                self._poll.unregister(descriptor)

    def close(self) -> None:
        """Call nobody any more."""
        self._loop.remove_reader(self._poll.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._readers.clear()
        self._poll.close()

    def _read_ready(self) -> None:
        ready = self._poll.poll(0, _AT_ONCE)
        for descriptor, _ in ready:
            read = self._readers.get(descriptor)
            if read is None:  # it was removed by one of those before it
                continue
            try:
                read()
            except Exception:  # the others must be read all the same
                log.exception("what a client sent was not read")
        self._count += len(ready)
        now = self._loop.time()
        if now - self._counted_since >= _WINDOW:
            self._beat = beat_for(self._count / (now - self._counted_since))
            self._count, self._counted_since = 0, now
        self._wait()

    def _wait(self) -> None:
        if self._beat:
            if self._timer is None:
                self._loop.remove_reader(self._poll.fileno())
            self._timer = self._loop.call_later(self._beat, self._read_ready)
        elif self._timer is not None:
            self._timer = None
            self._loop.add_reader(self._poll.fileno(), self._read_ready)
