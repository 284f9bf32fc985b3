"""How often a server commits, and how long an update waits for its acknowledgement, at a given rate of updates."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client, Replica, connected_as
from benchmarks.contenders import collab_command
from benchmarks.databases import Database
from benchmarks.dialects import HocuspocusClient, Saved
from benchmarks.failures import RunFailed
from benchmarks.kills import DOOR
from benchmarks.load import put_on
from benchmarks.measure import Window, check_generator, percentile
from benchmarks.processes import free_port, running
from benchmarks.workload import Script, Workload, write_scripts

DOCUMENTS: Final = 100
"""Each with one writer. So many that none is compacted meanwhile: the commits are counted in the log."""

_SETTLING_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """What one rate came to on one database. Times in seconds, shares of one core."""

    rate: float
    """Updates per second that were sent."""

    commits: float
    """Per second."""

    p50: float
    p99: float
    """From the moment the generator hands an update to its socket until its acknowledgement has come in."""

    server_share: float
    others_share: float
    """All processes but the server and the generator; a database server is among them."""


async def pace(database: Database, rate: float, *, seconds: float, warm_up: float) -> Pace:
    """Type at this rate into documents nobody has used. Raises `RunFailed` when the run does not count."""
    port = free_port()
    command = collab_command(port, database.scratch, database_url=database.url)
    prefix = f"pace-{rate:g}-"
    dialects = [HocuspocusClient(f"{prefix}{number}") for number in range(DOCUMENTS)]
    workload = Workload(writers=DOCUMENTS, rate=rate / DOCUMENTS, seconds=seconds, warm_up=warm_up)
    scripts = write_scripts(workload)
    messages = [
        [dialect.update(update) for update in script.updates] for dialect, script in zip(dialects, scripts, strict=True)
    ]
    async with (
        running("Collab", command, port, database.scratch / "output.log") as server,
        connected_as(dialects, port, DOOR) as clients,
    ):
        load = await put_on(server.processes, clients, messages, workload)
        await _all_saved(clients, dialects, scripts)
        since_epoch = time.time() - time.perf_counter()
        commits = await database.commits(prefix, since_epoch + load.window.start, since_epoch + load.window.end)
        letters = await database.letters(dialect.room for dialect in dialects)
    if letters != DOCUMENTS * workload.keystrokes:
        raise RunFailed(f"{letters} updates are in the log; expected {DOCUMENTS * workload.keystrokes}")
    check_generator(load.generator_share)
    latencies = [
        latency
        for client, dialect, sent in zip(clients, dialects, load.sent, strict=True)
        for latency in _waits(client, dialect, sent, load.window)
    ]
    return Pace(
        rate=rate,
        commits=commits / load.window.seconds,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        server_share=load.server_share,
        others_share=load.others_share,
    )


async def _all_saved(
    clients: Sequence[Client], dialects: Sequence[HocuspocusClient], scripts: Sequence[Script]
) -> None:
    """Wait until every update is acknowledged."""
    replicas = [
        Replica(client, dialect, script.updates)
        for client, dialect, script in zip(clients, dialects, scripts, strict=True)
    ]
    deadline = time.monotonic() + _SETTLING_SECONDS
    while missing := _unacknowledged(replicas):
        if time.monotonic() > deadline:
            raise RunFailed(f"{missing} updates were not acknowledged")
        await asyncio.sleep(_POLL_SECONDS)


def _unacknowledged(replicas: Sequence[Replica]) -> int:
    for replica in replicas:
        replica.catch_up()
    return sum(replica.unacknowledged for replica in replicas)


def _waits(client: Client, dialect: HocuspocusClient, sent: Sequence[float], window: Window) -> Iterator[float]:
    """Yield how long each update that was sent in the window waited; a client is answered in the order in which it spoke."""
    saved = [arrival.at for arrival in client.arrivals if isinstance(dialect.hear(arrival.message), Saved)]
    for sent_at, saved_at in zip(sent, saved[client.answers :], strict=True):
        if window.holds(sent_at):
            yield saved_at - sent_at
