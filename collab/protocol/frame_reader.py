"""WebSocket frames as a server receives them: bytes in, messages and control frames out, and every rule of RFC 6455 on the way.

It gathers bytes in linear time however they come, and refuses a message that will be too large by its header, before its bytes.
Compression is not negotiated, so the reserved bits must be clear.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from collab.errors import FramingError, MessageTooLarge
from collab.protocol.budget import PIECE_BYTES, Budget

MAX_CONTROL_BYTES: Final = 125
"""Section 5.5: the payload of a control frame."""

_MASK_BYTES: Final = 4
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_SHORTEST_HEADER: Final = 2
_WHOLE_BINARY: Final = 0x82
_MASKED: Final = 0x80
_SHORT_HEADER: Final = _SHORTEST_HEADER + _MASK_BYTES


class Opcode(IntEnum):
    """Section 5.2: what a frame is; all others are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True, slots=True)
class Text:
    """A complete text message; no dialect has any, so that its bytes are not looked at."""


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered by a pong with the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """A sign of life."""


@dataclass(frozen=True, slots=True)
class Close:
    """The client says goodbye, with this code; nothing that follows it counts."""

    code: int


ReadEvent = bytes | Text | Ping | Pong | Close
"""What a client sends; a complete binary message is just its bytes."""

NO_CODE: Final = 1005
"""Section 7.4.1: a close frame without a code."""

_CODES_NEVER_SENT: Final = frozenset({1004, 1005, 1006, 1015})
_FIRST_CODE: Final = 1000
_LAST_DEFINED_CODE: Final = 1015
_FIRST_REGISTERED_CODE: Final = 3000
_LAST_CODE: Final = 4999


