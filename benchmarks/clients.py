"""Connections that keep up with any server: a frame costs a list append and a clock reading; all decoding is done afterwards."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from pycrdt import Doc, Text

from benchmarks.dialects import ClientDialect, Saved
from benchmarks.failures import RunFailed
from benchmarks.processes import HOST
from benchmarks.workload import ROOT
from collab.protocol.messages import SyncStep1, SyncStep2, SyncUpdate
from collab.protocol.updates import StateVector, decode_state_vector

_OPENING_SECONDS: Final = 20.0
_OPENING_SECONDS_EACH: Final = 0.01
_AT_ONCE: Final = 20
_LARGEST_FRAME: Final = 64 * 1024 * 1024
HANDSHAKE_SECONDS: Final = 60.0


class Arrival(NamedTuple):
    """A message and when it came, in seconds of `time.perf_counter`."""

    at: float
    message: bytes


class Client(WSListener):
    """One connection to one room: says hello, then keeps what comes."""

    def __init__(self, dialect: ClientDialect, *, keeps: bool = True, receive_buffer: int | None = None) -> None:
        """One that does not keep what comes forgets it once it has synced. The buffer is the kernel's, in bytes."""
        self.dialect = dialect
        self.keeps = keeps
        self.arrivals: list[Arrival] = []
        self.synced: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When the answer came that made its document whole, in seconds of `time.perf_counter`."""

        self.answers = 0
        """How many of the server's step 1 were answered; each counts for an acknowledgement."""

        self.gone = asyncio.Event()
        """Set when the connection has ended, whoever ended it."""

        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        self._transport: WSTransport | None = None
        self._leaving = False
        self._lost = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        for message in self.dialect.opening():
            self.send(message)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002 - the listener's signature
        if frame.msg_type != WSMsgType.BINARY or (self.synced.done() and not self.keeps):
            return
        message = frame.get_payload_as_bytes()
        arrival = Arrival(time.perf_counter(), message)
        self.arrivals.append(arrival)
        if not self.synced.done():
            self._greet(*arrival)

    def _greet(self, at: float, message: bytes) -> None:
        heard = self.dialect.hear(message)
        if isinstance(heard, SyncStep1):
            self.answers += 1
            self.send(self.dialect.step2())
        elif isinstance(heard, SyncStep2):
            self.synced.set_result(at)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - the listener's signature
        self._lost = not self._leaving
        self.gone.set()
        if not self.synced.done():
            self.synced.set_exception(RunFailed("a client was disconnected before it had synced"))

    def send(self, message: bytes) -> None:
        """Send one message."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, message)

    def stop_reading(self) -> None:
        """Leave what comes in the kernel's buffer, until it is full."""
        if self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._transport is not None:
            self._transport.underlying_transport.resume_reading()

    @property
    def is_synced(self) -> bool:
        """Whether the answer came that made its document whole."""
        return self.synced.done() and not self.synced.cancelled() and self.synced.exception() is None

    def check(self) -> None:
        """Raise `RunFailed` when the server dropped this client."""
        if self._lost:
            raise RunFailed("a client was disconnected")

    def leave(self) -> None:
        """Disconnect."""
        self._leaving = True
        if self._transport is not None:
            self._transport.disconnect()
        else:
            self.socket.close()


@asynccontextmanager
async def connected(count: int, dialect: ClientDialect, port: int, door: str) -> AsyncIterator[list[Client]]:
    """Connect clients to one room and wait until each has its content; disconnect them when the block is left.

    Raises `RunFailed` when one does not get in, or not in time.
    """
    async with connected_as([dialect] * count, port, door) as clients:
        yield clients


@asynccontextmanager
async def connected_as(dialects: Sequence[ClientDialect], port: int, door: str) -> AsyncIterator[list[Client]]:
    """Connect a client for each of the dialects, as `connected` does; each names the room it is spoken to."""
    clients = [Client(dialect) for dialect in dialects]
    async with joined(clients, port, door):
        yield clients


@asynccontextmanager
async def joined(clients: Sequence[Client], port: int, door: str) -> AsyncIterator[None]:
    """Connect these clients, as `connected` does."""
    try:
        await _open(clients, port, door)
        yield
    finally:
        for client in clients:
            client.leave()


async def _open(clients: Sequence[Client], port: int, door: str) -> None:
    try:
        async with asyncio.timeout(_OPENING_SECONDS + _OPENING_SECONDS_EACH * len(clients)):
            for group in _first_and_others(clients):
                for start in range(0, len(group), _AT_ONCE):
                    batch = group[start : start + _AT_ONCE]
                    await asyncio.gather(*(connect(client, port, door) for client in batch))
                    await asyncio.gather(*(client.synced for client in batch))
    except (TimeoutError, OSError, WSError) as error:
        synced = sum(client.is_synced for client in clients)
        raise RunFailed(f"{synced} of {len(clients)} clients synced: {error!r}") from error


def _first_and_others(clients: Sequence[Client]) -> tuple[list[Client], list[Client]]:
    """Part whoever opens a room from those who find it open; some servers leave out who comes while it is being opened."""
    first = {client.dialect: client for client in reversed(clients)}
    return list(first.values()), [client for client in clients if first[client.dialect] is not client]


async def connect(client: Client, port: int, door: str) -> None:
    """Connect one client, which then says hello by itself. Raises `OSError` or `WSError` when it does not get in."""
    await ws_connect(
        lambda: client,
        f"ws://{HOST}:{port}{client.dialect.path(door)}",
        max_frame_size=_LARGEST_FRAME,
        socket_factory=lambda _: client.socket,
        websocket_handshake_timeout=HANDSHAKE_SECONDS,
    )


class Replica:
    """What a client's document holds, worked out from the messages it kept and the updates it made itself."""

    def __init__(self, client: Client, dialect: ClientDialect, own: Sequence[bytes] = ()) -> None:
        self._client = client
        self._dialect = dialect
        self._document: Doc[Text] = Doc()
        self._text = self._document.get(ROOT, type=Text)
        self._applied = 0
        self._acknowledged = 0
        self._sent = len(own)
        for update in own:
            self._document.apply_update(update)

    def catch_up(self) -> None:
        """Apply what came since the last call. Raises `RunFailed` when the server dropped the client."""
        self._client.check()
        arrivals = self._client.arrivals
        with self._document.transaction():
            for arrival in arrivals[self._applied :]:
                heard = self._dialect.hear(arrival.message)
                if isinstance(heard, SyncStep2 | SyncUpdate):
                    self._document.apply_update(heard.update)
                elif isinstance(heard, Saved):
                    self._acknowledged += 1
        self._applied = len(arrivals)

    @property
    def state_vector(self) -> StateVector:
        """The clock that each writer has reached here."""
        return decode_state_vector(self._document.get_state())

    @property
    def text(self) -> str:
        """What a person would read."""
        return str(self._text)

    @property
    def unacknowledged(self) -> int:
        """How many of the client's edits the server has not called saved, in a dialect that has a word for it."""
        return self._sent + self._client.answers - self._acknowledged if self._dialect.acknowledges else 0
