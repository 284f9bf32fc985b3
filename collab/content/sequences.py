"""A document's state as the CRDT has it: every item in its place, the deleted ones too, with the ids they have.

The CRDT itself tells no ids. Where an item stands follows from its neighbours when it was made; where several were made at one place, the
YATA algorithm orders them. Source: https://github.com/yjs/yjs (src/structs/Item.js, `integrate`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Final

from collab.errors import ContentError, ProtocolError, UpdateError
from collab.protocol.items import EncodedItem, Id, Struct, part_of, read_items
from collab.protocol.struct_reader import DELETED, TYPE
from collab.protocol.structs import MAX_CLOCK
from collab.protocol.updates import DeleteSet

MAX_COMPARISONS: Final = 5_000_000
"""Items that are looked at to order those made at one place; people's documents need a few for each item."""


class Item:
    """Units of content of one client whose clocks follow each other, all alive or all deleted, in their place."""

    __slots__ = (
        *("client", "clock", "length", "kind", "content", "offset", "whole_length", "deleted"),
        *("origin", "right_origin", "branch", "key", "left", "right", "child"),
    )

    def __init__(self, struct: Struct, start: int, length: int, *, deleted: bool) -> None:
        self.client, self.clock, self.length = struct.id.client, struct.id.clock + start, length
        self.offset, self.whole_length = start, struct.length
        self.deleted = deleted or not isinstance(struct, EncodedItem) or struct.kind == DELETED
        self.branch: Branch | None = None
        """Where it stands; `None` for what is only a number any more, because it was deleted with what it stood in."""
        self.child: Branch | None = None
        """What stands in it, if it is a type that is alive."""
        self.key: bytes | None = None
        """Its key, if it is the value of one."""
        self.left: Item | None = None
        self.right: Item | None = None
        self.origin: Id | None = None
        self.right_origin: Id | None = None
        self.kind, self.content = DELETED, b""
        if isinstance(struct, EncodedItem):
            self.kind, self.content = struct.kind, struct.content
            self.origin = struct.origin if not start else Id(self.client, self.clock - 1)
            self.right_origin = struct.right_origin
            if self.kind == TYPE and not self.deleted:
                self.child = Branch()

    @property
    def end(self) -> int:
        """The clock behind its last unit."""
        return self.clock + self.length

    def part(self, start: int, end: int) -> bytes:
        """Return the content of the units with these clocks, encoded."""
        if end - start == self.whole_length:
            return self.content
        first = self.offset - self.clock
        return part_of(self.kind, self.content, start + first, end + first)

    def split(self, clock: int) -> "Item":
        """Cut it before this clock and return the right part, which stands next to it."""
        rest = Item.__new__(Item)
        for name in Item.__slots__:
            setattr(rest, name, getattr(self, name))
        before = clock - self.clock
        rest.clock, rest.length, rest.offset = clock, self.length - before, self.offset + before
        rest.origin, rest.left = Id(self.client, clock - 1), self
        self.length = before
        if self.right is not None:
            self.right.left = rest
        self.right = rest
        return rest


class Branch:
    """A root, or what stands in a type: a sequence of items, and the values of keys."""

    __slots__ = ("entries", "first")

    def __init__(self) -> None:
        self.first: Item | None = None
        self.entries: dict[bytes, Item] = {}
        """The item written last under each key; its value, if that is alive."""

    def __iter__(self) -> Iterator[Item]:
        """Return the items of the sequence in their order, the deleted ones too."""
        item = self.first
        while item is not None:
            yield item
            item = item.right


