"""The lib0 encoding that all Yjs protocols are written in.

An unsigned integer is a base-128 varint, little end first; a byte array is its length and its bytes; a string is the length of its UTF-8
form, in bytes, and that form. Source: https://github.com/dmonad/lib0 (encoding.js, decoding.js).
"""

from typing import Final

from collab.errors import ProtocolError

MAX_VAR_UINT_BYTES: Final = 10
"""A 64-bit integer takes ten bytes of seven bits; whatever is longer is refused unread."""


class Reader:
    """Reads lib0 values from one frame, front to back, and never past its end.

    Every method raises `ProtocolError` when the frame does not hold what is asked for, and checks a declared length against the frame
    before it reads so much.
    """

    __slots__ = ("_at", "_end", "_frame")

    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 0
        self._end = len(frame)

    def var_uint(self) -> int:
        """Read an unsigned integer of at most ten bytes."""
        at = self._at
        if at < self._end:
            byte = self._frame[at]
            if byte < 0x80:  # types and most lengths take one byte, and this is on the path of every keystroke
                self._at = at + 1
                return byte
        return self._long_var_uint()

    def _long_var_uint(self) -> int:
        """Read one of two to five bytes, which clocks and client ids take, without a loop."""
        frame, at = self._frame, self._at
        try:
            low = frame[at] & 0x7F
            byte = frame[at + 1]
            if byte < 0x80:
                self._at = at + 2
                return low | byte << 7
            low |= (byte & 0x7F) << 7
            byte = frame[at + 2]
            if byte < 0x80:
                self._at = at + 3
                return low | byte << 14
            low |= (byte & 0x7F) << 14
            byte = frame[at + 3]
            if byte < 0x80:
                self._at = at + 4
                return low | byte << 21
            low |= (byte & 0x7F) << 21
            byte = frame[at + 4]
            if byte < 0x80:
                self._at = at + 5
                return low | byte << 28
        except IndexError:
            pass
        return self._longest_var_uint()

    def _longest_var_uint(self) -> int:
        frame, start = self._frame, self._at
        value = shift = 0
        for at in range(start, min(start + MAX_VAR_UINT_BYTES, self._end)):
            byte = frame[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self._at = at + 1
                return value
            shift += 7
        if self._end - start >= MAX_VAR_UINT_BYTES:
            raise ProtocolError(
                f"an integer of more than {MAX_VAR_UINT_BYTES} bytes came at byte {start}; expected {MAX_VAR_UINT_BYTES} at most"
            )
        raise ProtocolError(f"{self._end or 'no'} bytes came; expected more, for the integer at byte {start}")

    def var_bytes(self) -> bytes:
        """Read a byte array."""
        length = self.var_uint()
        start = self._at
        end = start + length
        if end > self._end:
            raise ProtocolError(
                f"a length of {length} bytes came before byte {start}; expected {self._end - start} at most"
            )
        self._at = end
        return self._frame[start:end]

    def var_string(self) -> str:
        """Read a string."""
        start = self._at
        try:
            return self.var_bytes().decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(f"the string at byte {start} holds an {error.reason}; expected UTF-8") from None

    def byte(self) -> int:
        """Read one byte."""
        at = self._at
        if at == self._end:
            raise ProtocolError(f"{self._end or 'no'} bytes came; expected more, for the byte at {at}")
        self._at = at + 1
        return self._frame[at]

    def skip(self, length: int) -> None:
        """Pass over so many bytes."""
        if length > self._end - self._at:
            raise ProtocolError(
                f"a value of {length} bytes came at byte {self._at}; expected {self.remaining()} at most"
            )
        self._at += length

    @property
    def position(self) -> int:
        """How many bytes were read."""
        return self._at

    def remaining(self) -> int:
        """Return how many bytes are left."""
        return self._end - self._at

    def end(self) -> None:
        """Check that the frame was read to its end."""
        if self._at != self._end:
            raise ProtocolError(f"{self._end - self._at} bytes came after a complete message; expected none")


def var_uint(value: int) -> bytes:
    """Write an unsigned integer."""
    if value < 0x80:
        return bytes((value,))
    written = bytearray()
    while value > 0x7F:
        written.append(0x80 | (value & 0x7F))
        value >>= 7
    written.append(value)
    return bytes(written)


def var_bytes(value: bytes) -> bytes:
    """Write a byte array."""
    return var_uint(len(value)) + value


def var_string(value: str) -> bytes:
    """Write a string; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD as in a browser's `TextEncoder`."""
    try:
        return var_bytes(value.encode())
    except UnicodeEncodeError:
        return var_bytes(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())
