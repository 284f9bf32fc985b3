"""What two updates say of the same units of a client: whether they are the same content, in the same place.

An item may be cut or merged differently in each of them; behind its first unit, each unit stands right behind the one before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from collab.protocol.items import EncodedItem, Id, Struct, items_of, part_of
from collab.protocol.struct_reader import DELETED


@dataclass(frozen=True, slots=True)
class Part:
    """Units that lie in one struct of each update; `None` where an update lacks them."""

    start: int
    end: int
    own: Struct | None
    other: Struct | None

    @property
    def is_same_content(self) -> bool:
        """Whether both hold the same content in the same place."""
        own, other = self.own, self.other
        return (
            isinstance(own, EncodedItem)
            and isinstance(other, EncodedItem)
            and own.kind == other.kind
            and self._content(own) == self._content(other)
            and self._place(own) == self._place(other)
        )

    @property
    def may_be_the_same(self) -> bool:
        """Whether nothing speaks against it: content that is deleted in one of them may be gone there, and at last its place."""
        if not isinstance(self.own, EncodedItem) or not isinstance(self.other, EncodedItem):
            return self.own is not None and self.other is not None
        if DELETED in (self.own.kind, self.other.kind):
            return self._place(self.own) == self._place(self.other)
        return self.is_same_content

    def _content(self, item: EncodedItem) -> bytes:
        return part_of(item.kind, item.content, self.start - item.id.clock, self.end - item.id.clock)

    def _place(self, item: EncodedItem) -> tuple[object, ...]:
        if self.start > item.id.clock:
            return Id(item.id.client, self.start - 1), item.right_origin, None, None
        return item.origin, item.right_origin, item.parent, item.key


def parts_of(
    client: int, clocks: tuple[int, int], own: bytes, other: bytes, cuts: Iterable[int] = ()
) -> Iterator[Part]:
    """Cut a range of clocks where either update, or somebody else, cuts it. Raises `ProtocolError` for what is no update."""
    return parts_between(clocks, items_of(own, client), items_of(other, client), cuts)


def parts_between(
    clocks: tuple[int, int], own: Sequence[Struct], other: Sequence[Struct], cuts: Iterable[int] = ()
) -> Iterator[Part]:
    """Do as `parts_of` does, for the structs of one client, in the order of their clocks."""
    start, end = clocks
    ours, theirs = _within(own, start, end), _within(other, start, end)
    bounds = {bound for struct in (*ours, *theirs) for bound in (struct.id.clock, _end(struct))}
    within = sorted({start, end, *(bound for bound in bounds.union(cuts) if start < bound < end)})
    for first, last in pairwise(within):
        yield Part(first, last, _at(ours, first), _at(theirs, first))


def _within(structs: Sequence[Struct], start: int, end: int) -> Sequence[Struct]:
    first = max(0, bisect_right(structs, start, key=_start) - 1)
    return structs[first : bisect_left(structs, end, key=_start)]


def _at(structs: Sequence[Struct], clock: int) -> Struct | None:
    index = bisect_right(structs, clock, key=_start) - 1
    return structs[index] if index >= 0 and clock < _end(structs[index]) else None


def _start(struct: Struct) -> int:
    return struct.id.clock


def _end(struct: Struct) -> int:
    return struct.id.clock + struct.length
