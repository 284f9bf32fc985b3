"""The fast road: from the upgrade on, the transport of a stock Hypercorn connection (HTTP/1.1) is ours.

Hypercorn keeps what it is good at: listening, TLS, HTTP and the upgrade. The transport is taken before that is accepted, when a client may
not send yet, and nothing is read until somebody takes messages. Once it is accepted Hypercorn is told that the connection is lost, and lets
go of all that it kept for it, which is half of what a connection takes up. The road there leads through Hypercorn's own objects; where one
of them is not of the class that it has in the releases this was tested with, the plain road serves.
"""

import asyncio
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from wsproto.events import Message

from collab.gateways.inflow import Inflow
from collab.gateways.transport_wire import TransportWire
from collab.gateways.wires import AsgiSend
from collab.protocol.frame_reader import FrameReader


def take_over(send: AsgiSend, inflow: Inflow, *, max_message_bytes: int, max_waiting: int) -> "TransportWire | None":
    """Take the transport of a WebSocket that is about to be accepted; `None` where the road to it is not what it should be."""
    stream, server = _road_of(send)
    if stream is not None:
        _spare_memory(stream)
    if server is None:
        return None
    reader = FrameReader(max_message_bytes, inflow.half_read)
    wire = TransportWire(server.writer, reader, inflow, max_waiting=max_waiting)
    wire.begin()
    return wire


def sent_too_early(send: AsgiSend) -> bool:
    """Tell whether a client sent something before its upgrade was answered (RFC 6455, section 4.1, forbids that)."""
    stream, server = _road_of(send)
    if stream is None or server is None:
        return False
    buffered: bytearray = server.reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - what taking over would lose
    return stream.closed or bool(buffered)


def hang_up_if_answered(send: AsgiSend, seconds: float) -> bool:
    """Close a connection whose upgrade Hypercorn has answered by itself, with 400, because something came before that; tell whether it has.

    Hypercorn would keep it, and pass over all that the application says. For so many seconds what still comes is read and dropped, because
    an answer may not arrive where a socket is closed with bytes unread.
    """
    stream, server = _road_of(send)
    if stream is None or server is None or not stream.closed:
        return False
    transport = server.writer.transport
    if transport.can_write_eof() and not transport.is_closing():
        transport.write_eof()
        asyncio.get_running_loop().call_later(seconds, transport.abort)
    else:
        transport.close()
    return True


def _road_of(send: AsgiSend) -> tuple[WSStream | None, TCPServer | None]:
    """Return Hypercorn's objects behind ASGI `send`: the stream of a WebSocket, and over HTTP/1.1 the connection."""
    stream = getattr(send, "__self__", None)
    if not isinstance(stream, WSStream):
        return None, None
    protocol = getattr(stream.send, "__self__", None)
    server = getattr(getattr(protocol, "send", None), "__self__", None)
    return stream, server if isinstance(protocol, H11Protocol) and isinstance(server, TCPServer) else None


def _spare_memory(stream: WSStream) -> None:
    """Keep Hypercorn from what would cost memory, on either road.

    It must not negotiate permessage-deflate, which costs 100 kB a connection and frames nobody could share. And of a message that it has
    refused as too large it must not go on keeping what still comes.
    """
    stream.handshake.extensions = None
    buffer = stream.buffer
    extend = buffer.extend

    def extend_within_limit(event: Message[Any]) -> None:
        if buffer.length > buffer.max_length:
            raise FrameTooLargeError
        extend(event)

    buffer.extend = extend_within_limit  # type: ignore[method-assign]
