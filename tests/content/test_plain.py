from typing import Any

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.content.plain import plain_text, plain_text_of_roots
from tests.content.documents import RichText


def test_each_block_is_a_line() -> None:
    document = RichText()
    document.block("heading", "Title", {"level": 1})
    document.block("paragraph", "First.")
    document.block("paragraph")
    document.block("quote", "Second.")

    assert plain_text(document.state()) == "Title\nFirst.\n\nSecond."


def test_list_items_are_their_words_without_bullets_or_numbers() -> None:
    document = RichText()
    document.block("bulletListItem", "one")
    document.block("numberedListItem", "two", {"start": 3})
    document.block("checkListItem", "three", {"checked": True})

    assert plain_text(document.state()) == "one\ntwo\nthree"


def test_nested_blocks_follow_the_block_they_are_in() -> None:
    document = RichText()
    outer = document.block("bulletListItem", "outer")
    inner = document.block("bulletListItem", "inner", into=outer)
    document.block("bulletListItem", "innermost", into=inner)
    document.block("paragraph", "after")

    assert plain_text(document.state()) == "outer\ninner\ninnermost\nafter"


def test_the_cells_of_a_row_are_separated_by_tabs() -> None:
    document = RichText()
    document.table([["a", "b"], ["", "two\nlines\tand a tab"]])

    assert plain_text(document.state()) == "a\tb\n\ttwo lines and a tab"


def test_a_code_block_stands_as_it_was_typed() -> None:
    document = RichText()
    document.block("codeBlock", "if x:\n\treturn  <b>\n", {"language": "python"})

    assert plain_text(document.state()) == "if x:\n\treturn  <b>\n"


def test_a_hard_break_starts_a_line_and_a_mention_is_a_name() -> None:
    document = RichText()
    paragraph = document.block("paragraph", "to ")
    for child in (
        XmlElement("mention", {"userId": "u1", "name": "Ada"}),
        XmlElement("mention", {"userId": "u2", "name": "Grace"}),
        XmlElement("hardBreak"),
        XmlText("both"),
    ):
        paragraph.children.append(child)

    assert plain_text(document.state()) == "to @Ada@Grace\nboth"


def test_a_mention_alone_is_a_line() -> None:
    document = RichText()
    document.block("paragraph").children.append(XmlElement("mention", {"name": "Ada"}))

    assert plain_text(document.state()) == "@Ada"


def test_marks_leave_no_trace() -> None:
    document = RichText()
    document.block("paragraph").children.append(XmlText("")).insert(0, "a & <b>", {"bold": {}})

    assert plain_text(document.state()) == "a & <b>"


def test_a_picture_is_its_caption_or_its_name() -> None:
    document = RichText()
    document.block("image", attributes={"url": "/a.png", "name": "a.png", "caption": "A ship"})
    document.block("file", attributes={"url": "/b.pdf", "name": "b.pdf", "caption": ""})
    document.block("divider")

    assert plain_text(document.state()) == "A ship\nb.pdf\n"


def test_an_empty_document_has_no_text() -> None:
    assert plain_text(b"\x00\x00") == ""


def test_of_any_document_the_texts_and_trees_are_the_text() -> None:
    doc: Doc[Any] = Doc()
    doc.get("b", type=Text).insert(0, "second", {"bold": True})
    fragment = doc.get("a", type=XmlFragment)
    for words in ("first", "line"):
        fragment.children.append(XmlElement("paragraph", contents=[XmlText(words)]))
    doc.get("c", type=Map)["x"] = "not this"
    doc.get("d", type=Array).append("nor this")

    assert plain_text_of_roots(doc.get_update()) == "first\nline\nsecond"
