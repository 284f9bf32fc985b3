"""Rooms in which people type and read: one measured run on one server."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from benchmarks import units
from benchmarks.clients import Client, Replica, connected_as
from benchmarks.failures import RunFailed
from benchmarks.load import Load, put_on
from benchmarks.measure import Reading, SendTimes, Window, percentile, probes, read
from benchmarks.processes import ProcessTree
from benchmarks.report import TO_THE_BEST_PEER, Column, first
from benchmarks.rounds import Stand, Trial
from benchmarks.workload import Script, Workload, write_scripts
from collab.protocol.updates import StateVector

_CONVERGENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured. Times in seconds, memory in bytes."""

    cpu_per_delivery: float
    cpu_share: float
    """The server's share of one core."""

    p50: float
    p99: float
    deliveries: float
    """Per second, to all readers together."""

    frames: float
    """With edits, per second and reader."""

    idle_memory: int
    """The server's resident memory with everyone connected and nobody writing."""

    busy_memory: int
    """The same when everything was written."""

    memory_each: float
    """Resident memory for each client, over what the server took before anybody came; of a server nobody has used yet."""

    generator_share: float
    """The generator's own share of one core."""

    others_share: float
    """What all other processes of the machine took meanwhile, in cores: in a quiet run next to nothing."""


def columns(*, to: str = TO_THE_BEST_PEER) -> tuple[Column[Outcome], ...]:
    """Return what the tables of such runs show; `to` names whom the others are held against."""
    return (
        Column(
            "CPU per 1,000 deliveries",
            lambda run: run.cpu_per_delivery,
            units.milliseconds_per_thousand,
            to,
            panel="CPU per 1,000 deliveries",
        ),
        Column("p50", lambda run: run.p50, units.milliseconds),
        Column("p99", lambda run: run.p99, units.milliseconds, to, panel="p99"),
        Column("deliveries/s", lambda run: run.deliveries, units.number),
        Column("frames/s to a reader", lambda run: run.frames, units.number),
        Column("CPU share", lambda run: run.cpu_share, units.share),
        Column("idle memory", lambda run: run.idle_memory, units.mebibytes, over_runs=first),
        Column("memory", lambda run: run.busy_memory, units.mebibytes, over_runs=first),
    )


def trial(workload: Workload) -> Trial[Outcome]:
    """Prepare the edits, and return what runs the workload once in rooms nobody has used."""
    return partial(_run, workload, write_scripts(workload))


async def _run(workload: Workload, scripts: Sequence[Script], stand: Stand) -> Outcome:
    rooms = [stand.dialect(str(number)) for number in range(workload.rooms)]
    dialects = [dialect for dialect in rooms for _ in range(workload.readers + workload.writers)]
    async with stand.serving() as server:
        server.processes.refresh()
        empty_memory = server.processes.resident_bytes()
        async with connected_as(dialects, server.port, stand.door) as clients:
            seats = list(_seats(clients, workload, scripts))
            return await _measure(workload, scripts, server.processes, seats, empty_memory)


async def _measure(
    workload: Workload, scripts: Sequence[Script], server: ProcessTree, seats: Sequence["_Seat"], empty_memory: int
) -> Outcome:
    await asyncio.sleep(_IDLE_SECONDS)
    server.refresh()
    idle_memory = server.resident_bytes()
    typing = [(seat.client, seat.script.updates) for seat in seats if seat.script is not None]
    messages = [[client.dialect.update(update) for update in updates] for client, updates in typing]
    load = await put_on(server, [client for client, _ in typing], messages, workload)
    busy_memory = server.resident_bytes()
    await _converge(seats)
    sent = {script.client_id: times for script, times in zip(scripts, load.sent, strict=True)}
    readings = [seat.read(sent, load.window) for seat in probes(_listeners(seats), workload.probes)]
    memory = _Memory(idle_memory, busy_memory, (idle_memory - empty_memory) / len(seats))
    return _outcome(load, readings, workload, memory)


class _Memory(NamedTuple):
    idle: int
    busy: int
    each: float


