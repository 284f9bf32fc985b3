"""WebSocket frames as a server sends them: unfragmented and, because only clients mask, the same bytes for every reader.

Source: RFC 6455, section 5.2 (base framing) and 5.5.2 (ping).
"""

import struct
from typing import Final, Self

_FIN_BINARY: Final = 0x82
_FIN_CLOSE: Final = 0x88
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_HEADER_16: Final = struct.Struct("!BBH")
_HEADER_64: Final = struct.Struct("!BBQ")

EMPTY_PING: Final = b"\x89\x00"
"""A ping without payload, as it goes onto the wire; every WebSocket client answers it by itself."""


def close_frame(code: int, reason: str) -> bytes:
    """Return a close frame as it goes onto the wire (section 5.5.1); code and reason take 125 bytes at most."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return bytes((_FIN_CLOSE, len(payload))) + payload


class Frame:
    """One binary message, encoded once and shared by all its readers; never changed after it was made."""

    __slots__ = ("_payload", "wire")

    wire: bytes
    """The frame as it goes to a transport, header and payload."""

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self._payload: bytes | None = None

    @classmethod
    def binary(cls, payload: bytes) -> Self:
        """Frame a message under the shortest header that holds its length, as section 5.2 demands."""
        return cls(_header(len(payload)) + payload)

    @classmethod
    def joined(cls, *parts: bytes) -> Self:
        """Frame a message that comes in parts; what is large in it is copied just once."""
        return cls(b"".join((_header(sum(map(len, parts))), *parts)))

    @property
    def payload(self) -> bytes:
        """The message without its header, for servers that frame it themselves; cut out once, when first asked for."""
        if self._payload is None:
            self._payload = self.wire[_header_length(self.wire[1]) :]
        return self._payload

    def __repr__(self) -> str:
        return f"<Frame of {len(self.wire)} bytes>"


def _header(length: int) -> bytes:
    if length < _LENGTH_16:
        return bytes((_FIN_BINARY, length))
    if length < 0x10000:
        return _HEADER_16.pack(_FIN_BINARY, _LENGTH_16, length)
    return _HEADER_64.pack(_FIN_BINARY, _LENGTH_64, length)


def _header_length(length: int) -> int:
    if length == _LENGTH_16:
        return _HEADER_16.size
    if length == _LENGTH_64:
        return _HEADER_64.size
    return 2
