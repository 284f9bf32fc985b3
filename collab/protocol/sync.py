"""The sync part of the y-protocols, alike in both dialects: what follows the message type 0.

Source: https://github.com/yjs/y-protocols (sync.js).
"""

from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_bytes, var_uint
from collab.protocol.messages import SyncStep1, SyncStep2, SyncUpdate

_STEP1: Final = 0
_STEP2: Final = 1
_UPDATE: Final = 2


def read_sync(reader: Reader) -> SyncStep1 | SyncStep2 | SyncUpdate:
    """Read a sync message; raises `ProtocolError` for an unknown step."""
    step = reader.var_uint()
    if step == _UPDATE:
        return SyncUpdate(reader.var_bytes())
    if step == _STEP1:
        return SyncStep1(reader.var_bytes())
    if step == _STEP2:
        return SyncStep2(reader.var_bytes())
    raise ProtocolError(f"sync step {step} came; expected 0 (step 1), 1 (step 2) or 2 (update)")


def sync_step1(state_vector: bytes) -> bytes:
    """Write a step 1."""
    return b"\x00" + var_bytes(state_vector)


def sync_step2(update: bytes, prefix: bytes = b"") -> tuple[bytes, bytes]:
    """Write a step 2, with what the dialect puts before it, in two parts: an update of megabytes is not copied."""
    return b"".join((prefix, b"\x01", var_uint(len(update)))), update


def sync_update(update: bytes, prefix: bytes = b"") -> bytes:
    """Write an update, as a step 2 is written."""
    return b"".join((prefix, b"\x02", var_uint(len(update)), update))
