"""The place in a listing at which its next page begins, as a string that only this module makes."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from collab.errors import InvalidCursor

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE: Final = struct.Struct(">qq")
_CHECK_BYTES: Final = 8
_CHECK_KEY: Final = b"collab: a place in a list"
"""Not a secret. The check finds what was typed, cut or made for another list; a forged place shows nobody more than the list does."""


@dataclass(frozen=True, slots=True)
class Place:
    """The last entry of a page, by what the list is sorted by."""

    at: datetime
    id: int

    def encode(self, of: str) -> str:
        """Write it, fit for a URL; `of` names the list."""
        packed = _PLACE.pack((self.at - _EPOCH) // _MICROSECOND, self.id)
        return urlsafe_b64encode(packed + _check(packed, of)).decode("ascii").rstrip("=")

    @classmethod
    def decode(cls, cursor: str, of: str) -> "Place":
        """Read it. Raises `InvalidCursor` for anything that `encode` did not write for this list."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            packed, check = raw[: _PLACE.size], raw[_PLACE.size :]
            micros, number = _PLACE.unpack(packed)
            place = cls(_EPOCH + micros * _MICROSECOND, number)
        except (ValueError, OverflowError, struct.error):
            place = None
        if place is None or check != _check(packed, of) or place.encode(of) != cursor:
            raise InvalidCursor(
                f"the cursor {cursor[:80]!r} came; expected the next_cursor of an earlier page of this list"
            )
        return place


def _check(packed: bytes, of: str) -> bytes:
    return blake2b(packed + of.encode(), digest_size=_CHECK_BYTES, key=_CHECK_KEY).digest()
