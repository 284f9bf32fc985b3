"""The items of a document's state, read and written: what the CRDT holds, with the ids it holds it under.

Source: https://github.com/yjs/yjs (src/structs/Item.js, `read`, `write`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_bytes, var_string, var_uint
from collab.protocol.struct_reader import (
    DELETED,
    GC,
    HAS_KEY,
    HAS_ORIGIN,
    HAS_RIGHT_ORIGIN,
    KIND,
    SKIP,
    TEXT,
    VALUES,
    StructReader,
)
from collab.protocol.updates import DeleteSet, decode_delete_set


class Id(NamedTuple):
    """A clock of a client: one unit of content, such as a UTF-16 code unit of a text."""

    client: int
    clock: int


class Parent(NamedTuple):
    """Where an item without neighbours stands: in a root of this name, or in the type that this item is."""

    root: bytes | None
    item: Id | None


class EncodedItem(NamedTuple):
    """An item as it is encoded. One that has an origin stands in its origin's parent, under its origin's key."""

    id: Id
    length: int
    kind: int
    content: bytes
    origin: Id | None
    right_origin: Id | None
    parent: Parent | None
    key: bytes | None


class Collected(NamedTuple):
    """What is left of items that were deleted with their parent."""

    id: Id
    length: int


Struct = EncodedItem | Collected


def read_items(state: bytes) -> tuple[dict[int, list[Struct]], DeleteSet]:
    """Return the structs of each client in the order of their clocks, and what is deleted. Raises `ProtocolError` for what is no state."""
    reader = StructReader(state)
    structs: dict[int, list[Struct]] = {}
    for client, found in _read_clients(reader, state):
        if client in structs:
            raise ProtocolError(f"client {client} came twice; expected each client once")
        reached = 0
        for struct in found:
            if struct.id.clock != reached:
                raise ProtocolError(f"client {client} has a gap at clock {reached}; a whole state has none")
            reached += struct.length
        structs[client] = found
    return structs, decode_delete_set(state[reader.position :])


def items_of(update: bytes, client: int) -> list[Struct]:
    """Return a client's structs in an update, in the order of their clocks. Raises `ProtocolError` for what is no update."""
    return next((found for other, found in _read_clients(StructReader(update), update) if other == client), [])


def items_by_client(update: bytes) -> dict[int, list[Struct]]:
    """Return the structs of each client in an update. Raises as `items_of` does."""
    return dict(_read_clients(StructReader(update), update))


def _read_clients(reader: StructReader, update: bytes) -> Iterator[tuple[int, list[Struct]]]:
    for _ in range(reader.var_uint()):
        count, client, clock = reader.var_uint(), reader.var_uint(), reader.var_uint()
        found: list[Struct] = []
        for _ in range(count):
            info = reader.byte()
            if info == SKIP:
                clock += reader.var_uint()
                continue
            struct = _read_struct(Id(client, clock), info, reader, update)
            found.append(struct)
            clock += struct.length
        yield client, found


def _read_struct(at: Id, info: int, reader: StructReader, state: bytes) -> Struct:
    if info == GC:
        return Collected(at, reader.var_uint())
    origin = _read_id(reader) if info & HAS_ORIGIN else None
    right_origin = _read_id(reader) if info & HAS_RIGHT_ORIGIN else None
    parent, key = None, None
    if origin is None and right_origin is None:
        is_root = reader.var_uint() == 1
        parent = Parent(reader.var_bytes(), None) if is_root else Parent(None, _read_id(reader))
        key = reader.var_bytes() if info & HAS_KEY else None
    start = reader.position
    length = reader.content(info & KIND)
    return EncodedItem(at, length, info & KIND, state[start : reader.position], origin, right_origin, parent, key)


def _read_id(reader: StructReader) -> Id:
    return Id(reader.client(), reader.var_uint())


def part_of(kind: int, content: bytes, start: int, end: int) -> bytes:
    """Return the content of these units of an item. Half of a surrogate pair becomes U+FFFD, as it does when an item is split there."""
    if kind == TEXT:
        units = Reader(content).var_bytes().decode().encode("utf-16-le")
        return var_string(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass"))
    if kind == VALUES:
        reader = StructReader(content)
        ends = [reader.position for _ in _each_value(reader)]
        return var_uint(end - start) + content[ends[start] : ends[end]]
    return var_uint(end - start) if kind == DELETED else content


def _each_value(reader: StructReader) -> Iterator[None]:
    """Stop before the first value, and behind each."""
    count = reader.var_uint()
    yield
    for _ in range(count):
        reader.value()
        yield


def write_items(items: Sequence[EncodedItem], deletions: Mapping[int, Iterable[tuple[int, int]]]) -> bytes:
    """Return an update with items of one client, in the order of their clocks, and deletions of ranges of clocks."""
    first = items[0].id if items else Id(0, 0)
    return write_encoded_items(first, list(map(write_item, items)), deletions)


def write_encoded_items(first: Id, items: Sequence[bytes], deletions: Mapping[int, Iterable[tuple[int, int]]]) -> bytes:
    """Do as `write_items` does, with what `write_item` returned, from this unit on."""
    written = [var_uint(1), var_uint(len(items)), *map(var_uint, first), *items] if items else [var_uint(0)]
    written.append(var_uint(len(deletions)))
    for client, ranges in deletions.items():
        pairs = [var_uint(start) + var_uint(end - start) for start, end in ranges]
        written += (var_uint(client), var_uint(len(pairs)), *pairs)
    return b"".join(written)


def write_item(item: EncodedItem) -> bytes:
    """Write an item, whose id follows from where it stands in an update."""
    info = item.kind
    neighbours: list[bytes] = []
    if item.origin is not None:
        info |= HAS_ORIGIN
        neighbours += (_client(item.origin.client), var_uint(item.origin.clock))
    if item.right_origin is not None:
        info |= HAS_RIGHT_ORIGIN
        neighbours += (_client(item.right_origin.client), var_uint(item.right_origin.clock))
    if item.key is not None:
        info |= HAS_KEY
    if not neighbours and item.parent is not None:
        neighbours += _written_place(item.parent, item.key)
    return b"".join((bytes((info,)), *neighbours, item.content))


@lru_cache(maxsize=64)
def _client(client: int) -> bytes:
    """Write a client id, which takes long, as most of those written are one of a few."""
    return var_uint(client)


def _written_place(parent: Parent, key: bytes | None) -> list[bytes]:
    place = (
        [var_uint(1), var_bytes(parent.root)]
        if parent.root is not None
        else [var_uint(0), *map(var_uint, parent.item or ())]
    )
    return place if key is None else [*place, var_bytes(key)]
