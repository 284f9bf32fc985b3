"""What was added and removed between two states, by the ids of what stands in them."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlText

from collab.content.comparing import Change, Line, compare
from collab.content.plain import plain_text
from collab.content.restoring import restoring
from tests.content.documents import RichText
from tests.convergence.edits import random_edit
from tests.support.peers import Peer, text_of

KEPT, ADDED, REMOVED = Change.KEPT, Change.ADDED, Change.REMOVED


def brief(lines: Iterable[Line]) -> list[tuple[str, Change, list[tuple[str, Change]]]]:
    return [(line.tag, line.change, [(segment.text, segment.change) for segment in line.segments]) for line in lines]


def text_in(lines: Iterable[Line], *changes: Change) -> list[str]:
    """Return the lines of one of the two states."""
    return [
        "".join(segment.text for segment in line.segments if segment.change in changes)
        for line in lines
        if line.change in changes
    ]


def test_words_added_and_removed_in_a_text() -> None:
    peer = Peer(3)
    peer.type("one two three")
    before = peer.state
    other = Peer(4)
    other.hear([before])
    other.edit(lambda peer: peer.text.__delitem__(slice(4, 8)))
    other.edit(lambda peer: peer.text.insert(0, "zero "))
    peer.hear([other.state])

    (line,) = [line for line in compare(before, peer.state) if line.root == "t"]

    assert brief([line]) == [
        ("", KEPT, [("zero ", ADDED), ("one ", KEPT), ("two ", REMOVED), ("three", KEPT)]),
    ]
    assert [(segment.client, segment.start, segment.end) for segment in line.segments] == [
        (4, 0, 5), (3, 0, 4), (3, 4, 8), (3, 8, 13),
    ]  # fmt: skip


def test_blocks_of_rich_text() -> None:
    written = RichText()
    heading = written.block("heading", "Title", {"level": 1})
    gone = written.block("paragraph", "goes")
    before = written.state()
    heading.attributes["level"] = 2
    text = heading.children[0]
    assert isinstance(text, XmlText)
    text.insert(5, "s")
    container = gone.parent
    assert isinstance(container, XmlElement)
    group = container.parent
    assert isinstance(group, XmlElement)
    del group.children[1]
    written.block("bulletListItem", "comes")
    written.block("paragraph")

    lines = compare(before, written.state())

    assert brief(lines) == [
        ("heading", KEPT, [("Title", KEPT), ("s", ADDED)]),
        ("bulletListItem", ADDED, [("comes", ADDED)]),
        ("paragraph", ADDED, []),
        ("paragraph", REMOVED, [("goes", REMOVED)]),
    ]
    assert [line.changed_keys for line in lines] == [("level",), (), (), ()]


def test_lists_maps_and_what_is_in_them() -> None:
    doc: Doc[Any] = Doc(client_id=3)
    values: Array[Any] = doc.get("a", type=Array)
    values.extend([1.0, "two", None, True, {"k": [2.5]}, 2.0**40, -70.0, b"\x00"])
    keys: Map[Any] = doc.get("m", type=Map)
    keys["note"] = Text("old")
    keys["gone"] = 1.0
    before = doc.get_update()
    del values[1:5]
    values.append("new")
    note = keys["note"]
    assert isinstance(note, Text)
    note += " and new"
    del keys["gone"]

    lines = compare(before, doc.get_update())

    assert brief(lines) == [
        (
            "",
            KEPT,
            [
                ("[1.0]", KEPT),
                ('["two", null, true, {"k": [2.5]}]', REMOVED),
                ('[1099511627776.0, -70.0, "AA=="]', KEPT),
                ('["new"]', ADDED),
            ],
        ),
        ("", KEPT, [("old", KEPT), (" and new", ADDED)]),
    ]
    assert [line.changed_keys for line in lines] == [(), ("gone",)]


@pytest.mark.parametrize("seed", range(20))
def test_both_states_are_in_the_comparison_whole(seed: int) -> None:
    source = random.Random(seed)
    peers = [Peer(client) for client in (3, 500)]
    states: list[bytes] = []
    for _ in range(60):
        random_edit(source.choice(peers), source)
        if source.random() < 0.2:
            for peer in peers:
                peer.hear([other.state for other in peers])
            states.append(peers[0].state)
    first, last = states[0], states[-1]
    back = Peer(7)
    back.hear([last, restoring(last, first, 999)])

    for before, after in ((first, last), (last, back.state), (first, back.state)):
        lines = [line for line in compare(before, after) if line.root == "t"]
        assert "".join(text_in(lines, KEPT, REMOVED)) == text_of(before)
        assert "".join(text_in(lines, KEPT, ADDED)) == text_of(after)


def test_a_document_against_itself_is_all_kept() -> None:
    written = RichText()
    written.block("paragraph", "words")
    written.table([["a", "b"]])
    lines = compare(written.state(), written.state())
    assert {segment.change for line in lines for segment in line.segments} == {KEPT}
    assert {line.change for line in lines} == {KEPT}
    assert not any(line.changed_keys for line in lines)
    assert sorted(text_in(lines, KEPT)) == sorted(plain_text(written.state()).replace("\t", "\n").split("\n"))
