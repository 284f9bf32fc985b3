"""The fast road: when Hypercorn's transport is taken over, and what is then read from it and written to it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest
import uvloop
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import FrameTooLargeError, Handshake, WSStream
from wsproto.events import BytesMessage

from collab.errors import FramingError, LimitExceeded, MessageTooLarge, ProtocolError
from collab.gateways.inflow import Inflow
from collab.gateways.intake import Intake
from collab.gateways.takeover import take_over
from collab.gateways.transport_wire import TransportWire
from collab.gateways.wires import AsgiMessage, AsgiSend
from collab.protocol.budget import Budget
from collab.protocol.frame_reader import FrameReader
from collab.protocol.frames import EMPTY_PING, Frame
from tests.gateways.test_wires import RATES, Pressure
from tests.protocol.test_frame_reader import frame
from tests.support.eventually import eventually

LIMIT = 1_000
NOTHING: Any = None
"""What Hypercorn's objects need and these tests do not touch."""


class Predecessor(asyncio.Protocol):
    """Hypercorn's own protocol, which must hear of what it waits for."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append("lost")

    def eof_received(self) -> bool | None:
        self.heard.append("eof")
        return None

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


class Transport:
    """A socket's other side in memory."""

    def __init__(self) -> None:
        self.predecessor = Predecessor()
        self.protocol: asyncio.BaseProtocol = self.predecessor
        self.written: list[bytes] = []
        self.closing = self.aborted = self.wrote_eof = False
        self.reading = True

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.written))

    def is_closing(self) -> bool:
        return self.closing

    def write_eof(self) -> None:
        self.wrote_eof = True

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.aborted = True


