"""The values that stand in items, read. Source: https://github.com/dmonad/lib0 (decoding.js, `readAny`)."""

import base64
import struct
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader
from collab.protocol.limits import MAX_NESTING

AnyValue = None | bool | int | float | str | list["AnyValue"] | dict[str, "AnyValue"]
"""What JSON has words for; `undefined` becomes `None`, and bytes base64."""

_SIGN: Final = 0x40
_MORE: Final = 0x80
_MAX_INTEGER_BYTES: Final = 10


def read_values(content: bytes) -> list[AnyValue]:
    """Return the values of an item that holds a list of them. Raises `ProtocolError`."""
    reader = Reader(content)
    return [_read_value(reader, MAX_NESTING) for _ in range(reader.var_uint())]


def _read_value(reader: Reader, nesting: int) -> AnyValue:
    kind = reader.byte()
    match kind:
        case 127 | 126:
            return None
        case 125:
            return _read_integer(reader)
        case 124:
            return _unpack(">f", reader)
        case 123:
            return _unpack(">d", reader)
        case 122:
            return int(_unpack(">q", reader))
        case 121 | 120:
            return kind == 120
        case 119:
            return reader.var_string()
        case 116:
            return base64.b64encode(reader.var_bytes()).decode("ascii")
        case 117 | 118 if nesting:
            count = reader.var_uint()
            if kind == 117:
                return [_read_value(reader, nesting - 1) for _ in range(count)]
            return {reader.var_string(): _read_value(reader, nesting - 1) for _ in range(count)}
    raise ProtocolError(f"a value of kind {kind} came; expected 116 to 127, nested {MAX_NESTING} deep at most")


def _unpack(form: str, reader: Reader) -> float:
    size = struct.calcsize(form)
    (value,) = struct.unpack(form, bytes(reader.byte() for _ in range(size)))
    return float(value) if form != ">q" else value


def _read_integer(reader: Reader) -> int:
    """Read an integer whose first byte also has its sign."""
    byte = reader.byte()
    value, negative, shift = byte & (_SIGN - 1), bool(byte & _SIGN), 6
    while byte & _MORE and shift < 7 * _MAX_INTEGER_BYTES:
        byte = reader.byte()
        value |= (byte & 0x7F) << shift
        shift += 7
    return -value if negative else value
