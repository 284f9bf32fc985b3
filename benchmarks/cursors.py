"""People who move about in one room: how soon the others see where they are, and what that costs the server."""

import asyncio
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from benchmarks import units
from benchmarks.clients import Arrival, Client, connected
from benchmarks.dialects import ClientDialect
from benchmarks.drains import drained
from benchmarks.failures import RunFailed
from benchmarks.load import put_on
from benchmarks.measure import SendTimes, Window, percentile, probes
from benchmarks.report import TO_THE_BEST_PEER, Column
from benchmarks.rounds import Stand, Trial
from benchmarks.workload import SEED, Workload
from collab.protocol.awareness import encode_awareness
from collab.protocol.messages import Awareness, AwarenessEntry

WORKLOAD: Final = Workload(writers=100, readers=0, rate=15, probes=10)
_CONVERGENCE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, shares of one core."""

    p50: float
    p99: float
    """From sending a state to the arrival of it, or of a newer one of the same client."""

    frames: float
    """With presence, per second and client."""

    cpu_share: float
    generator_share: float
    others_share: float


COLUMNS: Final[tuple[Column[Outcome], ...]] = (
    Column("CPU share", lambda run: run.cpu_share, units.share, TO_THE_BEST_PEER, panel="CPU share"),
    Column("p50", lambda run: run.p50, units.milliseconds),
    Column("p99", lambda run: run.p99, units.milliseconds, TO_THE_BEST_PEER, panel="p99"),
    Column("frames/s to a client", lambda run: run.frames, units.number),
)


@dataclass(frozen=True, slots=True)
class Walk:
    """Where one person goes: the state at index `n` has the clock `n + 1`."""

    client_id: int
    payloads: tuple[bytes, ...]


def walks(workload: Workload, seed: int = SEED) -> list[Walk]:
    """Prepare where everybody goes."""
    source = random.Random(seed)
    return [
        Walk(
            2**31 + number, tuple(_state(2**31 + number, clock, source) for clock in range(1, workload.keystrokes + 1))
        )
        for number in range(workload.writers)
    ]


def _state(client_id: int, clock: int, source: random.Random) -> bytes:
    place = {"client": client_id, "clock": source.randrange(10_000, 100_000), "assoc": 0}
    state = {"name": f"Person {client_id % 1000}", "color": "#30bced", "cursor": place}
    return encode_awareness([AwarenessEntry(client_id, clock, json.dumps(state, separators=(",", ":")))])


def trial(seconds: float) -> Trial[Outcome]:
    """Prepare everybody's states, and return what has them sent in a room nobody has used."""
    workload = replace(WORKLOAD, seconds=seconds)
    return partial(_run, workload, walks(workload))


async def _run(workload: Workload, everybody: Sequence[Walk], stand: Stand) -> Outcome:
    dialect = stand.dialect()
    messages = [[dialect.awareness(payload) for payload in walk.payloads] for walk in everybody]
    async with (
        stand.serving() as server,
        connected(len(everybody), dialect, server.port, stand.door) as clients,
    ):
        watching = probes(range(len(clients)), workload.probes)
        unwatched = [client for number, client in enumerate(clients) if number not in watching]
        async with drained(unwatched):
            load = await put_on(server.processes, clients, messages, workload)
            await _arrive_all(
                [(clients[number], everybody[number].client_id) for number in watching], dialect, everybody
            )
        sent = {walk.client_id: times for walk, times in zip(everybody, load.sent, strict=True)}
        sightings = [
            see(clients[number].arrivals, dialect, sent, load.window, own=everybody[number].client_id)
            for number in watching
        ]
    latencies = [latency for sighting in sightings for latency in sighting.latencies]
    return Outcome(
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        frames=sum(sighting.frames for sighting in sightings) / len(sightings) / load.window.seconds,
        cpu_share=load.server_share,
        generator_share=load.generator_share,
        others_share=load.others_share,
    )


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one client saw of the others."""

    latencies: tuple[float, ...]
    """Seconds from send to arrival of each state that was sent in the window; one that was skipped came with the next."""

    frames: int
    """With presence, that came in the window."""


def see(
    arrivals: Iterable[Arrival], dialect: ClientDialect, sent: SendTimes, window: Window, own: int | None = None
) -> Sighting:
    """Decode a client's arrivals, but for its own states."""
    reached = dict.fromkeys(sent, 0)
    latencies: list[float] = []
    frames = 0
    for at, message in arrivals:
        heard = dialect.hear(message)
        if not isinstance(heard, Awareness):
            continue
        frames += window.holds(at)
        for entry in heard.entries:
            before = reached.get(entry.client_id, entry.clock)
            if entry.client_id == own or entry.clock <= before:
                continue
            reached[entry.client_id] = entry.clock
            latencies += [at - moment for moment in sent[entry.client_id][before : entry.clock] if window.holds(moment)]
    return Sighting(tuple(latencies), frames)


async def _arrive_all(
    watching: Sequence[tuple[Client, int]], dialect: ClientDialect, everybody: Sequence[Walk]
) -> None:
    """Wait until those who are watched have seen where everybody else has gone last."""
    last = {walk.client_id: len(walk.payloads) for walk in everybody}
    missing = [set(last) - {own} for _, own in watching]
    seen = [0] * len(watching)
    deadline = time.monotonic() + _CONVERGENCE_SECONDS
    while any(missing):
        for number, (client, _) in enumerate(watching):
            client.check()
            new = client.arrivals[seen[number] :]
            seen[number] += len(new)
            for heard in (dialect.hear(message) for _, message in new):
                if isinstance(heard, Awareness):
                    missing[number] -= {
                        entry.client_id for entry in heard.entries if entry.clock >= last.get(entry.client_id, 0)
                    }
        if time.monotonic() > deadline:
            raise RunFailed(f"{sum(map(len, missing))} last states did not come to {len(watching)} clients")
        await asyncio.sleep(_POLL_SECONDS)