class Writer:
    """The stream around a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport: Any = transport

    @property
    def transport(self) -> Any:
        return self._transport


class Connection:
    """A connection as Hypercorn wires its objects together, shortly before the upgrade is accepted."""

    def __init__(self, http_protocol: type[H11Protocol | H2Protocol] = H11Protocol) -> None:
        self.transport = Transport()
        self.writer = Writer(self.transport)
        self.pressure = Pressure()
        config = Config()
        config.websocket_max_message_size = LIMIT
        context = WorkerContext(None)
        writer = cast(asyncio.StreamWriter, self.writer)
        server = TCPServer(NOTHING, NOTHING, config, context, NOTHING, NOTHING, writer)
        http = http_protocol(
            NOTHING, config, context, NOTHING, NOTHING, ssl=False, client=None, server=None, send=server.protocol_send
        )
        self.stream = make_stream(http.stream_send)

    @property
    def send(self) -> AsgiSend:
        return cast(AsgiSend, self.stream.app_send)

    def take_over(self) -> TransportWire:
        wire = taken_over(self.send, self.pressure)
        assert wire is not None
        return wire


def make_stream(send: Callable[..., Awaitable[None]]) -> WSStream:
    config = Config()
    config.websocket_max_message_size = LIMIT
    stream = WSStream(
        NOTHING, config, WorkerContext(None), NOTHING, ssl=False, client=None, server=None, send=send, stream_id=1
    )
    stream.handshake = Handshake([(b"sec-websocket-extensions", b"permessage-deflate")], "1.1")
    return stream


def taken_over(send: AsgiSend, pressure: Pressure | None = None) -> TransportWire | None:
    return take_over(
        send,
        Inflow(pressure or Pressure(), Budget(100 * LIMIT, "halves"), None, RATES),
        max_message_bytes=LIMIT,
        max_waiting=LIMIT,
    )


@pytest.fixture
async def connection() -> Connection:
    return Connection()


# Which road is taken


async def test_transport_of_hypercorn_over_http_1_is_taken_over(connection: Connection) -> None:
    wire = connection.take_over()

    assert connection.transport.protocol is wire


async def test_hypercorn_over_http_2_keeps_its_transport() -> None:
    assert taken_over(Connection(H2Protocol).send) is None


async def test_other_server_keeps_its_transport() -> None:
    async def nowhere(_: AsgiMessage) -> None:
        pass

    assert taken_over(nowhere) is None


async def test_wrapped_send_hides_the_transport(connection: Connection) -> None:
    async def wrapped(message: AsgiMessage) -> None:
        await connection.send(message)

    assert taken_over(wrapped) is None


async def test_hypercorn_wired_differently_keeps_its_transport() -> None:
    async def elsewhere(_: object) -> None:
        pass

    assert taken_over(cast(AsgiSend, make_stream(elsewhere).app_send)) is None


@pytest.mark.parametrize("http_protocol", [H11Protocol, H2Protocol])
async def test_compression_that_was_offered_is_declined(http_protocol: type[H11Protocol | H2Protocol]) -> None:
    connection = Connection(http_protocol)

    taken_over(connection.send)

    assert connection.stream.handshake.extensions is None


async def test_message_refused_as_too_large_takes_no_more_memory_over_http_2() -> None:
    """Hypercorn refuses it, but would go on keeping what still comes of it."""
    connection = Connection(H2Protocol)
    taken_over(connection.send)

    for _ in range(50):
        with pytest.raises(FrameTooLargeError):
            connection.stream.buffer.extend(BytesMessage(data=bytes(LIMIT + 1), message_finished=False))

    assert isinstance(connection.stream.buffer.value, BytesIO)
    assert len(connection.stream.buffer.value.getvalue()) == LIMIT + 1


# What Hypercorn keeps


async def test_hypercorn_lets_go_of_a_connection_that_is_cut_loose(connection: Connection) -> None:
    wire = connection.take_over()

    assert wire.cut_loose()
    wire.pause_writing()
    wire.resume_writing()
    wire.eof_received()
    wire.connection_lost(None)

    assert connection.transport.predecessor.heard == ["lost"]


async def test_hypercorn_closes_nothing_that_was_cut_loose(connection: Connection) -> None:
    wire = connection.take_over()
    wire.cut_loose()

    left = connection.writer.transport
    left.write(b"late")
    left.write_eof()
    left.close()

    assert left.is_closing()
    assert (connection.transport.written, connection.transport.wrote_eof, connection.transport.closing) == (
        [],
        False,
        False,
    )


async def test_connection_that_closed_before_it_was_cut_loose_ends_reading(connection: Connection) -> None:
    wire = connection.take_over()
    connection.transport.closing = True

    wire.cut_loose()

    assert not await wire.read(lambda _: None)


async def test_connection_that_was_lost_before_it_was_cut_loose_is_lost_once(connection: Connection) -> None:
    wire = connection.take_over()
    wire.connection_lost(None)

    wire.cut_loose()

    assert connection.transport.predecessor.heard == ["lost"]
    assert not await wire.read(lambda _: None)


async def test_goodbye_waits_until_the_connection_is_closed(connection: Connection) -> None:
    wire = connection.take_over()
    wire.cut_loose()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.say_goodbye, 4403, "not here")
        await anyio.wait_all_tasks_blocked()
        assert connection.transport.written == [b"\x88\x0a\x11\x33not here"]
        assert (connection.transport.wrote_eof, connection.transport.closing) == (True, True)

        wire.connection_lost(None)


# Reading


async def test_nothing_is_read_before_somebody_takes_messages(connection: Connection) -> None:
    connection.take_over()

    assert not connection.transport.reading


async def test_messages_are_handed_over_in_the_turn_in_which_they_come(connection: Connection) -> None:
    wire, taken = connection.take_over(), list[bytes]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, taken.append)
        await anyio.wait_all_tasks_blocked()
        assert connection.transport.reading

        wire.data_received(frame(2, b"one") + frame(2, b"two") + frame(2, b"three")[:4])
        assert taken == [b"one", b"two"]
        wire.data_received(frame(2, b"three")[4:])
        assert taken == [b"one", b"two", b"three"]
        wire.connection_lost(None)


async def test_goodbye_is_owed_to_a_client_that_said_it(connection: Connection) -> None:
    wire, taken = connection.take_over(), list[bytes]()

    wire._take = taken.append
    wire.data_received(frame(8, b"\x03\xe8") + frame(2, b"after"))
    wire.data_received(frame(2, b"long after"))

    assert await wire.read(taken.append)
    assert taken == []


@pytest.mark.parametrize("end", ["connection_lost", "eof_received"])
async def test_client_that_is_gone_ends_reading_and_hypercorn_hears_of_it(connection: Connection, end: str) -> None:
    wire = connection.take_over()

    if end == "eof_received":
        wire.eof_received()
    else:
        wire.connection_lost(None)

    assert not await wire.read(lambda _: None)
    assert connection.transport.predecessor.heard == ["eof" if end == "eof_received" else "lost"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(frame(1, b"hello"), ProtocolError, id="text"),
        pytest.param(b"\x82\x01x", FramingError, id="unmasked"),
        pytest.param(frame(2, bytes(LIMIT + 1))[:8], MessageTooLarge, id="too large"),
    ],
)
async def test_what_is_no_message_ends_reading(connection: Connection, data: bytes, error: type[Exception]) -> None:
    wire = connection.take_over()
    wire.data_received(data)

    with pytest.raises(error):
        await wire.read(lambda _: None)


async def test_error_of_the_taker_ends_reading_and_nothing_more_is_taken(connection: Connection) -> None:
    wire, taken = connection.take_over(), list[bytes]()

    def take(data: bytes) -> None:
        taken.append(data)
        raise LimitExceeded("enough")

    async def read() -> None:
        with pytest.raises(LimitExceeded, match="enough"):
            await wire.read(take)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        wire.data_received(frame(2, b"one") + frame(2, b"two"))
        wire.data_received(frame(2, b"three"))

    assert taken == [b"one"]


async def test_ping_is_answered_with_its_payload(connection: Connection) -> None:
    wire = connection.take_over()

    wire.data_received(frame(9, b"are you there"))

    assert connection.transport.written == [b"\x8a\x0dare you there"]


async def test_nothing_is_read_under_pressure(connection: Connection) -> None:
    wire = connection.take_over()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        connection.pressure.is_full = True
        wire.data_received(frame(2, b"one"))
        await anyio.wait_all_tasks_blocked()
        assert not connection.transport.reading

        connection.pressure.free()
        await eventually(lambda: connection.transport.reading)
        wire.connection_lost(None)


async def test_nothing_is_read_from_one_who_does_not_read(connection: Connection) -> None:
    wire = connection.take_over()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        wire.write(Frame.binary(bytes(LIMIT + 1)))
        wire.pause_writing()
        wire.data_received(frame(2, b"more?"))
        await anyio.wait_all_tasks_blocked()
        assert not connection.transport.reading

        connection.transport.written.clear()
        wire.resume_writing()
        await eventually(lambda: connection.transport.reading)
        wire.connection_lost(None)


async def test_one_who_is_lost_while_too_much_waits_for_them_ends_reading(connection: Connection) -> None:
    wire = connection.take_over()
    wire.write(Frame.binary(bytes(LIMIT + 1)))
    wire.pause_writing()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        assert not connection.transport.reading

        wire.connection_lost(ConnectionResetError())


async def test_any_bytes_that_arrive_are_heard(connection: Connection) -> None:
    wire = connection.take_over()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        before = wire.heard_at()
        while anyio.current_time() == before:
            await anyio.lowlevel.checkpoint()
        assert wire.heard_at() == before

        wire.data_received(b"\x8a")

        assert wire.heard_at() > before
        wire.connection_lost(None)


async def test_client_that_nobody_reads_from_is_not_silent(connection: Connection) -> None:
    """While the database is away nothing is read, and so no pong is heard; nobody may be dropped for that."""
    wire = connection.take_over()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.read, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        connection.pressure.is_full = True
        wire.data_received(frame(2, b"one"))
        before = anyio.current_time()
        while anyio.current_time() == before:
            await anyio.lowlevel.checkpoint()

        assert wire.heard_at() > before
        wire.connection_lost(None)
        connection.pressure.free()


# Writing


async def test_frame_goes_to_the_transport_as_it_is(connection: Connection) -> None:
    wire = connection.take_over()

    wire.write(Frame.binary(b"hello"))

    assert connection.transport.written == [b"\x82\x05hello"]
    assert wire.waiting() == 7


async def test_transport_that_closes_takes_no_more(connection: Connection) -> None:
    wire = connection.take_over()
    connection.transport.closing = True

    wire.write(Frame.binary(b"late"))
    wire.ask_for_life()

    assert connection.transport.written == []


async def test_silent_client_is_sent_a_ping(connection: Connection) -> None:
    wire = connection.take_over()

    wire.ask_for_life()

    assert connection.transport.written == [EMPTY_PING]


async def test_hypercorn_hears_when_its_buffers_are_full(connection: Connection) -> None:
    wire = connection.take_over()

    wire.pause_writing()
    wire.resume_writing()

    assert connection.transport.predecessor.heard == ["pause", "resume"]


async def test_abort_closes_the_transport_at_once(connection: Connection) -> None:
    connection.take_over().abort()

    assert connection.transport.aborted


@asynccontextmanager
async def taken_under_uvloop() -> AsyncIterator[tuple[TransportWire, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a wire on a real socket, and the client's end of it."""
    taken: asyncio.Future[TransportWire] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inflow = Inflow(Pressure(), Budget(100 * LIMIT, "halves"), intake, RATES)
        wire = TransportWire(writer, FrameReader(LIMIT, inflow.half_read), inflow, max_waiting=LIMIT)
        wire.begin()
        taken.set_result(wire)

    async with Intake.opened() as intake, await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        wire = await taken
        yield wire, reader, writer
        wire.abort()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await eventually(lambda: wire._is_lost)


