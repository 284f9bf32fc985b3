"""What was added to a document, removed from it and changed in it between two of its states: by the ids of its units, not by their looks.

A line is a text, a block without one, or the values of a list; a root or type that has none of them but whose keys have changed is one too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from collab.content.changes import Change, KeyChange, Line, Segment
from collab.content.contents import content_of, format_of, tag_of, value_of
from collab.content.formats import Formats
from collab.content.replica import Budget
from collab.content.sequences import Branch, Item, Structure
from collab.protocol.items import Id
from collab.protocol.struct_reader import FORMAT, TYPE

_NOWHERE: Final = Branch()


def compare(before: bytes, after: bytes, budget: Budget | None = None) -> list[Line]:
    """Return every line of both states in the order of the document; of those removed, where they stood.

    `before` is an earlier state of the same document. Raises `UpdateError` and `ContentError` as `Structure` does, and `ContentError` for
    what is past the budget.
    """
    return list(_Comparison(Structure(before), Structure(after), budget or Budget()).lines())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line is, and what became of it as a whole."""

    root: str
    path: tuple[str, ...]
    tag: str
    change: Change


@dataclass(frozen=True, slots=True)
class _Part:
    """Units of an item all of which became the same."""

    item: Item
    start: int
    end: int
    change: Change
    now: Branch
    was: Branch


class _Comparison:
    def __init__(self, before: Structure, after: Structure, budget: Budget) -> None:
        self._before = before
        self._after = after
        self._budget = budget

    def lines(self) -> Iterator[Line]:
        for name, branch in sorted(self._after.roots.items()):
            place = _Place(_text_of(name), (), "", Change.KEPT)
            yield from self._lines(branch, self._before.roots.get(name, _NOWHERE), place, [], 0)

    def _lines(self, now: Branch, was: Branch, place: _Place, entries: list[KeyChange], depth: int) -> Iterator[Line]:
        """Give the lines of a branch; the first of them takes the entries that came from around it."""
        self._budget.spend(depth)
        entries += self._entries(now, was, place.tag, depth)
        types = list(_types_under_keys(now, was))
        segments: list[Segment] = []
        formats = Formats()
        is_leaf = depth > 0 and not types
        for part in self._parts(now, was, place.change):
            if part.item.kind == TYPE:
                if segments:
                    yield _line(place, segments, entries)
                is_leaf = False
                inner = replace(place, tag=tag_of(part.item) or place.tag, change=part.change)
                marks = formats.of(part.change)
                self._budget.spend(depth, cost_of(marks))
                entries += [replace(mark, tag=inner.tag) for mark in marks]
                yield from self._lines(part.now, part.was, inner, entries, depth + 1)
            elif part.item.kind == FORMAT:
                formats.pass_by(*format_of(part.item), Id(part.item.client, part.start), part.change)
            elif segment := self._segment(part, formats, depth):
                segments.append(segment)
        if segments or is_leaf or entries:
            yield _line(place, segments, entries)
        for key, item, child, was_child, change in types:
            inner = _Place(place.root, (*place.path, key), tag_of(item), change)
            yield from self._lines(child, was_child, inner, [], depth + 1)

    def _entries(self, now: Branch, was: Branch, tag: str, depth: int) -> Iterator[KeyChange]:
        """Give the keys with another plain value than they had; types under keys have lines of their own."""
        for key in sorted(now.entries.keys() | was.entries.keys()):
            old, new = was.entries.get(key), now.entries.get(key)
            before, after = value_of(old), value_of(new)
            if before != after:
                self._budget.spend(depth)
                written = None if new is None or after is None else Id(new.client, new.end - 1)
                deleted = None if old is None or before is None else Id(old.client, old.end - 1)
                yield KeyChange(_text_of(key), before, after, written, deleted, tag)

    def _segment(self, part: _Part, formats: Formats, depth: int) -> Segment | None:
        content = content_of(part.item, part.start, part.end)
        if not content:
            return None
        found = formats.of(part.change)
        self._budget.spend(depth, 1 + cost_of(found))
        change = Change.CHANGED if found and part.change is Change.KEPT else part.change
        return Segment(content, change, part.item.client, part.start, part.end, found)

    def _parts(self, now: Branch, was: Branch, change: Change) -> Iterator[_Part]:
        if change is Change.REMOVED:
            return _alive(was, change)
        if change is Change.ADDED:
            return _alive(now, change)
        return self._parts_of_both(now)

    def _parts_of_both(self, items: Iterable[Item]) -> Iterator[_Part]:
        """Cut the items where what became of them differs."""
        for item in items:
            for old in self._before.pieces(item.client, item.clock, item.end):
                start, end = max(old.clock, item.clock), min(old.end, item.end)
                if not item.deleted:
                    yield _Part(item, start, end, Change.KEPT, item.child or _NOWHERE, old.child or _NOWHERE)
                elif not old.deleted:
                    yield _Part(old, start, end, Change.REMOVED, _NOWHERE, old.child or _NOWHERE)
            new = max(item.clock, self._before.reach(item.client))
            if not item.deleted and new < item.end:
                yield _Part(item, new, item.end, Change.ADDED, item.child or _NOWHERE, _NOWHERE)


def cost_of(formats: Iterable[KeyChange]) -> int:
    """Return what formats take of a budget: they are told again with each piece of text, so that long ones add up."""
    return sum(1 + (len(each.before or "") + len(each.after or "")) // _LETTERS for each in formats)


_LETTERS: Final = 16
"""Of a format's value; as many count for one more value."""


def _alive(items: Iterable[Item], change: Change) -> Iterator[_Part]:
    for item in items:
        if not item.deleted:
            child = item.child or _NOWHERE
            now, was = (_NOWHERE, child) if change is Change.REMOVED else (child, _NOWHERE)
            yield _Part(item, item.clock, item.end, change, now, was)


def _types_under_keys(now: Branch, was: Branch) -> Iterator[tuple[str, Item, Branch, Branch, Change]]:
    """Give the types that are or were the values of keys: one that is in both states once, others as removed or added."""
    for key in sorted(now.entries.keys() | was.entries.keys()):
        old, new = was.entries.get(key), now.entries.get(key)
        before = None if old is None else old.child
        after = None if new is None else new.child
        if old and new and before is not None and after is not None and (old.client, old.end) == (new.client, new.end):
            yield _text_of(key), new, after, before, Change.KEPT
            continue
        if old and before is not None:
            yield _text_of(key), old, _NOWHERE, before, Change.REMOVED
        if new and after is not None:
            yield _text_of(key), new, after, _NOWHERE, Change.ADDED


def _line(place: _Place, segments: list[Segment], entries: list[KeyChange]) -> Line:
    line = Line(place.root, place.path, place.tag, place.change, tuple(segments), tuple(entries))
    segments.clear()
    entries.clear()
    return line


def _text_of(name: bytes) -> str:
    return name.decode(errors="replace")
