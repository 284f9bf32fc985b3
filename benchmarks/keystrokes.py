"""One person who types in a document while another reads: when the letters arrive, and what each of them takes."""

from dataclasses import dataclass
from typing import Final

from benchmarks.clients import Client, Replica
from benchmarks.fanout import until_converged
from benchmarks.load import put_on
from benchmarks.measure import percentile, read
from benchmarks.processes import RunningServer
from benchmarks.workload import Workload, write_scripts
from collab.protocol.updates import StateVector

TYPING: Final = Workload(writers=1, readers=1, rate=20, warm_up=1, seconds=6, probes=1)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the typing came to."""

    p99: float
    """Seconds from sending a letter to its arrival at the reader."""

    cpu: float
    """Seconds of CPU that the server took for each letter."""

    generator_share: float
    others_share: float


async def type_letters(author: Client, reader: Client, held: StateVector, server: RunningServer) -> Typed:
    """Have the author type in a document that holds so much. Raises `RunFailed` when not all arrives at both."""
    (script,) = write_scripts(TYPING)
    dialect = author.dialect
    messages = [dialect.update(update) for update in script.updates]
    load = await put_on(server.processes, [author], [messages], TYPING)
    replicas = [Replica(author, dialect, script.updates), Replica(reader, dialect)]
    await until_converged([(replicas, {**held, script.client_id: len(script.updates)})])
    opening = reader.synced.result()
    arrivals = [arrival for arrival in reader.arrivals if arrival.at > opening]
    reading = read(arrivals, dialect, {script.client_id: load.sent[0]}, load.window)
    return Typed(
        p99=percentile(reading.latencies, 0.99),
        cpu=load.server_seconds / (TYPING.rate * TYPING.seconds),
        generator_share=load.generator_share,
        others_share=load.others_share,
    )
