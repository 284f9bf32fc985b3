"""Reads what stands in the structs of a Yjs update (v1): one struct is its info byte, where it goes, and its content.

Source: https://github.com/yjs/yjs (src/structs), https://github.com/dmonad/lib0 (encoding.js, `writeAny`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader
from collab.protocol.limits import MAX_NESTING, Limits
from collab.protocol.updates import Budget

GC: Final = 0
SKIP: Final = 10
KIND: Final = 0x1F
HAS_ORIGIN: Final = 0x80
HAS_RIGHT_ORIGIN: Final = 0x40
HAS_KEY: Final = 0x20

DELETED: Final = 1
BINARY: Final = 3
TEXT: Final = 4
EMBEDDED: Final = 5
FORMAT: Final = 6
TYPE: Final = 7
VALUES: Final = 8
SUBDOCUMENT: Final = 9
"""The kinds of content. 2, JSON, yrs 0.28 reads one too many of, and no client writes any more."""


class StructReader(Reader):
    """Reads what stands in structs, and counts the values among it."""

    __slots__ = ("_client", "_encoded_client", "needs", "nesting", "types", "values")

    def __init__(self, update: bytes, limits: Limits | None = None) -> None:
        super().__init__(update)
        self.values = Budget("values", None if limits is None else limits.update_values)
        self.nesting = MAX_NESTING if limits is None else min(limits.update_nesting, MAX_NESTING)
        self.needs: dict[int, int] = {}
        """The highest clock of each client that was read as a neighbour or a parent since this was emptied."""
        self.types = 0
        self._client = 0
        self._encoded_client = b""

    def client(self) -> int:
        """Read the client of an id: mostly the one that was read last, and of many bytes."""
        start, encoded = self._at, self._encoded_client
        if encoded and self._frame.startswith(encoded, start):
            self._at = start + len(encoded)
            return self._client
        self._client = self.var_uint()
        self._encoded_client = self._frame[start : self._at]
        return self._client

    def id(self) -> None:
        """Pass over an id, and take note of it."""
        client, clock = self.client(), self.var_uint()
        if clock > self.needs.get(client, -1):
            self.needs[client] = clock

    def needed(self, client: int) -> tuple[tuple[int, int], ...]:
        """Return the ids that were noted since the last call, but for those of this client."""
        if not self.needs:
            return ()
        self.needs.pop(client, None)
        needed = tuple(self.needs.items())
        self.needs.clear()
        return needed

    def place(self, info: int) -> None:
        """Pass over where an item without neighbours stands."""
        if self.var_uint() == 1:
            self.var_bytes()  # the root's name
        else:
            self.id()
        if info & HAS_KEY:
            self.var_bytes()

    def content(self, kind: int) -> int:
        """Pass over the content of an item and return its length in clocks."""
        read = _CONTENTS.get(kind)
        if read is None:
            raise ProtocolError(f"content of kind {kind} came; expected one of {', '.join(map(str, _CONTENTS))}")
        return read(self)

    def value(self) -> None:
        """Pass over a value."""
        _read_value(self, self.nesting)


def _read_binary(reader: Reader) -> int:
    reader.var_bytes()
    return 1


def _read_text(reader: Reader) -> int:
    """Pass over a text, whose clocks are UTF-16 code units."""
    encoded = reader.var_bytes()
    if encoded.isascii():
        return len(encoded)
    try:
        return len(encoded.decode().encode("utf-16-le")) // 2
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a text holds an {error.reason}; expected UTF-8") from None


def _read_format(reader: Reader) -> int:
    reader.var_bytes()
    reader.var_bytes()
    return 1


def _read_type(reader: StructReader) -> int:
    reader.types += 1
    kind = reader.var_uint()
    if kind == _XML_ELEMENT:
        reader.var_bytes()  # its name
    elif kind not in _NAMELESS_TYPES:
        raise ProtocolError(
            f"a type of kind {kind} came; expected {_XML_ELEMENT} or one of {', '.join(map(str, _NAMELESS_TYPES))}"
        )
    return 1


def _read_values(reader: StructReader) -> int:
    count = reader.values.spend(reader.var_uint())
    for _ in range(count):
        _read_value(reader, reader.nesting)
    return count


def _read_subdocument(reader: StructReader) -> int:
    reader.var_bytes()
    _read_value(reader, reader.nesting)
    return 1


_XML_ELEMENT: Final = 3

_NAMELESS_TYPES: Final = (0, 1, 2, 4, 6)
"""An array, a map, a text, an XML fragment and an XML text.

An XML hook (5) has a name that yrs 0.28 does not read: it would take it for the next structs, which nobody has looked at.
"""

_CONTENTS: Final[Mapping[int, Callable[[StructReader], int]]] = {
    DELETED: Reader.var_uint,  # only the length is left
    BINARY: _read_binary,
    TEXT: _read_text,
    EMBEDDED: _read_binary,  # as JSON text
    FORMAT: _read_format,
    TYPE: _read_type,
    VALUES: _read_values,
    SUBDOCUMENT: _read_subdocument,
}

_FIXED_SIZES: Final[Mapping[int, int]] = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
"""Of undefined, null, the floats, a big integer, false and true."""

_INTEGER: Final = 125
_STRING: Final = 119
_OBJECT: Final = 118
_ARRAY: Final = 117
_BYTES: Final = 116


def _read_value(reader: StructReader, nesting: int) -> None:
    kind = reader.byte()
    size = _FIXED_SIZES.get(kind)
    if size is not None:
        reader.skip(size)
    elif kind == _INTEGER:
        reader.var_uint()  # its sign is in the first byte, its end is told alike
    elif kind in (_STRING, _BYTES):
        reader.var_bytes()
    elif kind in (_OBJECT, _ARRAY):
        if not nesting:
            raise ProtocolError(f"a value came that nests more than {reader.nesting} deep")
        for _ in range(reader.values.spend(reader.var_uint())):
            if kind == _OBJECT:
                reader.var_bytes()
            _read_value(reader, nesting - 1)
    else:
        raise ProtocolError(f"a value of kind {kind} came; expected {_BYTES} to 127")
