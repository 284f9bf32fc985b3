"""Random edits of a text, a map and an XML fragment, as clients make them."""

import random
from collections.abc import Callable
from typing import Any, Final

from pycrdt import Array, Map, XmlElement, XmlText

from tests.support.peers import Peer

WORDS: Final = ("a", "bc", " ", "ä", "語", "😀", "xyz\n")
KEYS: Final = ("k1", "k2", "k3")


def random_edit(peer: Peer, source: random.Random) -> bytes | None:
    """Make one to three changes in one transaction and return its update; `None` where nothing came of them."""
    changes = [source.choice(CHANGES) for _ in range(source.randint(1, 3))]

    def make(peer: Peer) -> None:
        for change in changes:
            change(peer, source)

    return peer.try_edit(make)


def place_in(text: str, source: random.Random) -> int:
    """Return an index into a text, in bytes and between characters."""
    return len(text[: source.randint(0, len(text))].encode())


def insert_text(peer: Peer, source: random.Random) -> None:
    peer.text.insert(place_in(str(peer.text), source), source.choice(WORDS))


def delete_text(peer: Peer, source: random.Random) -> None:
    text = str(peer.text)
    if text:
        start = source.randrange(len(text))
        end = min(len(text), start + source.randint(1, 4))
        del peer.text[len(text[:start].encode()) : len(text[:end].encode())]


def mark_text(peer: Peer, source: random.Random) -> None:
    text = str(peer.text)
    if text:
        start = source.randrange(len(text))
        peer.text.format(len(text[:start].encode()), len(text.encode()), {"bold": source.choice((True, None))})


def set_key(peer: Peer, source: random.Random) -> None:
    values: tuple[Any, ...] = (1.0, "one", None, Array([1.0, 2.0]), Map({"inner": 1.0}))
    peer.map[source.choice(KEYS)] = source.choice(values)


def delete_key(peer: Peer, source: random.Random) -> None:
    keys = sorted(peer.map.keys())
    if keys:
        del peer.map[source.choice(keys)]


def change_inside_map(peer: Peer, source: random.Random) -> None:
    for key in sorted(peer.map.keys()):
        value = peer.map[key]
        if isinstance(value, Array):
            value.insert(source.randint(0, len(value)), "item")
        elif isinstance(value, Map):
            value["inner"] = float(source.randrange(9))


def insert_element(peer: Peer, source: random.Random) -> None:
    children = peer.fragment.children
    element = children.insert(source.randint(0, len(children)), XmlElement("p", {"id": str(source.randrange(99))}))
    if element is not None:
        element.children.append(XmlText(source.choice(WORDS)))


def delete_element(peer: Peer, source: random.Random) -> None:
    children = peer.fragment.children
    if len(children):
        del children[source.randrange(len(children))]


def write_into_element(peer: Peer, source: random.Random) -> None:
    children = peer.fragment.children
    if not len(children):
        return
    element = children[source.randrange(len(children))]
    if isinstance(element, XmlElement):
        element.attributes["level"] = str(source.randrange(4))
        if len(element.children) == 0:
            element.children.append(XmlText("new"))
        else:
            text = element.children[0]
            if isinstance(text, XmlText):
                text.insert(0, source.choice(WORDS))


Change = Callable[[Peer, random.Random], None]
CHANGES: Final[tuple[Change, ...]] = (
    insert_text,
    insert_text,
    insert_text,
    delete_text,
    mark_text,
    set_key,
    delete_key,
    change_inside_map,
    insert_element,
    delete_element,
    write_into_element,
)


def content_of(peer: Peer) -> tuple[str, object, list[object]]:
    """Return what a person would see."""
    return str(peer.text), peer.map.to_py(), [tree_of(child) for child in peer.fragment.children]


def tree_of(node: object) -> object:
    if isinstance(node, XmlElement):
        attributes = sorted(node.attributes)  # type: ignore[call-overload]  # pycrdt declares its iterator as an iterable
        return node.tag, attributes, [tree_of(child) for child in node.children]
    return str(node)
