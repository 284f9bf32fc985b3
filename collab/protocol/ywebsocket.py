"""The y-websocket dialect: one document for each socket, named by the path.

A message is `varUint type · payload`. Source: https://github.com/yjs/y-websocket (src/y-websocket.js).
"""

from dataclasses import dataclass
from typing import Final

from collab.errors import ProtocolError
from collab.protocol import sync
from collab.protocol.awareness import EMPTY_AWARENESS, decode_awareness
from collab.protocol.lib0 import Reader, var_bytes
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import Awareness, QueryAwareness, SyncStep1, SyncStep2, SyncUpdate

_UPDATE: Final = b"\x00\x02"
"""How a message with an update begins; its length follows, in one byte up to 127."""

_LONGEST_SHORT: Final = 3 + 128
_SYNC: Final = 0
_AWARENESS: Final = 1
_QUERY_AWARENESS: Final = 3

YWebsocketMessage = SyncStep1 | SyncStep2 | SyncUpdate | Awareness | QueryAwareness


def decode(frame: bytes, limits: Limits = DEFAULTS) -> YWebsocketMessage:
    """Decode a client's message to its end.

    Raises `ProtocolError` for an unknown type, a truncated message, or bytes that follow it.
    """
    if (update := _short_update(frame)) is not None:
        return SyncUpdate(update)
    reader = Reader(frame)
    kind = reader.var_uint()
    message: YWebsocketMessage
    if kind == _SYNC:
        message = sync.read_sync(reader)
    elif kind == _AWARENESS:
        message = decode_awareness(reader.var_bytes(), limits)
    elif kind == _QUERY_AWARENESS:
        message = QueryAwareness()
    else:
        raise ProtocolError(f"message type {kind} came; expected 0 (sync), 1 (awareness) or 3 (query awareness)")
    reader.end()
    return message


def _short_update(frame: bytes) -> bytes | None:
    """Return the update of a message that is nothing else, and short, as a keystroke is; `None` for any other."""
    is_one = frame.startswith(_UPDATE) and 3 < len(frame) < _LONGEST_SHORT and frame[2] == len(frame) - 3
    return frame[3:] if is_one else None


@dataclass(frozen=True, slots=True)
class YWebsocketDialect:
    """Encodes for y-websocket clients; every session's bytes are alike."""

    @property
    def speaks_first(self) -> bool:
        """A y-websocket server asks at once."""
        return True

    def sync_step1(self, state_vector: bytes) -> bytes:
        """Ask for what the client has beyond this state vector."""
        return b"\x00" + sync.sync_step1(state_vector)

    def sync_step2(self, update: bytes) -> tuple[bytes, bytes]:
        """Answer a state vector with what it lacks, in two parts of one message."""
        return sync.sync_step2(update, b"\x00")

    def sync_update(self, update: bytes) -> bytes:
        """Tell of an edit."""
        return sync.sync_update(update, b"\x00")

    def awareness(self, payload: bytes) -> bytes:
        """Tell of presence."""
        return b"\x01" + var_bytes(payload)

    def sync_status(self, *, saved: bool) -> None:
        """Say nothing: the dialect knows no acknowledgement."""

    def stateless(self, payload: str) -> None:
        """Say nothing: the dialect knows no messages of the application."""

    def keep_alive(self) -> bytes:
        """Send an empty awareness update; the client reconnects after 30 s without a message."""
        return b"\x01" + var_bytes(EMPTY_AWARENESS)
