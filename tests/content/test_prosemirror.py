import pytest
from pycrdt import Doc, Map, XmlElement, XmlText

from collab.content.prosemirror import document_json
from collab.content.replica import MAX_DEPTH
from collab.content.values import Json
from collab.errors import ContentError, UpdateError
from tests.content.documents import RichText


def content_of(document: RichText) -> Json:
    """Return the children of the first block's content."""
    block = document_json(document.state())
    for _ in range(3):
        children = block["content"]
        assert isinstance(children, list)
        assert isinstance(children[0], dict)
        block = children[0]
    return block.get("content")


def test_a_document_is_a_tree_of_nodes_with_attributes() -> None:
    document = RichText()
    document.block("heading", "Title", {"level": 2, "isToggleable": False, "textColor": "red"})

    assert document_json(document.state()) == {
        "type": "doc",
        "content": [
            {
                "type": "blockGroup",
                "content": [
                    {
                        "type": "blockContainer",
                        "attrs": {"id": "b1"},
                        "content": [
                            {
                                "type": "heading",
                                "attrs": {"isToggleable": False, "level": 2, "textColor": "red"},
                                "content": [{"type": "text", "text": "Title"}],
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_an_empty_state_is_an_empty_document() -> None:
    assert document_json(b"\x00\x00") == {"type": "doc", "content": []}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.0, "3"),
        (1.5, "1.5"),
        (True, "True"),
        (None, "None"),
        ([120.0, 0.5], "[120, 0.5]"),
        ({"b": 1.0, "a": "x"}, "{'a': 'x', 'b': 1}"),
        (1e300, "1e+300"),
        (float("inf"), "None"),
        (b"\x00\xff", "'AP8='"),
        ("<b>&amp;", "'<b>&amp;'"),
    ],
)
def test_an_attribute_is_the_json_it_was_written_as(value: object, expected: str) -> None:
    document = RichText()
    document.block("paragraph", attributes={"x": value})

    block = document_json(document.state())["content"]

    assert f"'x': {expected}}}" in repr(block)


def test_marks_carry_their_attributes() -> None:
    document = RichText()
    text = document.block("paragraph").children.append(XmlText(""))
    text.insert(0, "bold red", {"bold": {}, "textColor": {"stringValue": "red"}})
    text.insert(8, "link", {"bold": None, "textColor": None, "link": {"href": "https://example.org"}})

    assert content_of(document) == [
        {
            "type": "text",
            "text": "bold red",
            "marks": [{"type": "bold"}, {"type": "textColor", "attrs": {"stringValue": "red"}}],
        },
        {"type": "text", "text": "link", "marks": [{"type": "link", "attrs": {"href": "https://example.org"}}]},
    ]


def test_overlapping_comments_are_marks_of_one_name() -> None:
    document = RichText()
    text = document.block("paragraph").children.append(XmlText(""))
    text.insert(
        0,
        "both",
        {
            "comment--aaaaaaaa": {"threadId": "1", "orphan": False},
            "comment--b+/=bbbb": {"threadId": "2", "orphan": True},
        },
    )

    assert content_of(document) == [
        {
            "type": "text",
            "text": "both",
            "marks": [
                {"type": "comment", "attrs": {"orphan": False, "threadId": "1"}},
                {"type": "comment", "attrs": {"orphan": True, "threadId": "2"}},
            ],
        }
    ]


def test_text_around_characters_of_several_bytes_is_whole() -> None:
    document = RichText()
    text = document.block("paragraph").children.append(XmlText("añ🛳z"))
    text.format(1, 7, {"bold": {}})

    assert content_of(document) == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "ñ🛳", "marks": [{"type": "bold"}]},
        {"type": "text", "text": "z"},
    ]


def test_inline_nodes_stand_between_the_texts() -> None:
    document = RichText()
    paragraph = document.block("paragraph", "to ")
    paragraph.children.append(XmlElement("mention", {"userId": "u1", "name": "Ada"}))
    paragraph.children.append(XmlText(" now"))

    assert content_of(document) == [
        {"type": "text", "text": "to "},
        {"type": "mention", "attrs": {"name": "Ada", "userId": "u1"}},
        {"type": "text", "text": " now"},
    ]


def test_an_element_embedded_in_a_text_takes_part_in_its_marks() -> None:
    document = RichText()
    text = document.block("paragraph").children.append(XmlText("ab"))
    text.insert_embed(1, XmlElement("mention", {"name": "Ada"}), {"bold": {}})

    assert content_of(document) == [
        {"type": "text", "text": "a"},
        {"type": "mention", "attrs": {"name": "Ada"}, "marks": [{"type": "bold"}]},
        {"type": "text", "text": "b"},
    ]


def test_how_changes_are_shown_is_no_part_of_the_document() -> None:
    document = RichText()
    text = document.block("paragraph", attributes={"ychange": {"type": "added"}}).children.append(XmlText(""))
    text.insert(0, "x", {"ychange": {"type": "added"}})

    assert "ychange" not in repr(document_json(document.state()))


def nested(depth: int) -> bytes:
    """Return a document whose innermost text is this many levels down."""
    document = RichText()
    element = document.block("paragraph")
    for _ in range(depth - 4):
        element = element.children.append(XmlElement("x"))
    element.children.append(XmlText("deep"))
    return document.state()


def test_content_at_the_limit_of_depth_is_read() -> None:
    assert "deep" in repr(document_json(nested(MAX_DEPTH)))


def test_content_beyond_the_limit_of_depth_is_refused() -> None:
    with pytest.raises(ContentError, match="nested deeper than 200"):
        document_json(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("state", [b"", b"\xff\xff", b"no update", b"\x01"])
def test_what_is_no_update_is_refused(state: bytes) -> None:
    with pytest.raises(UpdateError, match="no Yjs update"):
        document_json(state)


def test_a_root_of_another_type_is_an_empty_document() -> None:
    doc: Doc[Map[int]] = Doc()
    doc.get("default", type=Map)["a"] = 1

    assert document_json(doc.get_update()) == {"type": "doc", "content": []}
