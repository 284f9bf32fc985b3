"""How clients say it: the two dialects, from the clients' side.

What both sides write alike (sync messages) is written by the product's own codec.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol
from urllib.parse import quote

from collab.protocol.awareness import decode_awareness
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import Reader, var_string
from collab.protocol.messages import (
    EMPTY_STATE_VECTOR,
    EMPTY_UPDATE,
    Awareness,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)
from collab.protocol.sync import read_sync
from collab.protocol.ywebsocket import YWebsocketDialect

_SYNC: Final = 0
_AWARENESS: Final = 1
_SYNC_STATUS: Final = 8
_SAVED: Final = 1
_PROVIDER_VERSION: Final = "4.8.0"


class Saved:
    """The server has acknowledged one update."""


Heard = SyncStep1 | SyncStep2 | SyncUpdate | Awareness | Saved | None
"""What a client makes of a frame; `None` for what does not concern it."""


class ClientDialect(Protocol):
    """A dialect, spoken to one room."""

    acknowledges: ClassVar[bool]
    """Whether the server answers every update with `Saved`."""

    def path(self, door: str) -> str:
        """Return the path to connect to; `door` is where the server takes this dialect."""
        ...

    def opening(self) -> Sequence[bytes]:
        """Return what an empty client sends on connect."""
        ...

    def step2(self) -> bytes:
        """Return an empty client's answer to the server's step 1."""
        ...

    def update(self, update: bytes) -> bytes:
        """Return the message that carries an edit."""
        ...

    def awareness(self, payload: bytes) -> bytes:
        """Return the message that tells of presence."""
        ...

    def hear(self, message: bytes) -> Heard:
        """Decode what the server sent."""
        ...


@dataclass(frozen=True, slots=True)
class YWebsocketClient:
    """The y-websocket dialect: the room is the end of the path, and who somebody is stands behind that."""

    room: str
    token: str = ""
    acknowledges: ClassVar[bool] = False

    def path(self, door: str) -> str:
        query = f"?token={quote(self.token)}" if self.token else ""
        return f"{door}/{quote(self.room)}{query}"

    def opening(self) -> Sequence[bytes]:
        return [YWebsocketDialect().sync_step1(EMPTY_STATE_VECTOR)]

    def step2(self) -> bytes:
        return b"".join(YWebsocketDialect().sync_step2(EMPTY_UPDATE))

    def update(self, update: bytes) -> bytes:
        return YWebsocketDialect().sync_update(update)

    def awareness(self, payload: bytes) -> bytes:
        return YWebsocketDialect().awareness(payload)

    def hear(self, message: bytes) -> Heard:
        reader = Reader(message)
        return _hear(reader.var_uint(), reader)


@dataclass(frozen=True, slots=True)
class HocuspocusClient:
    """The Hocuspocus dialect of provider 4: the room is the address of every message."""

    room: str
    acknowledges: ClassVar[bool] = True

    def path(self, door: str) -> str:
        return door or "/"

    def opening(self) -> Sequence[bytes]:
        token = var_string(self.room) + b"\x02\x00" + var_string("") + var_string(_PROVIDER_VERSION)
        return [token, HocuspocusDialect(self.room).sync_step1(EMPTY_STATE_VECTOR)]

    def step2(self) -> bytes:
        return b"".join(HocuspocusDialect(self.room).sync_step2(EMPTY_UPDATE))

    def update(self, update: bytes) -> bytes:
        return HocuspocusDialect(self.room).sync_update(update)

    def awareness(self, payload: bytes) -> bytes:
        return HocuspocusDialect(self.room).awareness(payload)

    def hear(self, message: bytes) -> Heard:
        reader = Reader(message)
        reader.var_string()
        kind = reader.var_uint()
        if kind == _SYNC_STATUS:
            return Saved() if reader.var_uint() == _SAVED else None
        return _hear(kind, reader)


def _hear(kind: int, reader: Reader) -> Heard:
    if kind == _AWARENESS:
        return decode_awareness(reader.var_bytes())
    return read_sync(reader) if kind == _SYNC else None
