"""All contenders side by side: the same trial of one after the other, round by round."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from benchmarks.contenders import Contender, Server
from benchmarks.dialects import ClientDialect
from benchmarks.failures import RunFailed
from benchmarks.measure import check_undisturbed
from benchmarks.processes import RunningServer, free_port, running

_LONGEST_TRIAL: Final = 600.0
_NUMBERED: Final = "output-{}.log"


class Outcome(Protocol):
    """What every trial tells of who else was busy while it measured: shares of one core."""

    @property
    def generator_share(self) -> float: ...

    @property
    def others_share(self) -> float: ...


Result = TypeVar("Result", bound=Outcome)

Serving = Callable[[], AbstractAsyncContextManager[RunningServer]]
"""Gives a server to use within the block."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a trial takes place."""

    contender: Contender
    room: str
    """A name nobody has used; rooms whose names begin with it are free too."""

    serving: Serving
    """Each server of its own that a trial starts here finds what the one before it kept."""

    directory: Path
    """Where that is kept, and where there is nothing at first."""

    def dialect(self, room: str = "") -> ClientDialect:
        """Return the contender's dialect, spoken to the room of this name."""
        return self.contender.dialect(f"{self.room}{room}")

    @property
    def door(self) -> str:
        """Where the contender's dialect is taken."""
        return self.contender.door


Trial = Callable[[Stand], Coroutine[object, object, Result]]
"""Measures once. Raises `RunFailed` when that does not count."""

Outcomes = Mapping[str, Sequence[Result | RunFailed]]
"""For each contender's label, what its runs came to, in the order of the rounds."""

Progress = Callable[[int, Contender, Result | RunFailed], None]
"""Told of each run when it is over, with the number of its round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the trials are made."""

    contenders: Sequence[Contender]
    rounds: int
    afresh: bool
    """Whether each trial gets a server of its own; otherwise all stay up, and only one that failed is replaced."""

    noisy: bool = False
    """Whether a run counts however busy the machine was with other things."""


async def side_by_side(plan: Plan, trial: Trial[Result], progress: Progress[Result]) -> Outcomes[Result]:
    """Try every contender once in each round."""
    outcomes: dict[str, list[Result | RunFailed]] = {contender.label: [] for contender in plan.contenders}
    async with _servers(plan) as serving:
        for number in range(1, plan.rounds + 1):
            for place, contender in enumerate(plan.contenders):
                with tempfile.TemporaryDirectory(prefix="collab-benchmark-") as scratch:
                    directory = Path(scratch)
                    room = f"room-{number}-{place}-"
                    stand = Stand(contender, room, serving(contender.server, directory), directory)
                    outcome = await outcome_of(trial, stand, noisy=plan.noisy)
                outcomes[contender.label].append(outcome)
                progress(number, contender, outcome)
    return outcomes


async def outcome_of(trial: Trial[Result], stand: Stand, *, noisy: bool) -> Result | RunFailed:
    """Try once; a noisy run counts however busy the machine was with other things."""
    try:
        async with asyncio.timeout(_LONGEST_TRIAL):
            result = await trial(stand)
        others = 0.0 if noisy else result.others_share
        check_undisturbed(result.generator_share, others, os.cpu_count() or 1)
    except RunFailed as failure:
        return failure
    except TimeoutError:
        return RunFailed(f"it was not over after {_LONGEST_TRIAL:g} s")
    return result


_Lend = Callable[[Server, Path], Serving]
"""Takes an empty directory for what the server keeps, should it be one of its own."""


@asynccontextmanager
async def _servers(plan: Plan) -> AsyncIterator[_Lend]:
    if plan.afresh:
        yield lambda server, scratch: lambda: started(server, scratch)
        return
    with tempfile.TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        standing = _Standing(Path(scratch))
        try:
            for contender in plan.contenders:
                with suppress(RunFailed):  # its trials will say so
                    await standing.server(contender.server)
            yield lambda server, _: lambda: standing.lent(server)
        finally:
            await standing.end()


class _Standing:
    """Servers that stay up from trial to trial; one with which a trial failed is ended, and started anew for the next."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._up: dict[Server, tuple[RunningServer, AsyncExitStack]] = {}
        self._started = 0

    async def server(self, server: Server) -> RunningServer:
        """Return the server, which is started if it is not up. Raises `RunFailed` when it does not come up."""
        if server not in self._up:
            self._started += 1
            directory = self._scratch / str(self._started)
            directory.mkdir()
            stack = AsyncExitStack()
            self._up[server] = (await stack.enter_async_context(started(server, directory)), stack)
        return self._up[server][0]

    @asynccontextmanager
    async def lent(self, server: Server) -> AsyncIterator[RunningServer]:
        try:
            yield await self.server(server)
        except (RunFailed, TimeoutError, asyncio.CancelledError):
            await self._end(server)
            raise

    async def end(self) -> None:
        """End them all."""
        for server in list(self._up):
            await self._end(server)

    async def _end(self, server: Server) -> None:
        if server in self._up:
            _, stack = self._up.pop(server)
            await stack.aclose()


def started(server: Server, directory: Path) -> AbstractAsyncContextManager[RunningServer]:
    """Start a server on what is in the directory; end it when the block is left."""
    port = free_port()
    log = directory / _NUMBERED.format(port)
    return running(server.name, server.command(port, directory), port, log)


def clear_settings() -> None:
    """Drop the caller's own settings, a secret among them, from what the servers will inherit."""
    for name in [name for name in os.environ if name.startswith("COLLAB_")]:
        del os.environ[name]
