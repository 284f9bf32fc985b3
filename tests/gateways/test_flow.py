"""How fast one connection is read: people never notice, and whoever floods is held up, on both roads, without any loss."""

from collections.abc import Iterator

import anyio
import pytest

from collab.gateways.flow import Flow, FlowRates
from collab.protocol.rate import Rate
from collab.settings import MIB, Settings
from tests.gateways.clients import seated, y_websocket
from tests.gateways.serving import Serve
from tests.gateways.test_wires import Client, says, wire_to
from tests.support.eventually import eventually
from tests.support.heard import Status
from tests.support.peers import Peer
from tests.support.simulated_time import simulate

Sending = Iterator[tuple[float, int, int]]
"""Seconds until it comes, messages, bytes."""


def typing_fast() -> Sending:
    for _ in range(20_000):
        yield 1 / 20, 1, 60


def moving_a_cursor_while_typing() -> Sending:
    for number in range(60_000):
        yield 1 / 60, 2 if number % 3 == 0 else 1, 300


def coming_back_with_a_thousand_edits() -> Sending:
    for _ in range(20):
        yield 60, 1000, 60_000


def pasting_pictures() -> Sending:
    for _ in range(100):
        yield 1.0, 1, 2_000_000


def carrying_over_large_documents() -> Sending:
    for _ in range(4):
        yield 0.0, 1, 16 * MIB


@pytest.mark.parametrize(
    "sending",
    [
        typing_fast,
        moving_a_cursor_while_typing,
        coming_back_with_a_thousand_edits,
        pasting_pictures,
        carrying_over_large_documents,
    ],
)
def test_people_are_never_held_up(sending: object) -> None:
    flow, now = Flow(FlowRates.of(Settings())), 1000.0
    assert callable(sending)
    for pause, messages, size in sending():
        now += pause
        assert flow.take(messages, size, now) <= 0


def test_flood_is_held_up_until_it_is_as_slow_as_it_may_be() -> None:
    flow = Flow(FlowRates(Rate(100, 1000), Rate(1e6, 1e7)))
    now = 1000.0
    for _ in range(500):
        now += max(flow.take(100, 10, now), 0)

    assert 50_000 / (now - 1000) == pytest.approx(100, rel=0.05)


def test_many_bytes_are_held_up_as_many_messages_are() -> None:
    flow = Flow(FlowRates(Rate(100, 1000), Rate(1e6, 1e7)))

    assert flow.take(1, 30_000_000, 1000.0) == pytest.approx(20)
    assert flow.debt(1020.1) < 0


def test_plain_road_reads_every_message_and_no_faster_than_it_may() -> None:
    taken: list[bytes] = []
    messages = [says(b"%d" % number) for number in range(100)]

    async def read() -> float:
        client = Client(*messages, {"type": "websocket.disconnect", "code": 1000})
        rates = FlowRates(Rate(10, 20), Rate(1e6, 1e6))
        wire = wire_to(client, rates=rates)
        before = anyio.current_time()
        await wire.read(taken.append)
        return anyio.current_time() - before

    assert simulate(read) == pytest.approx(8, abs=0.2)
    assert taken == [message["bytes"] for message in messages]


FLOOD = {"messages_per_second": 40, "message_burst": 40}


async def test_flood_arrives_whole_and_late_while_others_are_not_held_up(serve: Serve) -> None:
    async with serve(**FLOOD) as server, y_websocket(server) as flooding, seated(server) as other:
        began = anyio.current_time()
        peer = Peer(1)
        for _ in range(120):
            await flooding.update(peer.type("x"))
        typist = Peer(2)
        for _ in range(3):
            await other.update(typist.edit(lambda peer: peer.map.update({"letter": peer.map.get("letter", "") + "x"})))
            assert await other.until(Status) == Status(saved=True)

        await flooding.sync()  # which may have been read together with the last of them
        assert await flooding.sync() == "x" * 120
        assert anyio.current_time() - began > (120 - 40) / 40 - 0.1, "it was read faster than it may send"


async def test_flood_that_its_sender_hangs_up_on_holds_no_connection(serve: Serve) -> None:
    async with serve(**FLOOD, peer_timeout=1) as server:
        async with y_websocket(server) as flooding:
            await flooding.say(*[b"\x00\x00\x01\x00"] * 80)
            flooding.connection.transport.abort()
        await eventually(lambda: len(server.app._entrance.connections) == 0)
