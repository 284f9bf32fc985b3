"""A WebSocket client that does nothing by itself: it answers no ping, and reads only when told to."""

import base64
import os
import socket
from types import TracebackType
from typing import Self

import anyio
import psutil

from tests.gateways.serving import Doors, Served


class RawClient:
    """A socket, upgraded by hand."""

    def __init__(self, server: Doors, path: str, receive_buffer: int | None = None) -> None:
        host, port = server.address.split(":")
        self._address = (host, int(port))
        self._path = path
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    async def upgrade(self) -> None:
        await anyio.to_thread.run_sync(self._connect)

    def _connect(self) -> None:
        self._socket.settimeout(20)
        self._socket.connect(self._address)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(1)
        assert answer.startswith(b"HTTP/1.1 101"), answer

    async def send(self, payload: bytes) -> None:
        """Send one binary message."""
        await anyio.to_thread.run_sync(self._socket.sendall, masked(payload))

    async def begin(self, length: int) -> None:
        """Send the header of one binary message, and no more of it."""
        header = b"\x82\xff" + length.to_bytes(8, "big") + bytes(4)
        await anyio.to_thread.run_sync(self._socket.sendall, header)

    async def close_code(self) -> int:
        """Read up to a close frame, which must be all that comes, and return its code."""
        frame = await anyio.to_thread.run_sync(self._socket.recv, 4)
        assert frame[:1] == b"\x88", frame
        return int.from_bytes(frame[2:4], "big")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()


def held_sockets(server: Served) -> int:
    """Return how many connections the server holds on to, whatever became of their clients."""
    port = int(server.address.split(":")[1])
    connections = psutil.Process().net_connections("tcp")
    return sum(each.laddr.port == port and each.status != psutil.CONN_LISTEN for each in connections)


def masked(payload: bytes) -> bytes:
    """Frame a binary message as a client does, under a mask of zeros."""
    length = len(payload)
    header = bytes((0x82, 0x80 | length)) if length < 126 else b"\x82\xfe" + length.to_bytes(2, "big")
    return header + bytes(4) + payload
