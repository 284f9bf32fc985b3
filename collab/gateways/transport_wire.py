"""A WebSocket on a transport of our own: frames in, frames out, without a task, queue or await on the way.

A server's frame is not masked, so one prepared frame serves every reader; written to the socket it costs one system call. What the client
sends is read by a `FrameReader`, without the stream, the three protocol objects and the queue that it would pass through in Hypercorn, each
way with an await. On TCP under uvloop the socket itself is read, together with all others (`collab.gateways.intake`).
"""

import asyncio
import os
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any, Final

from collab.errors import ProtocolError
from collab.gateways.flow import Flow
from collab.gateways.inflow import Inflow
from collab.gateways.wires import Take
from collab.protocol.frame_reader import Close, FrameReader, Ping, ReadEvent, Text
from collab.protocol.frames import EMPTY_PING, Frame, close_frame

_FIN_PONG: Final = 0x8A

_READ_BYTES: Final = 64 * 1024
_READS_AT_ONCE: Final = 8
"""What is read from one socket before another has its turn; of a longer message the rest comes next."""

_TCP_UNDER_UVLOOP: Final = "uvloop.loop", "TCPTransport"
"""The class of a connection without TLS, by name: where there is no uvloop it cannot be imported."""


def _file_of(transport: asyncio.Transport) -> int | None:
    """Return the descriptor of the socket, where bytes may go past the transport: on TCP without TLS under uvloop."""
    kind = type(transport)
    if (kind.__module__, kind.__name__) != _TCP_UNDER_UVLOOP:
        return None
    descriptor: int = transport.get_extra_info("socket").fileno()
    return descriptor


class _Gone(asyncio.Transport):
    """What Hypercorn has in the place of a transport that was cut loose from it."""

    def is_closing(self) -> bool:
        return True

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        pass


