"""A keystroke, as an update (v1): a short text that goes on from what its client has written, behind or between what is there.

Nearly every update is one. This tells them by one pattern, in a fraction of the time that taking them apart takes
(`collab.protocol.structs`); whatever else an update may be is for that.
"""

import re
from typing import Final, Self

from collab.protocol.lib0 import var_uint
from collab.protocol.structs import MAX_CLOCK, NO_DELETIONS, Run

_NUMBER: Final = rb"([\x80-\xff]{0,4}[\x00-\x7f])"
_KEYSTROKE: Final = re.compile(
    rb"\x01\x01" + _NUMBER + _NUMBER  # one client and one struct: its id, and where it goes on
    + rb"(?:\x84|(\xc4))" + _NUMBER + _NUMBER + rb"(?(3)" + _NUMBER + _NUMBER + rb")"  # its neighbours: one, or both
    + rb"([\x01-\x7f])([\x00-\x7f]+)"  # a text in ASCII, of which a byte is a clock
    + rb"\x00"  # no deletions
)  # fmt: skip
_LONGEST: Final = 0x7F


def read_keystroke(update: bytes) -> Run | None:
    """Take a keystroke apart; `None` for any other update, and for what is none.

    The neighbours are among what it needs, the left one first, also where they are of the same client.
    """
    found = _KEYSTROKE.fullmatch(update)
    if found is None:
        return None
    client, clock, has_right, left_client, left_clock, right_client, right_clock, length, text = found.groups()
    if length[0] != len(text):
        return None
    number, start = _number(client), _number(clock)
    end = start + len(text)
    if end > MAX_CLOCK:
        return None
    left = (number if left_client == client else _number(left_client)), _number(left_clock)
    needs = (left,) if has_right is None else (left, (_number(right_client), _number(right_clock)))
    return Run(number, start, end, 1, update[found.end(2) : -1], needs)


class Typing:
    """Keystrokes of one client, each of which goes on from the one before, as one update. The CRDT would join them in the same way."""

    __slots__ = ("_client", "_end", "_head", "_length", "_neighbours", "_texts")

    def __init__(self, found: "re.Match[bytes]", end: int) -> None:
        keystroke = found.string
        self._client = found[1]
        self._end = end
        self._head = keystroke[: found.start(8)]
        self._neighbours = keystroke[found.end(2) : found.end(2) + 1], keystroke[found.end(5) : found.start(8)]
        """What tells whether there is one to the right, and that."""
        self._texts = [found[9]]
        self._length = len(found[9])

    @classmethod
    def begun_with(cls, update: bytes) -> "Self | None":
        """Return what begins with this update; `None` where that is no keystroke."""
        found = _KEYSTROKE.fullmatch(update)
        if found is None or found[8][0] != len(found[9]):
            return None
        return cls(found, _number(found[2]) + len(found[9]))

    def take(self, update: bytes) -> bool:
        """Take in an update, if it is a keystroke that goes on from what there is, and all of it stays a keystroke."""
        info, right = self._neighbours
        expected = b"\x01\x01%b%b%b%b%b%b" % (
            self._client,
            var_uint(self._end),
            info,
            self._client,
            var_uint(self._end - 1),
            right,
        )
        text = update[len(expected) + 1 : -1]
        length = len(text)
        if (
            not update.startswith(expected)
            or not 0 < length <= _LONGEST - self._length
            or update[len(expected)] != length
            or update[-1:] != NO_DELETIONS
            or not text.isascii()
        ):
            return False
        self._texts.append(text)
        self._length += length
        self._end += length
        return True

    def update(self) -> bytes:
        """Return all of it."""
        return b"%b%c%b%b" % (self._head, self._length, b"".join(self._texts), NO_DELETIONS)


def _number(encoded: bytes) -> int:
    """Decode an unsigned integer of five bytes at most."""
    if len(encoded) == 1:
        return encoded[0]
    number = 0
    for byte in reversed(encoded):
        number = number << 7 | byte & 0x7F
    return number
