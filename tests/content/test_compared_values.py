"""Whatever may stand in a document is in a comparison: types under keys, what is in deleted items, values, formats."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.content.changes import Change, Line
from collab.content.comparing import compare
from collab.content.replica import Budget
from collab.errors import ContentError
from collab.protocol.lib0 import var_string

KEPT, ADDED, REMOVED, CHANGED = Change
Row = tuple[tuple[str, ...], Change, list[tuple[str, Change]], list[tuple[str, str | None, str | None]]]


class Roots:
    """A document with a map, a list, a text and a fragment."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc(client_id=3)
        self.map: Map[Any] = self.doc.get("m", type=Map)
        self.list: Array[Any] = self.doc.get("a", type=Array)
        self.text: Text = self.doc.get("t", type=Text)
        self.blocks: XmlFragment = self.doc.get("x", type=XmlFragment)


@dataclass(frozen=True)
class Case:
    """What was written, what was then done, and what a comparison says of that."""

    write: Callable[[Roots], object]
    change: Callable[[Roots], object]
    rows: list[Row]


def rows_of(lines: list[Line]) -> list[Row]:
    return [
        (
            line.path,
            line.change,
            [(segment.text, segment.change) for segment in line.segments],
            [(each.key, each.before, each.after) for each in line.entries],
        )
        for line in lines
    ]


def put(key: str, value: Callable[[], object]) -> Callable[[Roots], object]:
    return lambda roots: roots.map.__setitem__(key, value())


def delete(key: str) -> Callable[[Roots], object]:
    return lambda roots: roots.map.__delitem__(key)


def nested() -> Map[Any]:
    return Map({"title": "old", "body": Text("words"), "tags": Array(["x", 1.0])})


CASES = {
    "a text under a key, deleted": Case(
        put("note", lambda: Text("words")), delete("note"), [(("note",), REMOVED, [("words", REMOVED)], [])]
    ),
    "a text under a key, replaced by a value": Case(
        put("note", lambda: Text("words")),
        put("note", lambda: 1.0),
        [
            ((), KEPT, [], [("note", None, "1")]),
            (("note",), REMOVED, [("words", REMOVED)], []),
        ],
    ),
    "a value under a key, replaced by a text": Case(
        put("note", lambda: None),
        put("note", lambda: Text("words")),
        [
            ((), KEPT, [], [("note", "null", None)]),
            (("note",), ADDED, [("words", ADDED)], []),
        ],
    ),
    "a text under a key, replaced by another": Case(
        put("note", lambda: Text("old")),
        put("note", lambda: Text("new")),
        [
            (("note",), REMOVED, [("old", REMOVED)], []),
            (("note",), ADDED, [("new", ADDED)], []),
        ],
    ),
    "a map under a key with what is in it, deleted": Case(
        put("page", nested),
        delete("page"),
        [
            (("page",), REMOVED, [], [("title", '"old"', None)]),
            (("page", "body"), REMOVED, [("words", REMOVED)], []),
            (("page", "tags"), REMOVED, [('["x", 1]', REMOVED)], []),
        ],
    ),
    "a value in a map in a map, changed": Case(
        put("page", nested),
        lambda roots: roots.map["page"].__setitem__("title", {"b": 2.5, "a": [True]}),
        [
            (("page",), KEPT, [], [("title", '"old"', '{"a": [true], "b": 2.5}')]),
            (("page", "body"), KEPT, [("words", KEPT)], []),
            (("page", "tags"), KEPT, [('["x", 1]', KEPT)], []),
        ],
    ),
    "a value set anew to what it was": Case(put("n", lambda: 1.0), put("n", lambda: 1.0), []),
    "an infinity, which JSON has no word for": Case(
        put("n", lambda: 1.0), put("n", lambda: float("inf")), [((), KEPT, [], [("n", "1", "null")])]
    ),
    "an empty map under a key": Case(lambda _: None, put("page", lambda: Map({})), [(("page",), ADDED, [], [])]),
    "items of a list that are maps and texts, deleted": Case(
        lambda roots: roots.list.extend([nested(), Text("text"), "value"]),
        lambda roots: roots.list.clear(),
        [
            ((), REMOVED, [], [("title", '"old"', None)]),
            (("body",), REMOVED, [("words", REMOVED)], []),
            (("tags",), REMOVED, [('["x", 1]', REMOVED)], []),
            ((), REMOVED, [("text", REMOVED)], []),
            ((), KEPT, [('["value"]', REMOVED)], []),
        ],
    ),
    "bytes": Case(
        lambda roots: roots.list.append(b"\x00\xff"),
        lambda roots: roots.list.append(b"\x01"),
        [((), KEPT, [('["AP8="]', KEPT), ('["AQ=="]', ADDED)], [])],
    ),
    "an object in a text": Case(
        lambda roots: roots.text.insert(0, "see "),
        lambda roots: roots.text.insert_embed(4, {"image": "a.png", "alt": None}),
        [((), KEPT, [("see ", KEPT), ('[{"alt": null, "image": "a.png"}]', ADDED)], [])],
    ),
    "attributes of an element that is deleted": Case(
        lambda roots: roots.blocks.children.append(XmlElement("img", {"src": "a.png"})),
        lambda roots: roots.blocks.children.__delitem__(0),
        [((), REMOVED, [], [("src", '"a.png"', None)])],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_is_in_the_comparison(case: Case) -> None:
    roots = Roots()
    case.write(roots)
    before = roots.doc.get_update()
    case.change(roots)
    assert rows_of(compare(before, roots.doc.get_update())) == case.rows


def test_a_document_within_the_document() -> None:
    roots = Roots()
    before = roots.doc.get_update()
    inner: Doc[Any] = Doc()
    roots.map["inner"] = inner
    roots.list.append(Doc())

    listed, under_key = compare(before, roots.doc.get_update())

    assert [segment.change for segment in listed.segments] == [ADDED]
    assert [(each.key, each.after) for each in under_key.entries] == [("inner", f'"{inner.guid}"')]


Formats = list[tuple[str, str | None, str | None]]
FORMATS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, int], list[tuple[str, Change, Formats]]]] = {
    "set": ({}, {"bold": True}, (4, 7), [("one ", KEPT, []), ("two", CHANGED, [("bold", None, "true")])]),
    "removed": (
        {"bold": True},
        {"bold": None},
        (4, 7),
        [("one ", KEPT, []), ("two", CHANGED, [("bold", "true", None)])],
    ),
    "removed in the midst": (
        {"bold": True},
        {"bold": None},
        (0, 4),
        [("one ", CHANGED, [("bold", "true", None)]), ("two", KEPT, [])],
    ),
    "changed": (
        {"link": {"href": "/old"}},
        {"link": {"href": "/new"}},
        (0, 7),
        [("one two", CHANGED, [("link", '{"href": "/old"}', '{"href": "/new"}')])],
    ),
    "one beside another": (
        {"bold": True},
        {"em": True},
        (4, 7),
        [("one ", KEPT, []), ("two", CHANGED, [("em", None, "true")])],
    ),
    "set to what it is": ({"bold": True}, {"bold": True}, (0, 7), [("one two", KEPT, [])]),
}


