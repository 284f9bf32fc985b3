"""The peers that are scripts of ours serve as the comparisons expect, and what drains a client counts what it got."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.clients import connected
from benchmarks.contenders import PYCRDT_WEBSOCKET, RELAY, Server
from benchmarks.dialects import YWebsocketClient
from benchmarks.drains import Drain, drained
from benchmarks.failures import RunFailed
from benchmarks.fanout import trial
from benchmarks.openings import ask
from benchmarks.rounds import Stand, started
from benchmarks.workload import Workload, write_scripts
from tests.benchmarks.test_rounds import contender
from tests.support.eventually import eventually

WORKLOAD = Workload(writers=2, readers=3, rooms=2, rate=10, seconds=0.5, warm_up=0.5)
DIALECT = YWebsocketClient("room")


@pytest.mark.parametrize("server", [PYCRDT_WEBSOCKET, RELAY], ids=lambda server: server.name)
async def test_everybody_in_every_room_converges(server: Server, tmp_path: Path) -> None:
    stand = Stand(contender(server.name, server.command), "room", lambda: started(server, tmp_path), tmp_path)
    outcome = await trial(WORKLOAD)(stand)
    assert outcome.deliveries == pytest.approx(2 * 2 * 3 * 10, rel=0.3)


async def test_every_writer_has_begun_before_the_typing(tmp_path: Path) -> None:
    stand = Stand(contender(RELAY.name, RELAY.command), "room", lambda: started(RELAY, tmp_path), tmp_path)
    outcome = await trial(replace(WORKLOAD, begun=True))(stand)
    assert outcome.deliveries == pytest.approx(2 * 2 * 3 * 10, rel=0.3)


async def test_server_gives_a_new_client_what_was_typed(tmp_path: Path) -> None:
    (script,) = write_scripts(Workload(writers=1, rate=1, seconds=1, warm_up=0))
    async with (
        started(PYCRDT_WEBSOCKET, tmp_path) as server,
        connected(1, DIALECT, server.port, "") as (author,),
    ):
        author.send(DIALECT.update(script.updates[0]))
        while await ask(DIALECT, server.port, "") != script.updates[0]:
            pass


async def test_drained_clients_are_read_for_and_can_still_speak(tmp_path: Path) -> None:
    async with started(RELAY, tmp_path) as server, connected(2, DIALECT, server.port, "") as clients:
        async with drained(clients) as drain:
            clients[0].send(DIALECT.update(bytes(1_000)))
            clients[1].send(DIALECT.update(bytes(1_000)))
            await eventually(lambda: min(drain.counts) > 1_000)
            await drain.settle()
        assert all(1_000 < count < 1_100 for count in drain.counts)


async def test_clients_that_got_far_less_than_the_others_are_found() -> None:
    drain = Drain([])
    drain.counts = [1_000, 990, 1_010, 400]
    with pytest.raises(RunFailed, match="1 of 4 clients got less than half"):
        await drain.settle()
