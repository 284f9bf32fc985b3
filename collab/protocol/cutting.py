"""An update cut into pieces, each of which builds upon nothing but those before it.

An update lists its structs by client, and what one wrote may stand beside what any other did. So the structs of each client are cut into
short stretches. Stretches that need each other, as those of people who type into each other's text do, go into one piece.
Source: R. Tarjan, "Depth-first search and linear graph algorithms" (1972).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from collab.protocol.items import write_items
from collab.protocol.struct_reader import SKIP, StructReader
from collab.protocol.structs import NO_DELETIONS, Run, read_struct, write_structs
from collab.protocol.updates import StateVector, decode_delete_set

STRETCH: Final = 8 * 1024
"""Bytes of a stretch; what many write at once is cut no finer than one stretch of each."""

STRUCT_WEIGHT: Final = 24
"""What a struct weighs, whatever it takes: to take it in costs about as much as so many bytes."""

RANGES: Final = 4000
"""Deleted ranges in one piece."""


class CutUpdate(NamedTuple):
    """An update, in pieces."""

    pieces: tuple[bytes, ...]
    types: int
    """How many of its structs are types."""

    reached: StateVector
    """What a replica has that took it in, where it lacks nothing."""


def cut(update: bytes, size: int, stretch: int = STRETCH) -> CutUpdate:
    """Cut an update into pieces of about this size in bytes, to be applied in their order; deletions are in the last of them.

    `stretch` is the size of what is never cut. What an update lacks its pieces lack too. Raises `ProtocolError` for what is no update.
    """
    reader = StructReader(update)
    stretches = [run for _ in range(reader.var_uint()) for run in _stretches(reader, update, stretch)]
    pieces = [write_structs(sorted(piece), NO_DELETIONS) for piece in _gathered(_ordered(stretches), size)]
    pieces += _deletions(update[reader.position :])
    reached = {run.client: run.end for run in stretches}
    return CutUpdate(tuple(pieces), reader.types, reached)


def _stretches(reader: StructReader, update: bytes, size: int) -> Iterator[Run]:
    """Yield the structs of a client."""
    count, client, clock = reader.var_uint(), reader.var_uint(), reader.var_uint()
    start, first, held = clock, reader.position, 0
    for left in range(count - 1, -1, -1):
        at = reader.position
        info = reader.byte()
        length = read_struct(info, reader)
        if info == SKIP:
            if held:
                yield Run(client, start, clock, held, update[first:at], reader.needed(client))
            clock += length
            start, first, held = clock, reader.position, 0
            continue
        clock += length
        held += 1
        if not left or max(reader.position - first, held * STRUCT_WEIGHT) >= size:
            yield Run(client, start, clock, held, update[first : reader.position], reader.needed(client))
            start, first, held = clock, reader.position, 0


def _ordered(stretches: Sequence[Run]) -> Iterator[list[Run]]:
    """Yield stretches behind all that they need, those that need each other together."""
    needed = _needed(stretches)
    order = [0] * len(stretches)  # in which each was come to; 0 for one that was not
    lowest = [0] * len(stretches)
    is_open = [False] * len(stretches)
    opened: list[int] = []
    count = 0
    for root in range(len(stretches)):
        path = [] if order[root] else [root]
        while path:
            at = path[-1]
            if not order[at]:
                count += 1
                order[at] = lowest[at] = count
                opened.append(at)
                is_open[at] = True
            if needed[at]:
                other = needed[at].pop()
                if not order[other]:
                    path.append(other)
                elif is_open[other]:
                    lowest[at] = min(lowest[at], order[other])
                continue
            path.pop()
            if path:
                lowest[path[-1]] = min(lowest[path[-1]], lowest[at])
            if lowest[at] == order[at]:
                together: list[int] = []
                while is_open[at]:
                    together.append(opened.pop())
                    is_open[together[-1]] = False
                yield [stretches[each] for each in together]


def _needed(stretches: Sequence[Run]) -> list[list[int]]:
    """Return for each stretch which others must be there before; what the update lacks is nowhere."""
    of_client: dict[int, tuple[list[int], list[int]]] = {}
    needed: list[list[int]] = []
    for index, stretch in enumerate(stretches):
        starts, indexes = of_client.setdefault(stretch.client, ([], []))
        needed.append(indexes[-1:])
        starts.append(stretch.start)
        indexes.append(index)
    for stretch, others in zip(stretches, needed, strict=True):
        for client, clock in stretch.needs:
            starts, indexes = of_client.get(client, ([], []))
            place = bisect_right(starts, clock)
            if place:
                others.append(indexes[place - 1])
    return needed


def _gathered(groups: Iterator[list[Run]], size: int) -> Iterator[list[Run]]:
    """Yield groups put together until they have a size."""
    piece: list[Run] = []
    weight = 0
    for group in groups:
        piece += group
        weight += sum(max(len(run.structs), run.held * STRUCT_WEIGHT) for run in group)
        if weight >= size:
            yield piece
            piece, weight = [], 0
    if piece:
        yield piece


def _deletions(encoded: bytes) -> Iterator[bytes]:
    if encoded == NO_DELETIONS:
        return
    for client, ranges in decode_delete_set(encoded).items():
        for first in range(0, len(ranges), RANGES):
            yield write_items((), {client: ranges[first : first + RANGES]})
