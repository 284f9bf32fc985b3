"""The awareness payload, alike in all dialects: a count, then for each client its id, its clock and its state as JSON text.

Source: https://github.com/yjs/y-protocols (awareness.js, `encodeAwarenessUpdate`).
"""

from collections.abc import Iterable
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_string, var_uint
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import Awareness, AwarenessEntry

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Yjs counts in JavaScript numbers; a larger id or clock comes from no real client."""

EMPTY_AWARENESS: Final = b"\x00"
"""The payload that tells of nobody. Clients take it as a sign of life."""

_BYTES_PER_ENTRY: Final = 3
"""What the shortest entry takes: one byte each for the id, the clock and the length of its state."""


def decode_awareness(payload: bytes, limits: Limits = DEFAULTS) -> Awareness:
    """Decode an awareness payload to its end.

    Raises `ProtocolError` when it is truncated, declares more entries than it can hold or than the limits allow, or holds an id or clock
    over 2⁵³ - 1.
    """
    reader = Reader(payload)
    count = reader.var_uint()
    most = min(reader.remaining() // _BYTES_PER_ENTRY, limits.awareness_entries)
    if count > most:
        raise ProtocolError(
            f"a count of {count} awareness entries came; expected {most} at most in {reader.remaining()} bytes"
        )
    entries = tuple(_read_entry(reader) for _ in range(count))
    reader.end()
    return Awareness(entries)


def _read_entry(reader: Reader) -> AwarenessEntry:
    client_id, clock = reader.var_uint(), reader.var_uint()
    if client_id > MAX_SAFE_INTEGER or clock > MAX_SAFE_INTEGER:
        raise ProtocolError(f"awareness id {client_id} with clock {clock} came; expected neither to be over 2^53 - 1")
    return AwarenessEntry(client_id, clock, reader.var_string())


def encode_awareness(entries: Iterable[AwarenessEntry]) -> bytes:
    """Encode an awareness payload."""
    written = [var_uint(entry.client_id) + var_uint(entry.clock) + var_string(entry.state) for entry in entries]
    return var_uint(len(written)) + b"".join(written)
