"""Which way to a client is chosen, and what either does with a frame."""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, cast

import anyio.lowlevel
import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import FrameTooLargeError, Handshake, WSStream
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from collab.gateways.wires import AsgiMessage, AsgiSend, AsgiWire, TransportWire, spare_memory, wire_for
from collab.protocol.frames import EMPTY_PING, Frame
from tests.support.eventually import eventually


class Transport:
    """A socket's other side in memory."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.written))

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.aborted = True


class Writer:
    def __init__(self, transport: Transport) -> None:
        self.transport = transport


LIMIT = 1000
NOTHING: Any = None
"""What Hypercorn's objects need and these tests do not touch."""


def make_stream(send: Callable[..., Awaitable[None]]) -> WSStream:
    config = Config()
    config.websocket_max_message_size = LIMIT
    stream = WSStream(
        NOTHING, config, WorkerContext(None), NOTHING, ssl=False, client=None, server=None, send=send, stream_id=1
    )
    stream.connection = Connection(ConnectionType.SERVER)
    return stream


def make_tcp_server(transport: Transport) -> TCPServer:
    return TCPServer(
        NOTHING, NOTHING, Config(), WorkerContext(None), NOTHING, NOTHING, cast(asyncio.StreamWriter, Writer(transport))
    )


def hypercorn_stream(transport: Transport, protocol: type[H11Protocol | H2Protocol] = H11Protocol) -> WSStream:
    """Return the objects that Hypercorn makes for a WebSocket, as it wires them together."""
    server = make_tcp_server(transport)
    http = protocol(
        NOTHING,
        Config(),
        WorkerContext(None),
        NOTHING,
        NOTHING,
        ssl=False,
        client=None,
        server=None,
        send=server.protocol_send,
    )
    return make_stream(http.stream_send)


def send_of(stream: WSStream) -> AsgiSend:
    """Return what Hypercorn gives an application as its `send`."""
    return cast(AsgiSend, stream.app_send)


async def nowhere(_: AsgiMessage) -> None:
    """Swallow what is sent."""


async def test_hypercorn_over_http_1_is_written_to_directly() -> None:
    transport = Transport()

    wire = wire_for(send_of(hypercorn_stream(transport)))
    wire.write(Frame.binary(b"hello"))

    assert isinstance(wire, TransportWire)
    assert transport.written == [b"\x82\x05hello"]


async def test_hypercorn_over_http_2_is_sent_to_by_asgi() -> None:
    stream = hypercorn_stream(Transport(), H2Protocol)

    assert isinstance(wire_for(send_of(stream)), AsgiWire)


async def test_other_server_is_sent_to_by_asgi() -> None:
    assert isinstance(wire_for(nowhere), AsgiWire)


async def test_wrapped_send_is_sent_to_by_asgi() -> None:
    stream = hypercorn_stream(Transport())

    async def wrapped(message: AsgiMessage) -> None:
        await send_of(stream)(message)

    assert isinstance(wire_for(wrapped), AsgiWire)


async def test_hypercorn_wired_differently_is_sent_to_by_asgi() -> None:
    async def elsewhere(_: object) -> None:
        pass

    assert isinstance(wire_for(send_of(make_stream(elsewhere))), AsgiWire)


async def test_transport_that_closes_takes_no_more() -> None:
    transport = Transport()
    wire = wire_for(send_of(hypercorn_stream(transport)))
    transport.closing = True

    wire.write(Frame.binary(b"late"))
    wire.ask_for_life()

    assert transport.written == []


async def test_what_the_transport_has_not_taken_is_waiting() -> None:
    wire = wire_for(send_of(hypercorn_stream(Transport())))

    wire.write(Frame.binary(b"hello"))

    assert wire.waiting() == 7


async def test_ping_goes_to_the_transport() -> None:
    transport = Transport()
    wire = wire_for(send_of(hypercorn_stream(transport)))

    assert wire.ask_for_life()
    assert transport.written == [EMPTY_PING]


async def test_any_bytes_that_arrive_are_heard() -> None:
    stream = hypercorn_stream(Transport())
    wire = wire_for(send_of(stream))
    before = wire.heard_at()
    while anyio.current_time() == before:
        await anyio.lowlevel.checkpoint()

    stream.connection.receive_data(b"\x8a\x80\x00\x00\x00\x00")

    assert wire.heard_at() > before


async def test_abort_closes_the_transport_at_once() -> None:
    transport = Transport()

    wire_for(send_of(hypercorn_stream(transport))).abort()

    assert transport.aborted


async def test_asgi_sends_frames_in_order_and_tells_what_waits() -> None:
    sent: list[bytes] = []
    gate = anyio.Event()

    async def send(message: AsgiMessage) -> None:
        await gate.wait()
        sent.append(message["bytes"])

    wire = AsgiWire(send)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.pump)
        wire.write(Frame.binary(b"one"))
        wire.write(Frame.binary(b"two"))
        await anyio.wait_all_tasks_blocked()
        assert wire.waiting() == 10

        gate.set()
        await eventually(lambda: wire.waiting() == 0)
        wire.write(Frame.binary(b"three"))
        await eventually(lambda: len(sent) == 3)
        tasks.cancel_scope.cancel()

    assert sent == [b"one", b"two", b"three"]


async def test_asgi_client_that_has_gone_stops_the_pump_without_an_error() -> None:
    """ASGI lets a server raise `OSError` when something is sent to a client that has gone; the disconnect is told by `receive`."""

    async def send(_: AsgiMessage) -> None:
        raise OSError("gone")

    wire = AsgiWire(send)
    wire.write(Frame.binary(b"late"))
    with anyio.fail_after(20):
        await wire.pump()
    wire.write(Frame.binary(b"later"))

    assert wire.waiting() == 0


async def test_asgi_drops_what_waits_when_it_is_aborted() -> None:
    wire = AsgiWire(nowhere)
    wire.write(Frame.binary(b"late"))

    wire.abort()

    assert wire.waiting() == 0


async def test_message_that_goes_on_after_it_was_refused_as_too_large_takes_no_more_memory() -> None:
    """Hypercorn refuses it, but would go on keeping what still comes of it."""
    stream = hypercorn_stream(Transport())
    stream.handshake = Handshake([], "1.1")
    spare_memory(send_of(stream))

    for _ in range(50):
        with pytest.raises(FrameTooLargeError):
            stream.buffer.extend(BytesMessage(data=bytes(LIMIT + 1), message_finished=False))

    assert isinstance(stream.buffer.value, BytesIO)
    assert len(stream.buffer.value.getvalue()) == LIMIT + 1


async def test_compression_that_was_offered_is_declined() -> None:
    stream = hypercorn_stream(Transport())
    stream.handshake = Handshake([(b"sec-websocket-extensions", b"permessage-deflate")], "1.1")

    spare_memory(send_of(stream))

    assert stream.handshake.extensions is None