@pytest.mark.parametrize(("had", "given", "where", "segments"), FORMATS.values(), ids=FORMATS.keys())
def test_formats_of_text_that_was_kept(
    had: dict[str, Any],
    given: dict[str, Any],
    where: tuple[int, int],
    segments: list[tuple[str, Change, Formats]],
) -> None:
    roots = Roots()
    roots.text.insert(0, "one two", had)
    before = roots.doc.get_update()
    roots.text.format(*where, given)

    (line,) = compare(before, roots.doc.get_update())

    found: list[tuple[str, Change, Formats]] = []
    for segment in line.segments:
        formats = [(each.key, each.before, each.after) for each in segment.formats]
        if found and found[-1][1:] == (segment.change, formats):
            found[-1] = (found[-1][0] + segment.text, segment.change, formats)
        else:
            found.append((segment.text, segment.change, formats))
    assert found == segments


def test_formats_of_text_that_was_added_and_removed() -> None:
    roots = Roots()
    block = roots.blocks.children.append(XmlElement("p"))
    text = block.children.append(XmlText())
    text.insert(0, "gone", {"bold": {}})
    before = roots.doc.get_update()
    del text[0:4]
    text.insert(0, "new", {"em": {}})

    (line,) = compare(before, roots.doc.get_update())

    told = {
        (segment.text, segment.change): [(each.key, each.before, each.after) for each in segment.formats]
        for segment in line.segments
    }
    assert told == {("gone", REMOVED): [("bold", "{}", None)], ("new", ADDED): [("em", None, "{}")]}


@pytest.mark.parametrize(
    ("written", "told"),
    [("no json", '"no json"'), ("[" * 5000, f'"{"[" * 5000}"'), ('"\\ud800"', '"\\ud800"'), ("1e999", "null")],
    ids=["no JSON", "JSON that nests too deep", "half of a surrogate pair", "a number past all"],
)
def test_a_format_that_another_client_wrote_badly_is_told_all_the_same(written: str, told: str) -> None:
    root = b"\x01" + var_string("t")
    mark = b"\x06" + root + var_string("bold") + var_string(written)
    text = b"\x84\x05\x00" + var_string("a")

    (line,) = compare(b"\x00\x00", b"\x01\x02\x05\x00" + mark + text + b"\x00")

    after = None if told == "null" else told
    assert [each.after for segment in line.segments for each in segment.formats] == ([after] if after else [])
    told.encode()


def test_more_than_the_budget_is_refused() -> None:
    roots = Roots()
    for count in range(20):
        roots.map[str(count)] = 1.0
    state = roots.doc.get_update()
    with pytest.raises(ContentError, match="more values than are read"):
        compare(b"\x00\x00", state, Budget(20))
    assert len(compare(b"\x00\x00", state, Budget(30))) == 1


def test_formats_that_are_told_again_and_again_count_for_their_length() -> None:
    roots = Roots()
    for count in range(20):
        roots.text.insert(0, str(count), {"link": "x" * 160})
    state = roots.doc.get_update()
    with pytest.raises(ContentError, match="more values than are read"):
        compare(b"\x00\x00", state, Budget(200))