@dataclass(frozen=True, slots=True)
class _Seat:
    """A client in its room."""

    client: Client
    room: int
    script: Script | None
    """What it types; a reader types nothing."""

    def read(self, sent: SendTimes, window: Window) -> Reading:
        """Decode what came here from the others."""
        own = None if self.script is None else self.script.client_id
        return read(self.client.arrivals, self.client.dialect, sent, window, own=own)


def _seats(clients: Sequence[Client], workload: Workload, scripts: Sequence[Script]) -> Iterator[_Seat]:
    """Seat the clients room by room, the readers of each first."""
    remaining = iter(clients)
    for room in range(workload.rooms):
        for _ in range(workload.readers):
            yield _Seat(next(remaining), room, None)
        for script in scripts[room * workload.writers : (room + 1) * workload.writers]:
            yield _Seat(next(remaining), room, script)


def _listeners(seats: Sequence[_Seat]) -> Sequence[_Seat]:
    """Return those who only read or, where there are none, all."""
    return [seat for seat in seats if seat.script is None] or seats


async def _converge(seats: Sequence[_Seat]) -> None:
    """Wait until every client holds everything, and every edit is acknowledged where the dialect does that."""
    expected: defaultdict[int, dict[int, int]] = defaultdict(dict)
    replicas: defaultdict[int, list[Replica]] = defaultdict(list)
    for seat in seats:
        own = () if seat.script is None else seat.script.updates
        replicas[seat.room].append(Replica(seat.client, seat.client.dialect, own))
        if seat.script is not None:
            expected[seat.room][seat.script.client_id] = len(own)
    rooms = [(replicas[room], expected[room]) for room in replicas]
    await until_converged(rooms)


async def until_converged(rooms: Sequence[tuple[Sequence[Replica], StateVector]]) -> None:
    """Wait until the replicas of each room have all its edits, and the same text. Raises `RunFailed` when that takes too long."""
    complaint = _complaint(rooms)
    deadline = time.monotonic() + _CONVERGENCE_SECONDS  # from here on: nothing is read while megabytes are applied
    while complaint:
        if time.monotonic() > deadline:
            raise RunFailed(complaint)
        await asyncio.sleep(_POLL_SECONDS)
        complaint = _complaint(rooms)


def _complaint(rooms: Sequence[tuple[Sequence[Replica], StateVector]]) -> str | None:
    everybody = [replica for replicas, _ in rooms for replica in replicas]
    for replica in everybody:
        replica.catch_up()
    complete = sum(replica.state_vector == expected for replicas, expected in rooms for replica in replicas)
    if complete < len(everybody):
        lacking = max(_lacking(replica, expected) for replicas, expected in rooms for replica in replicas)
        return f"{complete} of {len(everybody)} clients have every edit; {lacking} are lacking to one of them"
    apart = sum(len({replica.text for replica in replicas}) > 1 for replicas, _ in rooms)
    if apart:
        return f"the clients of {apart} of {len(rooms)} rooms hold different texts"
    missing = sum(replica.unacknowledged for replica in everybody)
    return f"{missing} edits were not acknowledged" if missing else None


def _lacking(replica: Replica, expected: StateVector) -> int:
    held = replica.state_vector
    return sum(max(0, clock - held.get(writer, 0)) for writer, clock in expected.items())


def _outcome(load: Load, readings: Sequence[Reading], workload: Workload, memory: _Memory) -> Outcome:
    seconds = load.window.seconds
    latencies = [latency for reading in readings for latency in reading.latencies]
    each_reader = sum(reading.deliveries for reading in readings) / len(readings)
    deliveries = each_reader * workload.listeners
    return Outcome(
        cpu_per_delivery=load.server_seconds / deliveries,
        cpu_share=load.server_share,
        p50=percentile(latencies, 0.50),
        p99=percentile(latencies, 0.99),
        deliveries=deliveries / seconds,
        frames=sum(reading.frames for reading in readings) / len(readings) / seconds,
        idle_memory=memory.idle,
        busy_memory=memory.busy,
        memory_each=memory.each,
        generator_share=load.generator_share,
        others_share=load.others_share,
    )
