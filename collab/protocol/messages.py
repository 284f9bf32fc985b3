"""What a client and the server say to each other about one document, whatever the dialect.

A gateway decodes a frame whole into one of these, or ends the session; the room never sees bytes that were not checked.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """“This is what I have; send me the rest.” Answered with one `SyncStep2`."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """“This is what you lack”: a Yjs update (v1)."""

    update: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """“This just happened”: a Yjs update (v1)."""

    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """The presence of one Yjs client: its newest state under that clock, as JSON text; `null` when it has gone."""

    client_id: int
    clock: int
    state: str


@dataclass(frozen=True, slots=True)
class Awareness:
    """Some clients' presence changed."""

    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """“Who is here?” Answered with every known presence."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """A Hocuspocus client's token for one document; `provider_version` is told from version 4 on."""

    token: str
    provider_version: str | None


@dataclass(frozen=True, slots=True)
class Stateless:
    """A message of the application, passed on as it is and never stored."""

    payload: str


@dataclass(frozen=True, slots=True)
class Leave:
    """A Hocuspocus client closes one document and keeps the socket."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A Hocuspocus (v4) client asks for a sign of life; answered with a pong."""


@dataclass(frozen=True, slots=True)
class Pong:
    """A Hocuspocus (v4) client answers a ping of ours."""


EditMessage = SyncStep2 | SyncUpdate
RoomMessage = SyncStep1 | SyncStep2 | SyncUpdate | Awareness | QueryAwareness | Stateless
"""What a room understands."""

GONE: Final = "null"
"""The state of a client that has left."""

EMPTY_UPDATE: Final = b"\x00\x00"
"""The Yjs update (v1) that changes nothing: no structs, no deletions."""

EMPTY_STATE_VECTOR: Final = b"\x00"
"""The state vector of a document without content."""
