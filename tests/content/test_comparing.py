"""What was added and removed between two states, by the ids of what stands in them."""

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlText

from collab.content.changes import Change, KeyChange, Line
from collab.content.comparing import compare
from collab.content.plain import plain_text
from collab.content.restoring import restoring
from tests.content.documents import RichText
from tests.convergence.edits import random_edit
from tests.support.peers import Peer, text_of

KEPT, ADDED, REMOVED, CHANGED = Change
EMPTY = b"\x00\x00"

Entry = tuple[str, Any, Any]
Formats = dict[str, Any]


def brief(lines: Iterable[Line]) -> list[tuple[str, Change, list[tuple[str, Change]]]]:
    return [(line.tag, line.change, [(segment.text, segment.change) for segment in line.segments]) for line in lines]


def text_in(lines: Iterable[Line], *changes: Change) -> list[str]:
    """Return the lines of one of the two states."""
    return [
        "".join(segment.text for segment in line.segments if segment.change in changes)
        for line in lines
        if line.change in changes
    ]


def entries_of(lines: Iterable[Line]) -> list[tuple[str, Change, list[Entry]]]:
    """Return the lines that have some."""
    return [(line.tag, line.change, changed(line.entries)) for line in lines if line.entries]


def changed(keys: Iterable[KeyChange]) -> list[Entry]:
    """Return each key with the value that it had and the one that it has."""
    return [(each.key, value_of(each.before), value_of(each.after)) for each in keys]


def value_of(written: str | None) -> Any:
    return NOTHING if written is None else json.loads(written)


NOTHING = object()


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
    assert [changed(line.entries) for line in lines] == [
        [("level", 1, 2)],
        [("id", NOTHING, "b3")],
        [("id", NOTHING, "b4")],
        [("id", "b2", NOTHING)],
    ]
    assert [each.tag for line in lines for each in line.entries] == ["heading", *["blockContainer"] * 3]


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
                ("[1]", KEPT),
                ('["two", null, true, {"k": [2.5]}]', REMOVED),
                ('[1099511627776, -70, "AA=="]', KEPT),
                ('["new"]', ADDED),
            ],
        ),
        ("", KEPT, []),
        ("", KEPT, [("old", KEPT), (" and new", ADDED)]),
    ]
    assert [changed(line.entries) for line in lines] == [[], [("gone", 1, NOTHING)], []]
    assert [(line.root, line.path) for line in lines] == [("a", ()), ("m", ()), ("m", ("note",))]


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
        assert "".join(text_in(lines, KEPT, CHANGED, REMOVED)) == text_of(before)
        assert "".join(text_in(lines, KEPT, CHANGED, ADDED)) == text_of(after)
        check_formats(lines, letters_of(before), letters_of(after))
        was, now = values_in(before), values_in(after)
        assert was == expected_values(before)
        assert replayed(was, before, after) == now == expected_values(after)


Letter = tuple[str, Formats]
Values = dict[tuple[str, ...], Any]


def letters_of(state: bytes) -> list[Letter]:
    """Return the letters of a state's text, each with its formats."""
    peer = Peer(1)
    peer.hear([state])
    return [(letter, formats or {}) for chunk, formats in peer.text.diff() for letter in chunk]


def check_formats(lines: Iterable[Line], before: list[Letter], after: list[Letter]) -> None:
    """Check that every change of a format is told, and nothing else."""
    for line in lines:
        for segment in line.segments:
            for letter in segment.text:
                _, was = before.pop(0) if segment.change is not ADDED else (letter, {})
                _, now = after.pop(0) if segment.change is not REMOVED else (letter, {})
                expected = [
                    (key, was.get(key, NOTHING), now.get(key, NOTHING))
                    for key in sorted({*was, *now})
                    if was.get(key, NOTHING) != now.get(key, NOTHING)
                ]
                assert changed(segment.formats) == expected
                assert (segment.change is CHANGED) == (expected != [] and segment.change not in {ADDED, REMOVED})


def values_in(state: bytes) -> Values:
    """Return all that is under the keys of the map, as the comparison with the empty beginning tells it."""
    return replayed({}, EMPTY, state)


def replayed(values: Values, before: bytes, after: bytes) -> Values:
    """Return what a comparison makes of values."""
    values = dict(values)
    lines = [line for line in compare(before, after) if line.root == "m"]
    for line in lines:
        for each in line.entries:
            if each.before is not None:
                assert values.pop((*line.path, each.key)) == value_of(each.before)
        if line.segments and line.change is not ADDED:
            assert values.pop(line.path) == items_in(line, KEPT, REMOVED)
    for line in lines:
        for each in line.entries:
            if each.after is not None:
                values[*line.path, each.key] = value_of(each.after)
        if line.segments and line.change is not REMOVED:
            values[line.path] = items_in(line, KEPT, ADDED)
    return values


def items_in(line: Line, *changes: Change) -> list[Any]:
    return [item for segment in line.segments if segment.change in changes for item in json.loads(segment.text)]


def expected_values(state: bytes) -> Values:
    peer = Peer(1)
    peer.hear([state])
    found: Values = {}
    for key, value in (peer.map.to_py() or {}).items():
        if isinstance(value, dict):
            found |= {(key, inner): each for inner, each in value.items()}
        else:
            found[(key,)] = value
    return found


def test_a_document_against_itself_is_all_kept() -> None:
    written = RichText()
    written.block("paragraph", "words")
    written.table([["a", "b"]])
    lines = compare(written.state(), written.state())
    assert {segment.change for line in lines for segment in line.segments} == {KEPT}
    assert {line.change for line in lines} == {KEPT}
    assert not any(line.entries for line in lines)
    assert not any(segment.formats for line in lines for segment in line.segments)
    assert sorted(text_in(lines, KEPT)) == sorted(plain_text(written.state()).replace("\t", "\n").split("\n"))


def test_formats_of_an_element_in_a_text_are_among_its_attributes() -> None:
    document = RichText()
    text = document.block("paragraph").children.append(XmlText("ab"))
    empty = document.state()
    text.insert_embed(1, XmlElement("mention", {"name": "Ada"}), {"bold": {}})
    written = document.state()
    text.format(0, 3, {"bold": None, "em": {}})
    changed_since = document.state()
    del text[1:2]
    removed = document.state()

    added = [("bold", NOTHING, {}), ("name", NOTHING, "Ada")]
    assert entries_of(compare(empty, written)) == [("mention", ADDED, added)]
    assert entries_of(compare(written, written)) == []
    assert entries_of(compare(written, changed_since)) == [
        ("mention", KEPT, [("bold", {}, NOTHING), ("em", NOTHING, {})])
    ]
    assert entries_of(compare(changed_since, removed)) == [
        ("mention", REMOVED, [("em", {}, NOTHING), ("name", "Ada", NOTHING)])
    ]
    assert [segment.text for line in compare(EMPTY, written) for segment in line.segments] == ["a", "b"]
