"""All contenders side by side: every server up at once, the load on one after the other, round by round."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.contenders import CONTENDERS, SERVERS, Contender
from benchmarks.failures import RunFailed
from benchmarks.fanout import Outcome, run
from benchmarks.processes import RunningServer, free_port, running
from benchmarks.workload import Workload, write_scripts

Outcomes = dict[str, list[Outcome | RunFailed]]
"""For each contender's label, what its runs came to, in the order of the rounds."""

Progress = Callable[[int, Contender, Outcome | RunFailed], None]
"""Told of each run when it is over, with the number of its round."""


async def fan_out(workload: Workload, rounds: int, progress: Progress) -> Outcomes:
    """Measure every contender once in each round. Raises `RunFailed` when a server does not start."""
    scripts = write_scripts(workload)
    outcomes: Outcomes = {contender.label: [] for contender in CONTENDERS}
    async with _all_servers() as servers:
        for number in range(1, rounds + 1):
            for contender in CONTENDERS:
                dialect = contender.dialect(f"fanout-{number}-{CONTENDERS.index(contender)}")
                outcome: Outcome | RunFailed
                try:
                    outcome = await run(servers[contender.server.name], dialect, contender.door, workload, scripts)
                except RunFailed as failure:
                    outcome = failure
                outcomes[contender.label].append(outcome)
                progress(number, contender, outcome)
    return outcomes


@asynccontextmanager
async def _all_servers() -> AsyncIterator[dict[str, RunningServer]]:
    with tempfile.TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        async with AsyncExitStack() as stack:
            servers = {}
            for number, server in enumerate(SERVERS):
                directory = Path(scratch) / str(number)
                directory.mkdir()
                port = free_port()
                command = server.command(port, directory)
                log = directory / "output.log"
                servers[server.name] = await stack.enter_async_context(running(server.name, command, port, log))
            yield servers


def clear_settings() -> None:
    """Drop the caller's own settings, a secret among them, from what the servers will inherit."""
    for name in [name for name in os.environ if name.startswith("COLLAB_")]:
        del os.environ[name]