class Structure:
    """Every item of a document."""

    def __init__(self, state: bytes) -> None:
        """Read a whole state. Raises `UpdateError` for what is none, and `ContentError` where ordering it would take too long."""
        self.roots: dict[bytes, Branch] = {}
        try:
            structs, deleted = read_items(state)
        except ProtocolError as error:
            raise UpdateError(f"{len(state)} bytes that are no state of a document: {error}") from None
        self._items: dict[int, list[Item]] = {client: [] for client in structs}
        self._clocks: dict[int, list[int]] = {client: [] for client in structs}
        self._comparisons = MAX_COMPARISONS
        self._place_all(structs, deleted)

    def find(self, at: Id) -> Item | None:
        """Return the item that this unit is in, or `None`."""
        client, clock = at
        items = self._items.get(client)
        if not items:
            return None
        last = items[-1]
        if clock >= last.clock:  # what follows each other refers to each other
            return last if clock < last.clock + last.length else None
        return items[bisect_right(self._clocks[client], clock) - 1]

    def pieces(self, client: int, start: int, end: int) -> Iterator[Item]:
        """Return the items that these clocks are in."""
        items = self._items.get(client, [])
        index = max(0, bisect_right(self._clocks.get(client, []), start) - 1)
        while index < len(items) and items[index].clock < end:
            if items[index].end > start:
                yield items[index]
            index += 1

    def reach(self, client: int) -> int:
        """Return how many units a client has written."""
        items = self._items.get(client)
        return items[-1].end if items else 0

    @property
    def clients(self) -> frozenset[int]:
        """Under which ids something was ever written."""
        return frozenset(self._items)

    # Placing

    def _place_all(self, structs: Mapping[int, list[Struct]], deleted: DeleteSet) -> None:
        """Place every item, those first that others refer to."""
        waiting = {
            client: list(_items_of(found, sorted(deleted.get(client, ()))))[::-1] for client, found in structs.items()
        }
        for client in waiting:
            stack = [(client, Id(client, MAX_CLOCK))]
            while stack:
                client, wanted = stack[-1]
                if not waiting[client] or self.find(wanted) is not None:
                    stack.pop()
                    continue
                struct, item = waiting[client][-1]
                missing = self._missing(struct, item)
                if missing is None:
                    waiting[client].pop()
                    self._note(item)
                    if isinstance(struct, EncodedItem):
                        self._place(struct, item)
                elif not waiting.get(missing.client) or any(missing.client == waits for waits, _ in stack):
                    raise UpdateError(
                        f"clock {item.clock} of client {client} refers to {missing}, which cannot be before it"
                    )
                else:
                    stack.append((missing.client, missing))

    def _missing(self, struct: Struct, item: Item) -> Id | None:
        """Return a unit that this item refers to and that is not placed yet."""
        if not isinstance(struct, EncodedItem):
            return None
        for referred in (item.origin, item.right_origin, struct.parent.item if struct.parent else None):
            if referred is not None and self.find(referred) is None:
                return referred
        return None

    def _note(self, item: Item) -> None:
        self._items[item.client].append(item)
        self._clocks[item.client].append(item.clock)

    def _place(self, struct: EncodedItem, item: Item) -> None:
        left = self._ending(item.origin) if item.origin is not None else None
        right = self._beginning(item.right_origin) if item.right_origin is not None else None
        if (left is not None and left.branch is None) or (right is not None and right.branch is None):
            return
        neighbour = left or right
        if neighbour is not None:
            branch, item.key = neighbour.branch, neighbour.key
        else:
            branch, item.key = self._branch_of(struct), struct.key
        if branch is None:
            return
        item.branch = branch
        item.left = left = self._left_of(item, left, right, branch)
        if left is not None:
            item.right, left.right = left.right, item
        elif item.key is not None:
            item.right = _first_of(branch.entries.get(item.key))
        else:
            item.right, branch.first = branch.first, item
        if item.right is not None:
            item.right.left = item
        elif item.key is not None:
            branch.entries[item.key] = item

    def _branch_of(self, struct: EncodedItem) -> Branch | None:
        parent = struct.parent
        if parent is None:
            return None
        if parent.root is not None:
            return self.roots.setdefault(parent.root, Branch())
        found = None if parent.item is None else self.find(parent.item)
        return None if found is None else found.child

    def _left_of(self, item: Item, left: Item | None, right: Item | None, branch: Branch) -> Item | None:
        """Return the item to stand behind: the origin, or the last of those made at the same place that go before."""
        first = branch.first if item.key is None else _first_of(branch.entries.get(item.key))
        other = first if left is None else left.right
        conflicting: set[Item] = set()
        before: set[Item] = set()
        while other is not None and other is not right:
            self._comparisons -= 1
            if self._comparisons < 0:
                raise ContentError("too many edits were made at one place to tell their order")
            before.add(other)
            conflicting.add(other)
            if other.origin == item.origin:
                if other.client < item.client:
                    left = other
                    conflicting.clear()
                elif other.right_origin == item.right_origin:
                    break
            elif other.origin is not None and (origin := self.find(other.origin)) in before:
                if origin not in conflicting:
                    left = other
                    conflicting.clear()
            else:
                break
            other = other.right
        return left

    def _ending(self, at: Id) -> Item | None:
        """Return the item whose last unit this is."""
        item = self.find(at)
        if item is not None and item.end > at.clock + 1:
            self._split(item, at.clock + 1)
        return item

    def _beginning(self, at: Id) -> Item | None:
        item = self.find(at)
        return self._split(item, at.clock) if item is not None and item.clock < at.clock else item

    def _split(self, item: Item, clock: int) -> Item:
        rest = item.split(clock)
        index = bisect_left(self._clocks[item.client], clock)
        self._items[item.client].insert(index, rest)
        self._clocks[item.client].insert(index, clock)
        if rest.key is not None and rest.branch is not None and rest.right is None:
            rest.branch.entries[rest.key] = rest
        return rest


def _first_of(item: Item | None) -> Item | None:
    while item is not None and item.left is not None:
        item = item.left
    return item


def _items_of(structs: list[Struct], deleted: list[tuple[int, int]]) -> Iterator[tuple[Struct, Item]]:
    """Return the structs of one client as items, cut where deletions begin and end."""
    at = 0
    for struct in structs:
        clock, end = struct.id.clock, struct.id.clock + struct.length
        while clock < end:
            while at < len(deleted) and deleted[at][1] <= clock:
                at += 1
            is_deleted = at < len(deleted) and deleted[at][0] <= clock
            border = deleted[at][1 if is_deleted else 0] if at < len(deleted) else end
            length = min(end, border) - clock
            yield struct, Item(struct, clock - struct.id.clock, length, deleted=is_deleted)
            clock += length
