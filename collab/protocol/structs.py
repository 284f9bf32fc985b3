"""The structs of a Yjs update (v1): walked, not built, to know what the CRDT is about to be given.

An update is a count of clients, then for each a count of structs, its id and its first clock, then the structs, whose clocks follow each
other; behind all of them its deletions. A struct is an item (where it goes, and its content), a placeholder for something collected
(GC), or a gap (Skip) for what the sender itself lacks.
Source: https://github.com/yjs/yjs (src/utils/encoding.js, src/structs), https://github.com/dmonad/lib0 (encoding.js, `writeAny`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_uint
from collab.protocol.limits import MAX_NESTING, Limits
from collab.protocol.updates import Budget, StateVector, decode_delete_set

MAX_CLOCK: Final = 2**31 - 1
"""The CRDT counts in 32 bits; no document gets near."""

NO_DELETIONS: Final = b"\x00"

GC: Final = 0
SKIP: Final = 10
KIND: Final = 0x1F
_TYPE: Final = 7
HAS_ORIGIN: Final = 0x80
HAS_RIGHT_ORIGIN: Final = 0x40
HAS_KEY: Final = 0x20
_TYPE_INFOS: Final = bytes(_TYPE | flags for flags in range(0, 0x100, HAS_KEY))


class Run(NamedTuple):
    """Structs of one client whose clocks follow each other without a gap, as they are encoded."""

    client: int
    start: int
    end: int
    """The clock behind the last struct."""

    held: int
    """How many structs they are."""

    structs: bytes
    needs: tuple[tuple[int, int], ...] = ()
    """The clocks of other clients that these structs stand beside or in, the highest of each."""


class Structs(NamedTuple):
    """An update, taken apart."""

    runs: tuple[Run, ...]
    """Of each client in the order of their clocks."""

    deletions: bytes

    types: int
    """How many of the structs are types, which may hold others."""

    def ready(self, reached: StateVector) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        """Return the runs that build upon nothing but what a replica with this state has, and upon each other; and the others."""
        return ready_runs(self.runs, reached)


def ready_runs(runs: Sequence[Run], reached: StateVector) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Do as `Structs.ready` does, for any runs, those of each client in the order of their clocks."""
    if len(runs) == 1 and lacks_nothing(runs[0], reached):  # a keystroke
        return tuple(runs), ()
    late = _too_early(runs, reached)
    if not late:
        return tuple(runs), ()
    ready = [run for index, run in enumerate(runs) if index not in late]
    return tuple(ready), tuple([runs[index] for index in sorted(late)])


def lacks_nothing(run: Run, reached: StateVector) -> bool:
    """Tell whether a run builds upon nothing but what a replica with this state has."""
    if run.start > reached.get(run.client, 0):
        return False
    return not run.needs or all(clock < reached.get(client, 0) for client, clock in run.needs)


def _too_early(runs: Sequence[Run], reached: StateVector) -> set[int]:
    """Return which runs lack something: first all are thought to be there, then those that lack something are taken away."""
    reach: dict[int, int] = {}
    late: set[int] = set()
    for index, run in enumerate(runs):
        known = reach.get(run.client, reached.get(run.client, 0))
        if run.start <= known:
            reach[run.client] = max(known, run.end)
        else:
            late.add(index)
    lacking = [
        index
        for index, run in enumerate(runs)
        if index not in late and any(clock >= reach.get(client, reached.get(client, 0)) for client, clock in run.needs)
    ]
    if lacking:
        _take_away(runs, lacking, reached, late)
    return late


def _take_away(runs: Sequence[Run], lacking: list[int], reached: StateVector, late: set[int]) -> None:
    """Add these runs to the late ones, with those behind them and those that need one of them. The work is in proportion to the runs."""
    of_client: dict[int, list[int]] = {}
    needing: dict[int, list[tuple[int, int]]] = {}
    for index, run in enumerate(runs):
        if index not in late:
            of_client.setdefault(run.client, []).append(index)
            for client, clock in run.needs:
                needing.setdefault(client, []).append((clock, index))
    for needed in needing.values():
        needed.sort()
    lacking.sort(reverse=True)
    while lacking:
        index = lacking.pop()
        if index in late:
            continue
        client = runs[index].client
        left = of_client[client]
        first = bisect_left(left, index)
        late.update(left[first:])
        del left[first:]
        end = max(reached.get(client, 0), runs[left[-1]].end if left else 0)
        needed = needing.get(client, [])
        while needed and needed[-1][0] >= end:
            lacking.append(needed.pop()[1])


