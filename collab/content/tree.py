"""An XML root of the CRDT, read into plain values: elements, and text in runs of like marks.

The tree is walked; the CRDT's own string form escapes nothing. Marks as y-prosemirror writes them: an attribute of the text, named by the
mark, or where marks of one name overlap (comments), by the mark, `--` and a hash. Source: https://github.com/yjs/y-prosemirror
(src/plugins/sync-plugin.js). Addresses that are not safe to follow are left out (`addresses`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pycrdt import XmlElement, XmlFragment, XmlText

from collab.content.addresses import told
from collab.content.replica import Budget
from collab.content.values import Json, json_of

_OVERLAPPING_MARK: Final = re.compile(r"(.*)--[a-zA-Z0-9+/=]{8}", re.DOTALL)
_ATTRIBUTION: Final = "ychange"
"""What y-prosemirror shows changes with; it is no part of the document."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a run of text is marked with."""

    name: str
    attributes: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Run:
    """Text under the same marks."""

    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """An element, its attributes sorted by name; one that stands inside a text may be marked as that is."""

    tag: str
    attributes: Mapping[str, Json]
    children: "tuple[Node, ...]"
    marks: tuple[Mark, ...] = ()


Node = Element | Run


def read_tree(root: XmlFragment | XmlElement, budget: Budget, depth: int = 0) -> tuple[Node, ...]:
    """Return what stands in a fragment or an element. Raises `ContentError` past the limits."""
    return tuple(node for child in root.children for node in read_nodes(child, budget, depth + 1))


def read_nodes(shared: object, budget: Budget, depth: int, marks: tuple[Mark, ...] = ()) -> Iterator[Node]:
    """Read one child: an element as it is, a text as its runs; embedded values are no part of a tree and left out."""
    budget.spend(depth)
    if isinstance(shared, XmlElement):
        yield Element(
            tag=shared.tag or "",
            attributes=_attributes(shared, budget, depth),
            children=read_tree(shared, budget, depth),
            marks=marks,
        )
    elif isinstance(shared, XmlText):
        for chunk, formats in shared.diff():
            chunk_marks = _marks(formats, budget, depth)
            if isinstance(chunk, str):
                budget.spend(depth)
                yield Run(chunk, chunk_marks)
            elif isinstance(chunk, XmlElement | XmlText):
                yield from read_nodes(chunk, budget, depth + 1, chunk_marks)
    elif isinstance(shared, XmlFragment):
        yield from read_tree(shared, budget, depth)


def _attributes(element: XmlElement, budget: Budget, depth: int) -> dict[str, Json]:
    view = element.attributes
    found: dict[str, Any] = dict(view.__iter__())
    return {name: told(name, json_of(found[name], budget, depth + 1)) for name in sorted(found) if name != _ATTRIBUTION}


def _marks(formats: Mapping[str, object] | None, budget: Budget, depth: int) -> tuple[Mark, ...]:
    return tuple(
        _mark(key, value, budget, depth) for key, value in sorted((formats or {}).items()) if key != _ATTRIBUTION
    )


def _mark(key: str, value: object, budget: Budget, depth: int) -> Mark:
    overlapping = _OVERLAPPING_MARK.fullmatch(key)
    written = json_of(value, budget, depth + 1)
    attributes = {name: told(name, each) for name, each in written.items()} if isinstance(written, dict) else {}
    return Mark(overlapping[1] if overlapping else key, attributes)
