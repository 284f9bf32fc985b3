"""A document as plain text: its words, for reading, searching and counting.

Each block is a line, nested ones too, in the order they are read. There are no bullets, numbers or indentation: they are not what somebody
wrote. A hard break starts a new line, a code block stands as it was typed, a table's row is a line with tabs between its cells, a mention
is `@` and the name, a picture or file its caption or else its name, and a divider an empty line.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from collab.content.generic import Shape, shape_of, text_at
from collab.content.replica import Budget, Replica, fragment, read
from collab.content.tree import Element, Node, Run, read_tree

_INLINE: Final = frozenset({"mention", "hardBreak", "hard_break"})
_ROWS: Final = frozenset({"tableRow", "table_row"})


def plain_text(state: bytes) -> str:
    """Return a rich-text document's text, without a line break at its end. Raises as `document_json` does."""
    return text_of(read(state, lambda replica: read_tree(fragment(replica), Budget())))


def plain_text_of_roots(state: bytes) -> str:
    """Return the text of any Yjs document: its text and XML roots, sorted by name, each from a new line. Raises as `document_json` does."""
    return read(state, lambda replica: "\n".join(_root_texts(replica)))


def _root_texts(replica: Replica) -> Iterator[str]:
    budget = Budget()
    for name in sorted(replica.keys()):
        shape = shape_of(replica, name)
        if shape is Shape.TEXT:
            yield text_at(replica, name)
        elif shape is Shape.XML:
            yield text_of(read_tree(fragment(replica, name), budget))


def text_of(nodes: Iterable[Node]) -> str:
    """Return the text of nodes that are blocks, or contain some."""
    return "\n".join(_lines(tuple(nodes)))


def _lines(nodes: tuple[Node, ...]) -> Iterator[str]:
    if any(isinstance(node, Run) or node.tag in _INLINE for node in nodes):
        yield _inline(nodes)
        return
    for node in nodes:
        if isinstance(node, Run):
            continue
        if node.tag in _ROWS:
            yield "\t".join(_cell(cell) for cell in node.children if isinstance(cell, Element))
        elif node.children:
            yield from _lines(node.children)
        else:
            yield _label(node)


def _inline(nodes: Iterable[Node]) -> str:
    return "".join(_inline_node(node) for node in nodes)


def _inline_node(node: Node) -> str:
    if isinstance(node, Run):
        return node.text
    if node.tag in _INLINE and node.tag != "mention":
        return "\n"
    return _label(node) if not node.children else _inline(node.children)


def _cell(cell: Element) -> str:
    return " ".join("\n".join(_lines(cell.children)).split())


def _label(element: Element) -> str:
    """Return the words of an element that has no content: a mention's name, a picture's caption."""
    if element.tag == "mention":
        return f"@{_word(element, 'name') or _word(element, 'label')}"
    return _word(element, "caption") or _word(element, "name")


def _word(element: Element, attribute: str) -> str:
    value = element.attributes.get(attribute)
    return value if isinstance(value, str) else ""