class FrameReader:
    """Reads what one client sends. After an error it must not be fed again."""

    __slots__ = ("_budget", "_chunks", "_message", "_missing", "_opcode", "max_message_bytes")

    def __init__(self, max_message_bytes: int, budget: Budget) -> None:
        """Count what has not come whole in `budget`; what comes whole, as nearly everything does, is never counted."""
        self._budget = budget
        self.max_message_bytes = max_message_bytes
        """What a message may hold; may be set anew at any time."""
        self._chunks: list[bytes] = []
        """Bytes of a frame that has not come whole."""
        self._missing = 0
        """How many more must come before it is worth looking again."""
        self._opcode: Opcode | None = None
        """Of the fragmented message under way."""
        self._message = bytearray()
        """Its payloads so far: one piece, for there may be millions of them, and any number of empty ones."""

    def feed(self, data: bytes) -> list[ReadEvent]:
        """Take bytes as they came and return what they complete.

        Raises `FramingError` for bytes that RFC 6455 does not allow, `MessageTooLarge` for a message over the limit, `ServerBusy` where
        the budget has no room for the half of one. What was complete before the error is lost, as is the connection.
        """
        if len(data) < self._missing:
            self._keep(data)
            self._missing -= len(data)
            return []
        if self._chunks:
            data = b"".join((*self._chunks, data))
            self._let_go_of_chunks()
        events: list[ReadEvent] = []
        at, end = 0, len(data)
        while True:
            frame_end = self._end_of_short_message(data, at, end)
            if frame_end:
                start = at + _SHORT_HEADER
                events.append(unmask(data[start:frame_end], data[start - _MASK_BYTES : start]))
                at = frame_end
                continue
            start, frame_end = self._read_header(data, at, end)
            if frame_end > end:
                break
            event = self._take(data[at], data[start - _MASK_BYTES : start], data[start:frame_end])
            if event is not None:
                events.append(event)
            at = frame_end
        self._missing = frame_end - end
        if at < end:
            self._keep(data[at:] if at else data)
        return events

    def _end_of_short_message(self, data: bytes, at: int, end: int) -> int:
        """Return where a short binary message ends that has come whole, as a keystroke does; 0 where something else begins.

        There is nothing more to check of one.
        """
        if end - at <= _SHORT_HEADER or data[at] != _WHOLE_BINARY or self._opcode is not None:
            return 0
        length = data[at + 1] - _MASKED
        if not 0 < length <= MAX_CONTROL_BYTES or length > min(self.max_message_bytes, end - at - _SHORT_HEADER):
            return 0
        return at + _SHORT_HEADER + length

    def forget(self) -> None:
        """Let go of what has not come whole, when the connection has ended. It must not be fed again."""
        self._let_go_of_chunks()
        self._budget.give_back(len(self._message))
        self._message = bytearray()

    def _keep(self, chunk: bytes) -> None:
        self._budget.take(len(chunk) + PIECE_BYTES)
        self._chunks.append(chunk)

    def _let_go_of_chunks(self) -> None:
        self._budget.give_back(sum(map(len, self._chunks)) + PIECE_BYTES * len(self._chunks))
        self._chunks = []

    def _read_header(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """Return where the payload of the frame at `at` starts and ends; past `end`, how far bytes are needed to tell more."""
        if end - at < _SHORTEST_HEADER:
            return at, at + _SHORTEST_HEADER
        first, second = data[at], data[at + 1]
        self._check_kind(first, second)
        length, start = second & 0x7F, at + _SHORTEST_HEADER
        if length >= _LENGTH_16:
            size = 2 if length == _LENGTH_16 else 8
            if end - start < size:
                return start, start + size
            length = int.from_bytes(data[start : start + size], "big")
            if length < (_LENGTH_16 if size == 2 else 1 << 16) or length >> 63:
                raise FramingError(
                    f"a length of {length} came in {size} bytes; expected the shortest form that holds it"
                )
            start += size
        if not first & 0x08 and len(self._message) + length > self.max_message_bytes:
            raise MessageTooLarge(
                f"a message of {len(self._message) + length} bytes or more came; {self.max_message_bytes} are allowed"
            )
        return start + _MASK_BYTES, start + _MASK_BYTES + length

    def _check_kind(self, first: int, second: int) -> None:
        """Check what the first two bytes of a frame tell."""
        if first & 0x70:
            raise FramingError("a frame came with reserved bits set; no extension was negotiated")
        if second < 0x80:
            raise FramingError("a frame came unmasked; a client masks every frame")
        opcode = first & 0x0F
        if Opcode.BINARY < opcode < Opcode.CLOSE or opcode > Opcode.PONG:
            raise FramingError(f"a frame with the reserved opcode {opcode} came")
        if opcode & 0x08:
            if second & 0x7F > MAX_CONTROL_BYTES or first < 0x80:
                raise FramingError(f"a control frame came in fragments, or longer than {MAX_CONTROL_BYTES} bytes")
        elif opcode == Opcode.CONTINUATION and self._opcode is None:
            raise FramingError("a continuation came without a message to continue")
        elif opcode != Opcode.CONTINUATION and self._opcode is not None:
            raise FramingError("a new message came inside a fragmented one")

    def _take(self, first: int, mask: bytes, payload: bytes) -> ReadEvent | None:
        """Take a whole frame, whose header was found in order."""
        payload = unmask(payload, mask)
        if first == _WHOLE_BINARY:  # as nearly every frame is
            return payload
        opcode = Opcode(first & 0x0F)
        match opcode:
            case Opcode.PING:
                return Ping(payload)
            case Opcode.PONG:
                return Pong()
            case Opcode.CLOSE:
                return Close(_close_code(payload))
            case Opcode.BINARY | Opcode.TEXT:
                self._opcode = opcode
        self._budget.take(len(payload))
        self._message += payload
        return self._complete() if first & 0x80 else None

    def _complete(self) -> ReadEvent:
        message: ReadEvent = bytes(self._message) if self._opcode is Opcode.BINARY else Text()
        self._budget.give_back(len(self._message))
        self._message, self._opcode = bytearray(), None
        return message


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Take a client's mask off a payload. Section 5.3."""
    length = len(payload)
    repeated = (mask * (length // _MASK_BYTES + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(length, "little")


def _close_code(payload: bytes) -> int:
    """Return the code of a close frame. Section 5.5.1, 7.4."""
    if not payload:
        return NO_CODE
    if len(payload) == 1:
        raise FramingError("a close frame came with half a code")
    code = int.from_bytes(payload[:2], "big")
    defined = _FIRST_CODE <= code <= _LAST_DEFINED_CODE and code not in _CODES_NEVER_SENT
    if not defined and not _FIRST_REGISTERED_CODE <= code <= _LAST_CODE:
        raise FramingError(f"a close frame came with code {code}, which is never sent")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FramingError("a close frame came with a reason that is not UTF-8") from None
    return code
