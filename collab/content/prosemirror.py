"""A rich-text document as ProseMirror JSON, the form that editors and `prosemirror-model` read. Source: `Node.toJSON`."""

from collections.abc import Iterable, Mapping

from collab.content.replica import Budget, fragment, read
from collab.content.tree import Element, Mark, Node, Run, read_tree
from collab.content.values import Json


def document_json(state: bytes) -> dict[str, Json]:
    """Return a rich-text document's `doc` node.

    Nodes and marks are as they stand in the CRDT, whatever the schema; attributes that are not there are left to their defaults. Raises
    `UpdateError` for bytes that are no Yjs update, and `ContentError` for content that cannot be read.
    """
    return doc_node(read(state, lambda replica: read_tree(fragment(replica), Budget())))


def doc_node(nodes: Iterable[Node]) -> dict[str, Json]:
    """Return the `doc` node that has these children."""
    return {"type": "doc", "content": [node_json(node) for node in nodes]}


def node_json(node: Node) -> dict[str, Json]:
    """Return one node and what is in it."""
    written = _run_json(node) if isinstance(node, Run) else _element_json(node)
    if node.marks:
        written["marks"] = [_mark_json(mark) for mark in node.marks]
    return written


def _run_json(run: Run) -> dict[str, Json]:
    return {"type": "text", "text": run.text}


def _element_json(element: Element) -> dict[str, Json]:
    written = _with_attributes(element.tag, element.attributes)
    if element.children:
        written["content"] = [node_json(child) for child in element.children]
    return written


def _mark_json(mark: Mark) -> dict[str, Json]:
    return _with_attributes(mark.name, mark.attributes)


def _with_attributes(kind: str, attributes: Mapping[str, Json]) -> dict[str, Json]:
    return {"type": kind, "attrs": dict(attributes)} if attributes else {"type": kind}