class StructReader(Reader):
    """Reads what stands in structs, and counts the values among it."""

    __slots__ = ("needs", "nesting", "types", "values")

    def __init__(self, update: bytes, limits: Limits | None = None) -> None:
        super().__init__(update)
        self.values = Budget("values", None if limits is None else limits.update_values)
        self.nesting = MAX_NESTING if limits is None else min(limits.update_nesting, MAX_NESTING)
        self.needs: dict[int, int] = {}
        """The highest clock of each client that was read as a neighbour or a parent since this was emptied."""
        self.types = 0

    def id(self) -> None:
        """Pass over an id, and take note of it."""
        client, clock = self.var_uint(), self.var_uint()
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

    def content(self, kind: int) -> int:
        """Pass over the content of an item and return its length in clocks."""
        read = _CONTENTS.get(kind)
        if read is None:
            raise ProtocolError(f"content of kind {kind} came; expected one of {', '.join(map(str, _CONTENTS))}")
        return read(self)

    def value(self) -> None:
        """Pass over a value."""
        _read_value(self, self.nesting)


def read_structs(update: bytes, limits: Limits | None = None) -> Structs:
    """Take an update apart. Raises `ProtocolError` for what no client writes, and for what would harm the CRDT.

    With limits it also does for more entries, for more values, and for values that nest deeper.
    """
    reader = StructReader(update, limits)
    max_entries = None if limits is None else limits.update_entries
    budget = Budget("clients and structs", max_entries)
    runs: list[Run] = []
    clients: set[int] = set()
    for _ in range(budget.spend(reader.var_uint())):
        client = _read_client(reader, update, runs, budget)
        if client in clients:
            raise ProtocolError(f"client {client} came twice; expected each client once")
        clients.add(client)
    deletions = update[reader.position :]
    if deletions != NO_DELETIONS:
        decode_delete_set(deletions, max_entries)
    return Structs(tuple(runs), deletions, reader.types)


def most_types(update: bytes) -> int:
    """Return what the types in an update do not exceed, the count of bytes that may begin one: far quicker than taking it apart."""
    return len(update) - len(update.translate(None, _TYPE_INFOS))


def write_structs(runs: Iterable[Run], deletions: bytes) -> bytes:
    """Write an update with these runs, those of each client in the order of their clocks."""
    by_client: dict[int, list[Run]] = {}
    for run in runs:
        by_client.setdefault(run.client, []).append(run)
    return var_uint(len(by_client)) + b"".join(map(_write_client, by_client.values())) + deletions


def _write_client(runs: list[Run]) -> bytes:
    count, clock = 0, runs[0].start
    written: list[bytes] = []
    for run in runs:
        if run.start > clock:
            written += (bytes((SKIP,)), var_uint(run.start - clock))
            count += 1
        written.append(run.structs)
        count, clock = count + run.held, run.end
    return var_uint(count) + var_uint(runs[0].client) + var_uint(runs[0].start) + b"".join(written)


def _read_client(reader: StructReader, update: bytes, runs: list[Run], budget: Budget) -> int:
    count, client, clock = budget.spend(reader.var_uint()), reader.var_uint(), reader.var_uint()
    start, first, held = clock, reader.position, 0
    for _ in range(count):
        at = reader.position
        info = reader.byte()
        length = _read_struct(info, reader)
        if length < 1 or clock + length > MAX_CLOCK:
            raise ProtocolError(f"a struct of length {length} came at clock {clock}; expected 1 to {MAX_CLOCK - clock}")
        clock += length
        if info == SKIP:
            if held:
                runs.append(Run(client, start, clock - length, held, update[first:at], reader.needed(client)))
            start, first, held = clock, reader.position, 0
        else:
            held += 1
    if held:
        runs.append(Run(client, start, clock, held, update[first : reader.position], reader.needed(client)))
    return client


def _read_struct(info: int, reader: StructReader) -> int:
    """Pass over a struct and return its length in clocks."""
    if info in (SKIP, GC):
        return reader.var_uint()
    has_neighbour = info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)
    if info & HAS_ORIGIN:
        reader.id()
    if info & HAS_RIGHT_ORIGIN:
        reader.id()
    if not has_neighbour:
        if reader.var_uint() == 1:
            reader.var_bytes()  # the root's name
        else:
            reader.id()
        if info & HAS_KEY:
            reader.var_bytes()
    return reader.content(info & KIND)


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
    1: Reader.var_uint,  # deleted: only the length is left; 2, JSON, yrs 0.28 reads one too many of, and no client writes any more
    3: _read_binary,
    4: _read_text,
    5: _read_binary,  # embedded, as JSON text
    6: _read_format,
    _TYPE: _read_type,
    8: _read_values,
    9: _read_subdocument,
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
