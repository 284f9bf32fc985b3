"""What a new rich-text document holds: one empty paragraph, as BlockNote 0.55 writes it.

Two people who type first into an empty document while they are apart would each make its root, and one of the texts would be lost. So the
server writes the root before anybody sees the document. The bytes depend on nothing but the block's id: seeding a document twice, on
two nodes at once or again after it was deleted and made anew, is the same edit, which a CRDT applies once.
"""

from enum import Enum, auto
from typing import Any, Final

from pycrdt import Doc, XmlElement, XmlFragment

from collab.content.generic import Shape, shape_of
from collab.content.replica import ROOT, Replica, fragment, read

SEED_CLIENT_ID: Final = 1
"""Whose edit the seed is; clients take random ids of 32 bits."""

_PARAGRAPH_ATTRIBUTES: Final = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}


class RichTextFit(Enum):
    """What stands in the way of editing a document as rich text."""

    EMPTY = auto()
    """Nothing: it has no content, and wants a seed."""

    FITS = auto()
    """Nothing: it has the one root group that the editor expects."""

    OTHER_CONTENT = auto()
    """It has content that the editor would not find, or delete."""


def seed_rich_text(block_id: str) -> bytes:
    """Return the Yjs update (v1) that makes an empty document a rich-text document whose one block has this id."""
    seeded: Doc[Any] = Doc(client_id=SEED_CLIENT_ID)
    root = seeded.get(ROOT, type=XmlFragment)
    with seeded.transaction():
        group = root.children.append(XmlElement("blockGroup"))
        block = group.children.append(XmlElement("blockContainer", {"id": block_id}))
        block.children.append(XmlElement("paragraph", _PARAGRAPH_ATTRIBUTES))
    return seeded.get_update()


def rich_text_fit(state: bytes) -> RichTextFit:
    """Tell whether a document can be edited as rich text. Raises `UpdateError` and `ContentError` as reading does."""
    return read(state, _fit)


def _fit(replica: Replica) -> RichTextFit:
    shapes = {name: shape_of(replica, name) for name in replica.keys()}  # noqa: SIM118 - a Doc iterates, but is no mapping
    if all(shape is Shape.EMPTY for shape in shapes.values()):
        return RichTextFit.EMPTY
    if shapes.get(ROOT) is not Shape.XML:
        return RichTextFit.OTHER_CONTENT
    children = list(fragment(replica).children)
    fits = len(children) == 1 and isinstance(children[0], XmlElement) and children[0].tag == "blockGroup"
    return RichTextFit.FITS if fits else RichTextFit.OTHER_CONTENT
