"""Many who open the same document at once: how long the last of them waits for all of it, and what that costs the server.

Somebody has it open already, or nobody since the server started.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from picows import WSError, WSFrame, WSTransport

from benchmarks import units
from benchmarks.clients import Client, connect, connected, joined
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.manuscripts import Manuscript, manuscript
from benchmarks.processes import RunningServer
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.usage import CpuSeconds, Memory, Usage, at_rest
from benchmarks.workload import sleep_until
from collab.protocol.messages import SyncStep2, SyncUpdate

_LONGEST_WAIT: Final = 120.0
_WRITING_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.2
_SETTLING_SECONDS: Final = 1.0
_STORING_SECONDS: Final = 10.0
"""After the author has left, and longer where the server is busy then."""


@dataclass(frozen=True, slots=True)
class Rush:
    """Who comes, and to what. Times in seconds."""

    clients: int
    within: float
    """From the first to the last; they come at even intervals."""

    pages: int = 1
    closed: bool = False
    """Whether the server was started again since anybody had the document open."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, memory in bytes."""

    server_seconds: float
    """CPU time, from the first client's coming until the last one holds everything."""

    longest: float
    """From a client's connecting until it held the whole document: the longest there was."""

    growth: int
    """Of the server's resident memory, at most, meanwhile."""

    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column(
        "CPU of the server",
        lambda run: run.server_seconds,
        units.whole_seconds,
        TO_THE_BEST_PEER,
        panel="CPU of the server",
    ),
    Column("longest wait", lambda run: run.longest, units.whole_seconds, TO_THE_BEST_PEER, panel="longest wait"),
    Column("memory grows by", lambda run: run.growth, units.mebibytes, TO_THE_BEST_PEER, panel="memory grows by"),
)


def trial(rush: Rush) -> Trial[Outcome]:
    """Write the document, and return what has everybody open it."""
    return partial(_run, rush, manuscript(rush.pages))


async def _run(rush: Rush, document: Manuscript, stand: Stand) -> Outcome:
    dialect = stand.dialect()
    if rush.closed:
        await _shelve(document, dialect, stand)
        async with stand.serving() as server:
            await asyncio.sleep(_SETTLING_SECONDS)
            return await _measured(rush, document, dialect, stand, server)
    async with (
        stand.serving() as server,
        connected(1, dialect, server.port, stand.door) as (author,),  # who stays: nobody finds the document closed
    ):
        await _write(document, author, server.port, stand.door)
        await asyncio.sleep(_SETTLING_SECONDS)
        outcome = await _measured(rush, document, dialect, stand, server)
        author.check()
    return outcome


async def _shelve(document: Manuscript, dialect: ClientDialect, stand: Stand) -> None:
    """Have a server store the document, which nobody has open any more when it is ended."""
    if (fill := stand.contender.server.fill) is not None:
        await fill(stand.directory, dialect.path(stand.door), document.updates)
        return
    async with stand.serving() as server:
        async with connected(1, dialect, server.port, stand.door) as (author,):
            await _write(document, author, server.port, stand.door)
        await asyncio.sleep(_STORING_SECONDS)
        await at_rest(server.processes, _LONGEST_WAIT)


async def _write(document: Manuscript, author: Client, port: int, door: str) -> None:
    """Send it all, and ask anew until the server gives it whole."""
    for update in document.updates:
        author.send(author.dialect.update(update))
    deadline = time.monotonic() + _WRITING_SECONDS
    while not document.holds(await ask(author.dialect, port, door)):
        if time.monotonic() > deadline:
            raise RunFailed("the server did not take the document")
        await asyncio.sleep(_POLL_SECONDS)


async def _measured(
    rush: Rush, document: Manuscript, dialect: ClientDialect, stand: Stand, server: RunningServer
) -> Outcome:
    server.processes.refresh()
    memory = Memory(server.processes)
    watching = asyncio.create_task(memory.watch())
    before = CpuSeconds.now(server.processes)
    answers: list[bytes] = []
    openers = [_Opener(dialect, document.size, answers) for _ in range(rush.clients)]
    try:
        waits = await _come(openers, rush, server.port, stand.door)
        usage = Usage(before, CpuSeconds.now(server.processes))
        memory.look()
    finally:
        watching.cancel()
        for opener in openers:
            opener.leave()
    for answer in answers:
        if not document.holds(state_in(answer, dialect)):
            raise RunFailed("a client got a document that is not the whole one")
    return Outcome(usage.server_seconds, max(waits), memory.growth, usage.generator_share, usage.others_share)


class _Opener(Client):
    """A client that copies no answer that another has got already: thousands of them would keep the generator busy."""

    def __init__(self, dialect: ClientDialect, size: int, answers: list[bytes]) -> None:
        """Make one that expects a document of about this size; all share the list of the different answers."""
        super().__init__(dialect, keeps=False)
        self._size = size
        self._answers = answers

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self.synced.done():
            return
        payload = frame.get_payload_as_memoryview()
        if any(len(answer) == len(payload) and answer.startswith(payload) for answer in self._answers):
            self.synced.set_result(time.perf_counter())
            return
        super().on_ws_frame(transport, frame)

    def _greet(self, at: float, message: bytes) -> None:
        heard = self.dialect.hear(message)
        if not isinstance(heard, SyncStep2 | SyncUpdate):
            super()._greet(at, message)
        elif (
            len(heard.update) > self._size / 2
        ):  # a server that has not read its store yet answers with nothing at first
            self._answers.append(self.arrivals.pop().message)
            self.synced.set_result(at)


async def _come(openers: Sequence[_Opener], rush: Rush, port: int, door: str) -> list[float]:
    start = time.perf_counter()
    coming = [
        _open(opener, start + number * rush.within / len(openers), port, door) for number, opener in enumerate(openers)
    ]
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            return await asyncio.gather(*coming)
    except (TimeoutError, OSError, WSError) as error:
        synced = sum(opener.is_synced for opener in openers)
        raise RunFailed(f"{synced} of {len(openers)} clients got the document: {error!r}") from error


async def _open(opener: _Opener, at: float, port: int, door: str) -> float:
    """Come at this moment; return how long it took until the document was there."""
    await sleep_until(at)
    start = time.perf_counter()
    await connect(opener, port, door)
    return await opener.synced - start


def state_in(message: bytes, dialect: ClientDialect) -> bytes:
    """Return what a step 2 or an update carries. Raises `RunFailed` for another message."""
    heard = dialect.hear(message)
    if not isinstance(heard, SyncStep2 | SyncUpdate):
        raise RunFailed(f"{type(heard).__name__} came; expected step 2 or an update")
    return heard.update


async def ask(dialect: ClientDialect, port: int, door: str) -> bytes:
    """Return the state that a new client gets."""
    client = Client(dialect, keeps=False)
    async with joined([client], port, door):
        return state_in(client.arrivals[-1].message, dialect)
