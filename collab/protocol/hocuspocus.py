"""The Hocuspocus dialect, as its providers of versions 2, 3 and 4 speak it: many documents share one socket.

A message is `varString address · varUint type · payload`. The address is the document's name, and behind it, where a version 4 provider
has `sessionAwareness`, U+0000 and a session id; the client routes by the exact address. Source: https://github.com/ueberdosis/hocuspocus
(packages/provider/src, packages/common/src).
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from collab.errors import ProtocolError
from collab.protocol import sync
from collab.protocol.awareness import EMPTY_AWARENESS, decode_awareness
from collab.protocol.lib0 import Reader, var_bytes, var_string
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import (
    Authenticate,
    Awareness,
    Leave,
    Ping,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)

_SYNC: Final = 0
_AWARENESS: Final = 1
_AUTH: Final = 2
_QUERY_AWARENESS: Final = 3
_STATELESS: Final = 5
_CLOSE: Final = 7
_TOKEN: Final = 0

PING: Final = b"\x09"
PONG: Final = b"\x0a"
"""A bare byte, without an address; version 2 and 3 providers throw on either, so it goes only to those that sent one."""

HocuspocusMessage = SyncStep1 | SyncStep2 | SyncUpdate | Awareness | QueryAwareness | Authenticate | Stateless | Leave


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message and the address it was sent to."""

    address: str
    message: HocuspocusMessage

    @property
    def document(self) -> str:
        """The document's name: the address without a session id."""
        return self.address.partition("\x00")[0]


def decode(frame: bytes, limits: Limits = DEFAULTS) -> Addressed | Ping | Pong:
    """Decode a client's message to its end.

    Raises `ProtocolError` for an unknown type, one that only servers send each other, a truncated message, or bytes that follow it.
    """
    if frame == PING:
        return Ping()
    if frame == PONG:
        return Pong()
    reader = Reader(frame)
    address = reader.var_string()
    message = _read_message(reader, limits)
    reader.end()
    return Addressed(address, message)


def _read_message(reader: Reader, limits: Limits) -> HocuspocusMessage:
    kind = reader.var_uint()
    if kind == _SYNC:
        return sync.read_sync(reader)
    if kind == _AWARENESS:
        return decode_awareness(reader.var_bytes(), limits)
    if kind == _AUTH:
        return _read_authenticate(reader)
    if kind == _QUERY_AWARENESS:
        return QueryAwareness()
    if kind == _STATELESS:
        return Stateless(reader.var_string())
    if kind == _CLOSE:
        return Leave()
    raise ProtocolError(
        f"message type {kind} came; expected 0 (sync), 1 (awareness), 2 (auth), 3 (query awareness), 5 (stateless) or 7 (close)"
    )


def _read_authenticate(reader: Reader) -> Authenticate:
    kind = reader.var_uint()
    if kind != _TOKEN:
        raise ProtocolError(f"auth message {kind} came; expected 0 (token)")
    token = reader.var_string()
    version = None
    if reader.remaining():
        version = reader.var_string()
        if not version:
            raise ProtocolError("an empty provider version came after the token; expected a version or nothing")
    return Authenticate(token, version)


@dataclass(frozen=True, slots=True)
class HocuspocusDialect:
    """Encodes for the sessions at one address."""

    address: str
    _prefix: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_prefix", var_string(self.address))

    @property
    def speaks_first(self) -> bool:
        """A provider counts the step 1 it gets against its own."""
        return False

    def sync_step1(self, state_vector: bytes) -> bytes:
        """Ask for what the client has beyond this state vector; one for each of its own, and before the step 2."""
        return self._prefix + b"\x00" + sync.sync_step1(state_vector)

    def sync_step2(self, update: bytes) -> tuple[bytes, bytes]:
        """Answer a state vector with what it lacks, in two parts of one message."""
        return sync.sync_step2(update, self._prefix + b"\x00")

    def sync_update(self, update: bytes) -> bytes:
        """Tell of an edit."""
        return sync.sync_update(update, self._prefix + b"\x00")

    def awareness(self, payload: bytes) -> bytes:
        """Tell of presence."""
        return self._prefix + b"\x01" + var_bytes(payload)

    def sync_status(self, *, saved: bool) -> bytes:
        """Answer one step 2 or update: committed, or refused. The client counts them."""
        return self._prefix + (b"\x08\x01" if saved else b"\x08\x00")

    def stateless(self, payload: str) -> bytes:
        """Pass on a message of the application."""
        return self._prefix + b"\x05" + var_string(payload)

    def keep_alive(self) -> bytes:
        """Send an empty awareness update, the one message that providers of all versions take as a sign of life."""
        return self._prefix + b"\x01" + var_bytes(EMPTY_AWARENESS)

    def authenticated(self, scope: Literal["read-write", "readonly"]) -> bytes:
        """Let the client in, or change what it may do."""
        return self._prefix + b"\x02\x02" + var_string(scope)

    def token_request(self) -> bytes:
        """Ask for the token again. Providers of version 2 pass over it."""
        return self._prefix + b"\x02\x00"

    def permission_denied(self, reason: str) -> bytes:
        """Keep the client out of this document; the socket stays open for another try."""
        return self._prefix + b"\x02\x01" + var_string(reason)