def test_socket_itself_is_read_under_uvloop() -> None:
    messages = [b"a" * length for length in (1, 125, 126, LIMIT, 3)]

    async def read_all() -> list[bytes]:
        heard: list[bytes] = []
        async with taken_under_uvloop() as (wire, _, client):
            reading = asyncio.create_task(wire.read(heard.append))
            for message in messages:
                client.write(frame(2, message))
            client.write_eof()
            with anyio.fail_after(20):
                assert not await reading, "no goodbye is owed to whom just left"
        return heard

    assert uvloop.run(read_all()) == messages


def test_connection_that_is_reset_ends_under_uvloop() -> None:
    async def read_until_reset() -> None:
        async with taken_under_uvloop() as (wire, _, client):
            reading = asyncio.create_task(wire.read(lambda _: None))
            linger = struct.pack("ii", 1, 0)  # closing then resets the connection
            client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.transport.abort()
            with anyio.fail_after(20):
                assert not await reading

    uvloop.run(read_until_reset())


def test_connection_that_was_lost_before_it_was_taken_over_has_ended_under_uvloop() -> None:
    async def take_what_was_lost() -> bool:
        accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

        async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer)

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server, Intake.opened() as intake:
            _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer = await accepted
            writer.transport.abort()
            await eventually(lambda: writer.transport.get_protocol() is None)
            inflow = Inflow(Pressure(), Budget(LIMIT, "test"), intake, RATES)
            wire = TransportWire(writer, FrameReader(LIMIT, inflow.half_read), inflow, max_waiting=LIMIT)
            wire.begin()
            wire.cut_loose()
            said_goodbye = await wire.read(lambda _: None)
            await wire.say_goodbye(1000, "")
            client.close()
            return said_goodbye

    assert not uvloop.run(take_what_was_lost())


def test_frames_past_what_a_socket_takes_come_whole_and_in_order_under_uvloop() -> None:
    frames = [Frame.binary(bytes([number % 256]) * (997 * number)) for number in range(150)]
    expected = b"".join(sent.wire for sent in frames)

    async def write_before_anything_is_read() -> bytes:
        waiting: list[int] = []
        done = asyncio.Event()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inflow = Inflow(Pressure(), Budget(100 * LIMIT, "halves"), intake, RATES)
            wire = TransportWire(writer, FrameReader(LIMIT, inflow.half_read), inflow, max_waiting=LIMIT)
            wire.begin()
            waiting.extend(wire.write(sent) for sent in frames)
            await wire.read(lambda _: None)
            wire.abort()
            done.set()

        async with Intake.opened() as intake, await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with anyio.fail_after(20):
                received = await reader.readexactly(len(expected))
                writer.close()
                await writer.wait_closed()
                await done.wait()
        assert waiting[1] == 0, "the first frames go to the socket at once"
        assert waiting[-1] > 0, "more was written than the socket takes"
        return received

    assert uvloop.run(write_before_anything_is_read()) == expected
