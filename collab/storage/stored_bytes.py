"""How content stands in its rows: snapshots compressed where it pays, and each with a checksum of the bytes that are stored.

The checksum tells bytes that the disk, or somebody's hand, has changed; it guards against accidents, not against forgery.
Sources: RFC 8878 (Zstandard); `zlib.crc32`, the CRC-32 of ISO 3309.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zlib import crc32

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError, frame_content_size

SMALLEST_COMPRESSED: Final = 1024
"""Bytes; below this a row takes about the same place either way."""

LARGEST_STATE: Final = 1 << 30
"""Bytes that a stored frame may claim to hold; a document of that size cannot be served, so such a row is damaged."""

_LEVEL: Final = 3
"""A 289 kB state becomes 113 kB in a millisecond; level 9 takes four times as long for another tenth."""

_WORTH_IT: Final = 0.9
"""What compression must bring a state down to, or it is stored as it is."""


class Encoding(StrEnum):
    """How a snapshot's bytes are to be read, by the names of HTTP's content codings."""

    IDENTITY = "identity"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class StoredState:
    """A snapshot as its row holds it."""

    encoding: Encoding
    stored: bytes


def encode_state(state: bytes) -> StoredState:
    """Compress a state, if that makes it smaller by enough."""
    if len(state) >= SMALLEST_COMPRESSED:
        compressed = ZstdCompressor(level=_LEVEL).compress(state)
        if len(compressed) <= _WORTH_IT * len(state):
            return StoredState(Encoding.ZSTD, compressed)
    return StoredState(Encoding.IDENTITY, state)


def decode_state(encoding: object, stored: object) -> bytes:
    """Return the state. Raises `ValueError` or `TypeError` for what `encode_state` never made."""
    checked = stored_bytes(stored)
    match encoding:
        case Encoding.IDENTITY:
            return checked
        case Encoding.ZSTD:
            return _decompress(checked)
    raise ValueError(f"an encoding {encoding!r} came; expected one of {', '.join(Encoding)}")


def _decompress(compressed: bytes) -> bytes:
    try:
        size = frame_content_size(compressed)
        if not 0 <= size <= LARGEST_STATE:
            raise ValueError(f"a compressed snapshot claims {size} bytes; expected {LARGEST_STATE} at most")
        return ZstdDecompressor().decompress(compressed)
    except ZstdError as error:
        raise ValueError(f"a compressed snapshot cannot be read: {error}") from None


def stored_bytes(stored: object) -> bytes:
    """Return what a column of bytes holds. Raises `TypeError` for anything else, which SQLite lets stand there."""
    if not isinstance(stored, bytes):
        raise TypeError(f"a stored {type(stored).__name__} came; expected bytes")
    return stored


def checksum(stored: bytes) -> int:
    """Return the checksum of a row's bytes."""
    return crc32(stored)


def verify(what: str, stored: bytes, expected: int | None) -> None:
    """Compare a row's bytes with its checksum; one of the time before checksums has none.

    Raises `ValueError`, and `TypeError` for a checksum that is no number, which SQLite lets stand there.
    """
    if not isinstance(expected, int | None):
        raise TypeError(f"{what} has the checksum {expected!r}; expected a number")
    if expected is not None and (actual := crc32(stored)) != expected:
        raise ValueError(f"{what} has the checksum {actual:08x}; expected {expected:08x}")
