"""A restored document shows what the version showed, and what was there all the time keeps its ids."""

import random
from typing import Any

import pytest
from pycrdt import Array, Assoc, Doc, StickyIndex, Text, XmlElement, XmlText

from collab.content.generic import roots_json
from collab.content.prosemirror import document_json
from collab.content.restoring import restoring
from collab.errors import UpdateError
from collab.rooms.document import Document
from tests.content.documents import RichText
from tests.convergence.edits import content_of, random_edit
from tests.support.peers import Peer

RESTORER = 999


def shown(state: bytes) -> tuple[Any, ...]:
    """Return what a person would see of the peers' roots, formatting too."""
    peer = Peer(1)
    peer.hear([state])
    marked: list[object] = [peer.text.diff()]
    for element in peer.fragment.children:
        if isinstance(element, XmlElement):
            marked += [child.diff() for child in element.children if isinstance(child, XmlText)]
            marked.append(sorted(dict(element.attributes.__iter__()).items()))
    return content_of(peer), marked


def restored(current: bytes, version: bytes, client: int = RESTORER) -> bytes:
    """Return the state after a restore, applied as a server applies every edit."""
    document = Document([current])
    assert not document.apply([restoring(current, version, client)]).refused
    return document.state()


@pytest.mark.parametrize("seed", range(60))
def test_shows_what_the_version_showed(seed: int) -> None:
    source = random.Random(seed)
    peers = [Peer(client) for client in (3, 500, 2**40)]
    versions: list[bytes] = []
    for _ in range(60):
        random_edit(source.choice(peers), source)
        if source.random() < 0.3:
            source.choice(peers).hear([source.choice(peers).state])
        if source.random() < 0.2:
            for other in peers:
                other.hear([each.state for each in peers])
            versions.append(source.choice(peers).state)
    for other in peers:
        other.hear([each.state for each in peers])
    current = peers[0].state

    for version in (*versions, current):
        state = restored(current, version)
        assert shown(state) == shown(version)
        assert shown(restored(state, current, RESTORER + 1)) == shown(current)  # and back again
    assert restoring(current, current, RESTORER) == b"\x00\x00"


def test_what_others_write_meanwhile_stays() -> None:
    writer, other = Peer(3), Peer(4)
    version = writer.type("one two")
    other.hear([version])
    current = [version, writer.type(" three")]
    update = restoring(writer.state, version, RESTORER)
    meanwhile = other.type(" four")

    document = Document(current)
    document.apply([meanwhile])
    document.apply([update])

    assert shown(document.state())[0][0] == "one two four"


def test_a_place_in_text_that_was_never_deleted_is_still_found() -> None:
    peer = Peer(3)
    peer.type("one two three")
    anchor = peer.text.sticky_index(8, Assoc.AFTER).encode()  # before "three"
    version = peer.state
    peer.edit(lambda peer: peer.text.__delitem__(slice(0, 4)))
    peer.type(" four")

    reader = Peer(5)
    reader.hear([restored(peer.state, version)])
    with reader.doc.transaction():
        assert StickyIndex.decode(anchor, reader.text).get_index() == 8
    assert str(reader.text) == "one two three"


def test_deleted_blocks_come_back_whole() -> None:
    written = RichText()
    written.block("heading", "Title", {"level": 2})
    table = written.table([["a", "b"], ["c", "😀"]])
    bullet = written.block("bulletListItem", "outer")
    written.block("bulletListItem", "inner", into=bullet)
    text = bullet.children[0]
    assert isinstance(text, XmlText)
    text.format(0, 3, {"bold": {}, "comment--aGFzaGhh": {"threadId": "t1"}})
    version = written.state()
    container = table.parent
    assert isinstance(container, XmlElement)
    group = container.parent
    assert isinstance(group, XmlElement)
    del group.children[1]
    del group.children[1]

    state = restored(written.state(), version)

    assert document_json(state) == document_json(version)


def test_a_part_of_a_value_list_comes_back() -> None:
    doc: Doc[Any] = Doc(client_id=3)
    values: Array[Any] = doc.get("a", type=Array)
    values.extend([1.0, "two", {"three": [3.0]}, 4.0, True])
    version = doc.get_update()
    del values[1:3]
    values.insert(1, "new")

    assert roots_json(restored(doc.get_update(), version)) == roots_json(version)


def test_half_a_deleted_pair_becomes_a_replacement_character() -> None:
    """Both halves of a surrogate pair are units of their own, and an update may delete one of them."""
    doc: Doc[Any] = Doc(client_id=3)
    doc.get("t", type=Text).insert(0, "a😀b")
    version = doc.get_update()
    half_deleted = Document([version])
    half_deleted.apply([b"\x00\x01\x03\x01\x01\x01"])

    text = roots_json(restored(half_deleted.state(), version))["t"]

    assert isinstance(text, str)
    assert text.startswith("a")
    assert text.endswith("b")


def test_an_id_that_has_written_is_refused() -> None:
    peer = Peer(3)
    state = peer.type("a")
    with pytest.raises(ValueError, match="client 3 has written"):
        restoring(state, state, 3)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"\x01\x01\x03\x05\x84\x04\x00\x01a\x00",
        b"\x01\x01\x03\x00\x84\x04\x00\x01a\x00",
        b"\x01\x02\x03\x00\x0a\x01\x04\x01\x01t\x01a\x00",
        b"\x02\x01\x03\x00\x84\x04\x00\x01a\x01\x04\x00\x84\x03\x00\x01a\x00",
    ],
    ids=["nothing", "a later part", "a missing neighbour", "a gap", "a circle"],
)
def test_what_is_no_whole_state_is_refused(state: bytes) -> None:
    with pytest.raises(UpdateError, match=r"no state of a document|cannot be before it"):
        restoring(state, b"\x00\x00", RESTORER)
