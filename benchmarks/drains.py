"""Clients whose frames nobody looks at: their bytes are taken from the kernel now and then, which costs next to nothing for each frame."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from benchmarks.clients import Client
from benchmarks.failures import RunFailed

_INTERVAL_SECONDS: Final = 0.01
_BUFFER: Final = 256 * 1024
_LEAST_OF_THE_MEDIAN: Final = 0.5
_POLL_SECONDS: Final = 0.25


class Drain:
    """Counts the bytes that come to some clients, in their order."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients
        self._buffer = bytearray(_BUFFER)
        self.counts = [0] * len(clients)

    async def run(self) -> None:
        """Take what has come again and again until cancelled. Raises `RunFailed` when the server dropped a client."""
        while True:
            self._take()
            await asyncio.sleep(_INTERVAL_SECONDS)

    def _take(self) -> None:
        for number, client in enumerate(self._clients):
            with suppress(BlockingIOError):
                count = client.socket.recv_into(self._buffer)
                if not count:
                    raise RunFailed("a client was disconnected")
                self.counts[number] += count

    async def settle(self) -> None:
        """Wait until nothing comes any more. Raises `RunFailed` where a client got far less than the others."""
        before = -1
        while (total := sum(self.counts)) != before:
            before = total
            await asyncio.sleep(_POLL_SECONDS)
        least = _LEAST_OF_THE_MEDIAN * statistics.median(self.counts)
        if behind := sum(count < least for count in self.counts):
            raise RunFailed(f"{behind} of {len(self.counts)} clients got less than half of what the others got")


@asynccontextmanager
async def drained(clients: Sequence[Client]) -> AsyncIterator[Drain]:
    """Read for these clients within the block, which may go on sending but hear nothing any more.

    Raises `RunFailed` at its end when the server dropped one of them.
    """
    for client in clients:
        client.stop_reading()
    drain = Drain(clients)
    draining = asyncio.create_task(drain.run())
    try:
        yield drain
        if draining.done():
            await draining
    finally:
        draining.cancel()
        with suppress(asyncio.CancelledError, RunFailed):
            await draining