class TransportWire(asyncio.Protocol):
    """Reads and writes frames on a transport, as its protocol in the place of Hypercorn's."""

    __slots__ = (
        "_direct",
        "_error",
        "_file",
        "_flow",
        "_has_ended",
        "_heard_at",
        "_intake",
        "_is_full",
        "_is_lost",
        "_is_paused",
        "_loop",
        "_max_waiting",
        "_predecessor",
        "_pressure",
        "_reader",
        "_said_goodbye",
        "_take",
        "_transport",
        "_wake",
        "_writer",
    )

    def __init__(self, writer: asyncio.StreamWriter, reader: FrameReader, inflow: Inflow, *, max_waiting: int) -> None:
        """While more than `max_waiting` bytes wait for the client nothing is read from it."""
        self._writer: asyncio.StreamWriter | None = writer
        """Hypercorn's; `None` once it has let go."""
        self._transport: asyncio.Transport = writer.transport  # type: ignore[assignment]  # a stream's transport goes both ways
        self._predecessor: Any = self._transport.get_protocol()
        """Hypercorn's protocol, until it has let go."""
        self._is_lost = self._predecessor is None
        """Whether the connection is closed, as it may be before it is taken over: then uvloop has no protocol for it any more."""
        self._file = None if self._is_lost else _file_of(self._transport)
        self._direct: int | None = None
        """The descriptor, while the connection is open and nothing is known to wait in the transport."""
        self._reader = reader
        self._pressure = inflow.pressure
        self._flow = Flow(inflow.rates)
        self._intake = None if self._file is None else inflow.intake
        """Where the socket itself is read from; elsewhere its transport does that."""
        self._max_waiting = max_waiting
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._take: Take
        self._wake: asyncio.Future[None] | None = None
        self._is_paused = True
        self._is_full = False
        """Whether the transport takes nothing more without keeping it."""
        self._has_ended = self._is_lost
        self._said_goodbye = False
        self._error: Exception | None = None

    def begin(self) -> None:
        """Take the transport; nothing is read from it until `read`."""
        if self._is_lost:
            return
        self._transport.pause_reading()
        self._transport.set_protocol(self)

    def cut_loose(self) -> bool:
        """Have Hypercorn let go of the connection, which goes on without it."""
        if self._writer is not None:
            self._writer._transport = _Gone()  # type: ignore[attr-defined]  # noqa: SLF001 - else it would close the connection
            if not self._is_lost:
                self._predecessor.connection_lost(None)
            self._writer = self._predecessor = None
        if self._transport.is_closing() and not self._has_ended:
            self._end(None)
        return True

    # Reading

    async def read(self, take: Take) -> bool:
        """Hand over each binary message in the turn of the event loop in which its last bytes come."""
        self._take = take
        while not self._has_ended:
            if self._pressure.is_full:
                await self._pressure.has_room()
            if self._is_full and self.waiting() > self._max_waiting:
                await self._until_woken()
                continue
            if (debt := self._flow.debt(self._loop.time())) > 0:
                waking = self._loop.call_later(debt, self._wake_reader)
                await self._until_woken()
                waking.cancel()
                continue
            self._heard_at = self._loop.time()
            self._resume()
            await self._until_woken()
        if self._error is not None:
            raise self._error
        return self._said_goodbye

    def _resume(self) -> None:
        self._is_paused = False
        if self._intake is None:
            self._transport.resume_reading()
        elif self._file is not None:
            self._intake.add(self._file, self._read_file)

    def _pause(self) -> None:
        self._is_paused = True
        if self._intake is None:
            self._transport.pause_reading()
        else:
            self._leave_intake()

    def _leave_intake(self) -> None:
        if self._intake is not None and self._file is not None:
            self._intake.remove(self._file, self._read_file)

    def _read_file(self) -> None:
        for _ in range(_READS_AT_ONCE):
            if self._file is None or self._transport.is_closing():
                self._leave_intake()
                return
            try:
                data = os.read(self._file, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # the connection is lost
                self._leave_intake()
                self._transport.abort()
                return
            if not data:
                self._leave_intake()
                if not self.eof_received():
                    self._transport.close()
                return
            self.data_received(data)
            if len(data) < _READ_BYTES or self._is_paused:
                return

    async def _until_woken(self) -> None:
        self._wake = self._loop.create_future()
        await self._wake
        self._wake = None

    def limit_messages(self, max_message_bytes: int) -> None:
        """Refuse what is larger by its header, before its bytes come."""
        self._reader.max_message_bytes = max_message_bytes

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._heard_at = self._loop.time()
        if self._has_ended:
            return
        events = 0
        try:
            for event in self._reader.feed(data):
                self._handle(event)
                events += 1
        except Exception as error:  # noqa: BLE001 - raised again where the connection is served
            self._end(error)
        debt = self._flow.take(events, len(data), self._heard_at)
        if debt > 0 or self._pressure.is_full or self.waiting() > self._max_waiting:
            self._pause()
            self._wake_reader()

    def _handle(self, event: ReadEvent) -> None:
        if self._has_ended:  # what follows a close frame does not count
            return
        match event:
            case bytes():
                self._take(event)
            case Ping(payload):
                self._write_by_transport(bytes((_FIN_PONG, len(payload))) + payload)
            case Close():
                self._said_goodbye = True
                self._end(None)
            case Text():
                raise ProtocolError("a text message came; expected a binary one")

    def _end(self, error: Exception | None) -> None:
        self._has_ended = True
        self._error = error
        self._reader.forget()
        self._wake_reader()

    def _wake_reader(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def eof_received(self) -> bool | None:
        """Take it as the end: a WebSocket is not half open."""
        if not self._has_ended:
            self._end(None)
        return self._predecessor is None or self._predecessor.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end; the descriptor is somebody else's from here on."""
        self._leave_intake()
        self._file = self._direct = None
        self._is_lost = True
        if not self._has_ended:
            self._end(None)
        self._wake_reader()
        if self._predecessor is not None:
            self._predecessor.connection_lost(exc)

    def pause_writing(self) -> None:
        """Take note that the transport is full; Hypercorn's `drain` waits for that too."""
        self._is_full = True
        if self._predecessor is not None:
            self._predecessor.pause_writing()

    def resume_writing(self) -> None:
        """Take note that the transport is not full any more."""
        self._is_full = False
        if self._has_ended or self._is_paused:
            self._wake_reader()
        if self._predecessor is not None:
            self._predecessor.resume_writing()

    # Writing

    def write(self, frame: Frame) -> int:
        """Write a frame; a transport that closes takes no more.

        Where nothing waits it goes to the socket at once: uvloop's way there costs a third of the system call as much again, and asking
        whether something waits nearly as much as that.
        """
        rest: bytes | memoryview = frame.wire
        direct = self._direct
        if direct is None:
            direct = self._find_direct()
        if direct is not None:
            try:
                sent = os.write(direct, rest)
            except OSError:  # full, or lost: the transport finds out, and does what is to be done then
                sent = 0
            if sent == len(rest):
                return 0
            rest = memoryview(rest)[sent:]  # of megabytes nothing is copied
        self._write_by_transport(rest)
        return self._transport.get_write_buffer_size()

    def _find_direct(self) -> int | None:
        if self._file is not None and not self._transport.get_write_buffer_size() and not self._transport.is_closing():
            self._direct = self._file
        return self._direct

    def _write_by_transport(self, data: bytes | memoryview) -> None:
        self._direct = None
        if not self._transport.is_closing():
            self._transport.write(data)

    def waiting(self) -> int:
        """Return the bytes in the transport's buffer."""
        return self._transport.get_write_buffer_size()

    def pumped(self) -> AbstractAsyncContextManager[None]:
        """Do nothing: the event loop carries what was written."""
        return nullcontext()

    def ask_for_life(self) -> None:
        """Send a ping."""
        self._write_by_transport(EMPTY_PING)

    def heard_at(self) -> float:
        """Return when bytes arrived last; now, while none are read: then it is not the client that is silent."""
        return self._loop.time() if self._is_paused else self._heard_at

    async def say_goodbye(self, code: int, reason: str) -> None:
        """Write the close frame, and wait until the client has taken it and the connection is closed."""
        self._write_by_transport(close_frame(code, reason))
        self.hang_up()
        while not self._is_lost:
            await self._until_woken()

    def hang_up(self) -> None:
        """Close the connection once everything that waits is taken."""
        if not self._transport.is_closing():
            with suppress(OSError, RuntimeError):
                self._transport.write_eof()
            self._transport.close()

    def abort(self) -> None:
        """Close the socket and drop what waits."""
        self._transport.abort()

    def abort_unless_taken(self, seconds: float) -> None:
        """Close the socket after this time, whatever waits; harmless when it is closed by then."""
        if not self._is_lost:
            self._loop.call_later(seconds, self._transport.abort)
