"""What was added to a document and removed from it between two of its states: by the ids of its units, not by how they look.

A line is a text, a block without one, or the values of a list; a root or type that has none of them but whose keys have changed is one too.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from collab.content.replica import MAX_DEPTH
from collab.content.sequences import Branch, Item, Structure
from collab.errors import ContentError
from collab.protocol.any_values import read_values
from collab.protocol.items import EMBEDDED, TEXT, TYPE, VALUES
from collab.protocol.lib0 import Reader

_XML_ELEMENT: Final = 3
_NOWHERE: Final = Branch()


class Change(StrEnum):
    """What became of something from the first state to the second."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Segment:
    """Units of one client that stand beside each other, and what became of them. A list's values are JSON."""

    text: str
    change: Change
    client: int
    start: int
    end: int
    """Their clocks, the last one exclusive."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either state, or of both."""

    root: str
    tag: str
    """Of the element around it; empty where there is none."""

    change: Change
    """What became of the line as a whole."""

    segments: tuple[Segment, ...]
    changed_keys: tuple[str, ...]
    """Keys of the line, or of what is around it alone, whose values were set anew or removed: attributes of elements, entries of maps."""


def compare(before: bytes, after: bytes) -> list[Line]:
    """Return every line of both states in the order of the document; of those removed, where they stood.

    `before` is an earlier state of the same document. Raises `UpdateError` and `ContentError` as `Structure` does, and `ContentError` for
    what is nested deeper than is read.
    """
    return list(_Comparison(Structure(before), Structure(after)).lines())


@dataclass(frozen=True, slots=True)
class _Part:
    item: Item
    start: int
    end: int
    change: Change
    now: Branch
    was: Branch


class _Comparison:
    def __init__(self, before: Structure, after: Structure) -> None:
        self._before = before
        self._after = after

    def lines(self) -> Iterator[Line]:
        for name, branch in sorted(self._after.roots.items()):
            was = self._before.roots.get(name, _NOWHERE)
            yield from self._lines(branch, was, Change.KEPT, name.decode(errors="replace"), "", [], 0)

    def _lines(
        self, now: Branch, was: Branch, change: Change, root: str, tag: str, keys: list[str], depth: int
    ) -> Iterator[Line]:
        """Give the lines of a branch; the first of them takes the keys."""
        if depth > MAX_DEPTH:
            raise ContentError(f"the content is nested deeper than {MAX_DEPTH} levels, the most that is read")
        if change is Change.KEPT:
            keys += _changed_keys(now, was)
        segments: list[Segment] = []
        is_leaf = depth > 0
        for part in self._parts(now, was, change):
            if part.item.kind == TYPE:
                if segments:
                    yield _line(root, tag, change, segments, keys)
                is_leaf = False
                inner = _tag_of(part.item) or tag
                yield from self._lines(part.now, part.was, part.change, root, inner, keys, depth + 1)
            elif text := _text_of(part):
                segments.append(Segment(text, part.change, part.item.client, part.start, part.end))
        if segments or is_leaf or keys:
            yield _line(root, tag, change, segments, keys)

    def _parts(self, now: Branch, was: Branch, change: Change) -> Iterator[_Part]:
        if change is Change.REMOVED:
            return _alive(_values_of(was), change)
        if change is Change.ADDED:
            return _alive(_values_of(now), change)
        return self._parts_of_both(_values_of(now))

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


def _alive(items: Iterable[Item], change: Change) -> Iterator[_Part]:
    for item in items:
        if not item.deleted:
            child = item.child or _NOWHERE
            yield _Part(item, item.clock, item.end, change, child, child)


def _values_of(branch: Branch) -> Iterator[Item]:
    """Give the items of the sequence, then the types under keys, whose own content may have changed."""
    yield from branch
    for _, item in sorted(branch.entries.items()):
        if item.kind == TYPE:
            yield item


def _changed_keys(now: Branch, was: Branch) -> list[str]:
    values = _ids_by_key(now), _ids_by_key(was)
    return [
        key.decode(errors="replace")
        for key in sorted({*values[0], *values[1]})
        if values[0].get(key) != values[1].get(key)
    ]


def _ids_by_key(branch: Branch) -> dict[bytes, tuple[int, int]]:
    return {key: (item.client, item.end) for key, item in branch.entries.items() if not item.deleted}


def _line(root: str, tag: str, change: Change, segments: list[Segment], keys: list[str]) -> Line:
    line = Line(root, tag, change, tuple(segments), tuple(keys))
    segments.clear()
    keys.clear()
    return line


def _text_of(part: _Part) -> str:
    if part.item.kind in (TEXT, EMBEDDED):
        return Reader(part.item.part(part.start, part.end)).var_string()
    if part.item.kind == VALUES:
        return json.dumps(read_values(part.item.part(part.start, part.end)), ensure_ascii=False)
    return ""


def _tag_of(item: Item) -> str:
    reader = Reader(item.content)
    return reader.var_string() if reader.var_uint() == _XML_ELEMENT else ""
