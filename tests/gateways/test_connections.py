"""Connections that go wrong without a word: dead peers, clients that do not read, and those that never end."""

import anyio
import pytest

from collab.gateways import connection as connection_module
from collab.protocol.ywebsocket import YWebsocketDialect
from collab.settings import KIB, MIB
from tests.gateways.clients import joining, y_websocket
from tests.gateways.raw import RawClient, held_sockets
from tests.gateways.serving import Serve, Served
from tests.support.eventually import eventually
from tests.support.heard import KEEP_ALIVE, Update
from tests.support.peers import Peer

STEP_1 = bytes.fromhex("00000100")


def open_connections(server: Served) -> int:
    return len(server.app._entrance.connections)


async def test_peer_that_answers_no_ping_is_dropped(serve: Serve) -> None:
    async with serve(peer_timeout=0.3) as server:
        with RawClient(server, "/sync/doc") as dead:
            await dead.upgrade()
            await eventually(lambda: open_connections(server) == 1)

            await eventually(lambda: open_connections(server) == 0)
            await eventually(lambda: held_sockets(server) == 0)


async def test_peer_that_answers_pings_and_says_nothing_stays(serve: Serve) -> None:
    async with serve(peer_timeout=0.3, keep_alive_interval=0.6) as server, y_websocket(server) as client:
        assert await client.hear() == KEEP_ALIVE
        assert await client.hear() == KEEP_ALIVE

        assert open_connections(server) == 1


async def test_dropping_a_dead_peer_takes_its_presence_away(serve: Serve) -> None:
    async with serve(peer_timeout=0.3) as server, y_websocket(server) as reader:
        with RawClient(server, "/sync/doc") as dead:
            await dead.upgrade()
            await dead.send(b"\x01\x06\x01\x07\x01\x02{}")
            assert await reader.receive() == b"\x01\x06\x01\x07\x01\x02{}"

            assert await reader.receive() == b"\x01\x08\x01\x07\x01\x04null"


async def test_client_that_sends_and_never_reads_costs_no_more_than_the_limit(serve: Serve) -> None:
    """Once enough waits for it, nothing more is read from it: so it cannot even send."""
    async with serve(max_message_bytes=64 * KIB) as server:
        with RawClient(server, "/hocuspocus", receive_buffer=4 * KIB) as hostile:
            await hostile.upgrade()
            pings = b"\x82\x81\x00\x00\x00\x00\x09" * 10_000
            with anyio.move_on_after(3):
                while True:
                    await anyio.to_thread.run_sync(hostile._socket.sendall, pings, abandon_on_cancel=True)
            (connection,) = server.app._entrance.connections._open

            assert connection.wire.waiting() < 4 * MIB


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "CLOSE_TIMEOUT", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_client_that_breaks_the_rules_and_reads_nothing_is_dropped(server: Served) -> None:
    """A server that closes waits for its last bytes to be taken; a client that takes none must not be waited for."""
    async with y_websocket(server) as writer:
        await writer.update(Peer(1).type("x" * 8 * MIB))
        await writer.until(Update)
        with RawClient(server, "/sync/doc", receive_buffer=4 * KIB) as hostile:
            await hostile.upgrade()
            await hostile.send(STEP_1)
            await eventually(lambda: any(each.wire.waiting() > MIB for each in server.app._entrance.connections._open))

            await hostile.send(b"\x07")

            await eventually(lambda: held_sockets(server) == 1)
        await writer.sync()


async def test_bug_in_one_connection_ends_that_one_with_1011(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with y_websocket(server) as good, y_websocket(server) as bad:
        room = next(iter(server.app._entrance.hub._rooms.values()))
        receive = room.receive

        def fail_for_updates(session: object, message: object) -> None:
            monkeypatch.setattr(room, "receive", receive)
            raise RuntimeError("a bug")

        monkeypatch.setattr(room, "receive", fail_for_updates)
        await bad.say(STEP_1)

        assert (await bad.ending())[0] == 1011
        assert await good.sync() == ""
        assert open_connections(server) == 1


async def test_client_that_goes_in_the_middle_of_a_message_leaves_nothing_behind(server: Served) -> None:
    with RawClient(server, "/sync/doc") as client:
        await client.upgrade()
        await eventually(lambda: open_connections(server) == 1)
        await anyio.to_thread.run_sync(client._socket.sendall, b"\x82\xfe\x10\x00\x00\x00\x00\x00half")

    await eventually(lambda: open_connections(server) == 0)


async def test_update_reaches_the_quick_while_one_does_not_read(serve: Serve) -> None:
    async with serve(outbox_bytes=KIB) as server, y_websocket(server) as writer, y_websocket(server) as quick:
        with RawClient(server, "/sync/doc", receive_buffer=4 * KIB) as slow:
            await slow.upgrade()
            peer = Peer(1)
            for _ in range(40):
                await writer.update(peer.type("x" * 256 * KIB))
                await quick.until(Update)
            connections = server.app._entrance.connections._open

            assert all(each.wire.waiting() < 5 * MIB for each in connections)


async def test_stuck_reader_is_dropped_and_the_others_stay(serve: Serve) -> None:
    async with serve(outbox_bytes=KIB, stuck_timeout=0.5) as server, y_websocket(server) as writer:
        with RawClient(server, "/sync/doc", receive_buffer=4 * KIB) as slow:
            await slow.upgrade()
            await eventually(lambda: open_connections(server) == 2)
            peer = Peer(1)
            for _ in range(40):
                await writer.update(peer.type("x" * 256 * KIB))
                await writer.until(Update)

            await eventually(lambda: held_sockets(server) == 1)
            await writer.sync()


async def test_two_messages_in_one_segment_are_two(server: Served) -> None:
    async with joining(server.sync + "doc") as connection:
        message = YWebsocketDialect().sync_update(Peer(1).type("a"))
        await connection.send(message)
        await connection.send(STEP_1)

        kinds = [(await connection.recv())[:2] for _ in range(3)]

    assert sorted(kinds) == [b"\x00\x00", b"\x00\x01", b"\x00\x02"]
