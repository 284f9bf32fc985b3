"""Any Yjs document as JSON: every root by its name, as Yjs itself would write it, and XML as ProseMirror nodes.

An update does not say which shared type a root is; its clients do, when they ask for one. So it is inferred from what is there: text has
characters, XML elements, an array values, a map keys. A root without content is `null`.
"""

from enum import StrEnum
from typing import Final

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.content.prosemirror import doc_node, node_json
from collab.content.replica import Budget, Replica, read
from collab.content.tree import read_nodes, read_tree
from collab.content.values import Json, json_of

_SHARED: Final = (Text, Array, Map, XmlElement, XmlFragment, XmlText, Doc)


_SLOW_READS: Final = 5_000
"""The CRDT finds an array's element by walking to it, so that a long array costs the square of its length: some 60,000 are read at most."""


class Shape(StrEnum):
    """What a root holds, as far as can be seen."""

    EMPTY = "empty"
    TEXT = "text"
    XML = "xml"
    ARRAY = "array"
    MAP = "map"


def roots_json(state: bytes) -> dict[str, Json]:
    """Return every root by its name, sorted.

    Maps become objects, arrays arrays, texts strings without their formatting, XML roots `doc` nodes, nested documents their guid. Raises
    `UpdateError` for bytes that are no Yjs update, and `ContentError` for content that cannot be read or is past the limits.
    """
    return read(state, _roots_json)


def _roots_json(replica: Replica) -> dict[str, Json]:
    budget = Budget()
    return {name: _root_json(replica, name, budget) for name in sorted(replica.keys())}


def _root_json(replica: Replica, name: str, budget: Budget) -> Json:
    budget.spend(0)
    match shape_of(replica, name):
        case Shape.TEXT:
            return text_at(replica, name)
        case Shape.XML:
            return doc_node(read_tree(replica.get(name, type=XmlFragment), budget))
        case Shape.ARRAY:
            return _shared_json(replica.get(name, type=Array), budget, 0)
        case Shape.MAP:
            return _shared_json(replica.get(name, type=Map), budget, 0)
        case Shape.EMPTY:
            return None


def shape_of(replica: Replica, name: str) -> Shape:
    """Tell what a root holds; each shape sees its own content only, whatever the root was asked for as before."""
    chunks = [chunk for chunk, _ in replica.get(name, type=Text).diff()]
    if any(not isinstance(chunk, _SHARED) for chunk in chunks):
        return Shape.TEXT
    length = len(replica.get(name, type=Array))
    if length:
        only_xml = length == len(chunks) and all(isinstance(chunk, XmlElement | XmlText) for chunk in chunks)
        return Shape.XML if only_xml else Shape.ARRAY
    return Shape.MAP if len(replica.get(name, type=Map)) else Shape.EMPTY


def text_at(replica: Replica, name: str) -> str:
    """Return the characters of a text root."""
    return _characters(replica.get(name, type=Text))


def _characters(text: Text) -> str:
    return "".join(chunk for chunk, _ in text.diff() if isinstance(chunk, str))


def _shared_json(shared: object, budget: Budget, depth: int) -> Json:
    """Return a shared type as JSON; whatever has no word in JSON is `null`."""

    def nested(value: object, at: int) -> Json:
        return _shared_json(value, budget, at)

    match shared:
        case Map():
            budget.spend(depth)
            return {key: json_of(shared.get(key), budget, depth + 1, nested) for key in sorted(shared.keys())}
        case Array():
            budget.spend(depth, len(shared) + len(shared) ** 2 // _SLOW_READS)
            return [json_of(item, budget, depth + 1, nested) for item in shared]
        case Text():
            return _characters(shared)
        case XmlElement() | XmlText():
            return [node_json(node) for node in read_nodes(shared, budget, depth)]
        case XmlFragment():
            return [node_json(node) for node in read_tree(shared, budget, depth)]
        case Doc():
            return shared.guid
        case _:
            return None
