"""A server that dies at random moments while somebody types: is everything that it called saved in the database?"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from pycrdt import Doc, Text

from benchmarks.clients import Client, Replica, connected
from benchmarks.contenders import collab_command
from benchmarks.databases import Content, Database
from benchmarks.dialects import HocuspocusClient, Saved
from benchmarks.failures import RunFailed
from benchmarks.processes import RunningServer, free_port, running
from benchmarks.workload import ROOT, SEED, Script, Workload, sleep_until, write_scripts

DOOR: Final = "/hocuspocus"
ROOM: Final = "durability"
_END_SECONDS: Final = 10.0
_LEAD_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class KillPlan:
    """How often the server dies, and how it is used until then."""

    kills: int
    seconds: float
    """The longest that somebody types before; it dies at a random moment of it."""

    rate: float = 200.0
    """Updates per second."""

    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Death:
    """One kill, as the typist saw it."""

    sent: int
    acknowledged: int
    oldest: float
    """How long ago, in seconds, the oldest update was sent that was not acknowledged when the server died; 0 when there was none."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """What all the kills came to on one database."""

    each: Sequence[Death]
    lost: int
    """Acknowledged updates that were not in the database after a kill, or not in what the next server served."""

    @property
    def acknowledged(self) -> int:
        """How many updates were acknowledged in all."""
        return sum(death.acknowledged for death in self.each)


class Ledger:
    """What the server has called saved in its lives so far, held against what is found."""

    def __init__(self) -> None:
        self._typed: list[tuple[Script, int]] = []
        self.lost = 0
        """The most updates that were missing at one look."""

    def add(self, script: Script, acknowledged: int) -> None:
        """Note that the first updates of a script, so many, were acknowledged."""
        self._typed.append((script, acknowledged))

    def look(self, content: Content) -> None:
        """Count what is missing in this content. Raises `RunFailed` where the text is not what its updates spell."""
        held = content.state_vector
        missing = sum(max(count - held.get(script.client_id, 0), 0) for script, count in self._typed)
        self.lost = max(self.lost, missing)
        if content.text != self._spelt(content):
            raise RunFailed("the text that was found is not what its updates spell")

    def _spelt(self, content: Content) -> str:
        document: Doc[Text] = Doc()
        text = document.get(ROOT, type=Text)
        with document.transaction():
            for script, _ in self._typed:
                for update in script.updates[: content.state_vector.get(script.client_id, 0)]:
                    document.apply_update(update)
        return str(text)


async def kill_again_and_again(database: Database, plan: KillPlan, progress: Callable[[Death, int], None]) -> Deaths:
    """Have a server die as planned, on one document; `progress` is told of each death, and how much was missing so far."""
    moments = random.Random(plan.seed)
    ledger, deaths, port = Ledger(), [], free_port()
    dialect = HocuspocusClient(ROOM)
    for number in range(plan.kills + 1):
        async with _serving(database, port) as server, connected(1, dialect, port, DOOR) as (client,):
            if number:  # the server before it has died
                ledger.look(_content_of(client, dialect))
            if number == plan.kills:
                break
            script = _script(plan, number)
            death = await _type_until_killed(server, client, dialect, script, plan.rate, moments.random())
        ledger.add(script, death.acknowledged)
        ledger.look(await database.content(ROOM))
        deaths.append(death)
        progress(death, ledger.lost)
    return Deaths(deaths, ledger.lost)


def _serving(database: Database, port: int) -> AbstractAsyncContextManager[RunningServer]:
    command = collab_command(port, database.scratch, database_url=database.url)
    return running("Collab", command, port, database.scratch / "output.log")


def _script(plan: KillPlan, number: int) -> Script:
    """Return what somebody types in one life of the server, whose client id nobody had before."""
    workload = Workload(writers=1, rate=plan.rate, seconds=plan.seconds, warm_up=0)
    return write_scripts(workload, plan.seed + number)[0]


def _content_of(client: Client, dialect: HocuspocusClient) -> Content:
    replica = Replica(client, dialect)
    replica.catch_up()
    return Content(replica.state_vector, replica.text)


async def _type_until_killed(
    server: RunningServer, client: Client, dialect: HocuspocusClient, script: Script, rate: float, share: float
) -> Death:
    """Type, and kill the server when this share of the script is sent; take what it has said before it died as said."""
    messages = [dialect.update(update) for update in script.updates]
    server.processes.refresh()
    sent: list[float] = []
    start = time.perf_counter() + _LEAD_SECONDS
    typing = asyncio.create_task(_type(client, messages, sent, rate, start))
    await sleep_until(start + share * len(messages) / rate)
    server.processes.kill()
    killed = time.perf_counter()
    typing.cancel()
    async with asyncio.timeout(_END_SECONDS):
        await client.gone.wait()
    saved = sum(isinstance(dialect.hear(arrival.message), Saved) for arrival in client.arrivals)
    acknowledged = max(saved - client.answers, 0)
    if acknowledged > len(sent):
        raise RunFailed(f"{acknowledged} acknowledgements came for {len(sent)} updates")
    oldest = killed - sent[acknowledged] if acknowledged < len(sent) else 0.0
    return Death(len(sent), acknowledged, oldest)


async def _type(client: Client, messages: Sequence[bytes], sent: list[float], rate: float, start: float) -> None:
    for number, message in enumerate(messages):
        await sleep_until(start + number / rate)
        sent.append(time.perf_counter())
        client.send(message)
