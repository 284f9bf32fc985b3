"""Whatever a Yjs client writes into a document, what the server tells of it has no address that runs code."""

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from collab.content.addresses import is_safe_address
from collab.content.generic import roots_json
from collab.content.prosemirror import document_json
from collab.content.values import Json
from tests.content.documents import RichText

HOSTILE = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "  javascript:alert(1)",
    "\x01\x1fjavascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscr\ript:alert(1)",
    "javascript\n:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml,<svg onload='alert(1)'/>",
    "data:image/pngx,",
    "blob:https://collab.example.com/1",
    "file:///etc/passwd",
    "view-source:https://example.com",
    "unknown:x",
)
HARMLESS = (
    "",
    "https://example.com/a?b=c:d#e",
    "HTTP://example.com",
    "mailto:ada@example.com",
    "tel:+4912345",
    "/d/other",
    "//example.com",
    "#javascript:alert(1)",
    "?javascript:alert(1)",
    "example.com",
    "data:image/png;base64,iVBORw0KGgo=",
    "\u017fcript:x",
)


@pytest.mark.parametrize("address", HOSTILE)
def test_address_that_runs_code_or_shows_a_page_is_not_safe(address: str) -> None:
    assert not is_safe_address(address)


@pytest.mark.parametrize("address", HARMLESS)
def test_address_that_leads_somewhere_is_safe(address: str) -> None:
    assert is_safe_address(address)


def written(address: str) -> bytes:
    """Return a document that has this address in a link, in the attributes of a picture, and in names with other letter cases."""
    document = RichText()
    paragraph = document.block("paragraph", "")
    text = paragraph.children[0]
    assert isinstance(text, XmlText)
    text.insert(0, "here", {"link": {"href": address}, "comment--abcdefgh": {"HREF": address}})
    document.block("image", attributes={"url": address, "SRC": address, "caption": address})
    return document.state()


def values_of(node: Json) -> list[Json]:
    """Return every value that stands somewhere in JSON, with the strings at the end of paths named `caption` left out."""
    if isinstance(node, dict):
        return [value for key, each in node.items() if key != "caption" for value in values_of(each)]
    if isinstance(node, list):
        return [value for each in node for value in values_of(each)]
    return [node]


@pytest.mark.parametrize("address", HOSTILE)
def test_no_such_address_is_told(address: str) -> None:
    state = written(address)

    for told in (document_json(state), roots_json(state)):
        assert address not in values_of(told)
        assert "here" in values_of(told)


def test_safe_addresses_are_told_as_they_are() -> None:
    assert values_of(document_json(written("https://example.com"))).count("https://example.com") == 4


def test_text_that_only_looks_like_an_address_is_kept() -> None:
    document: Doc[XmlFragment] = Doc()
    root = document.get("default", type=XmlFragment)
    root.children.append(XmlElement("image", {"caption": "javascript:alert(1)", "name": "data:"}))

    (image,) = values_named(document_json(document.get_update()), "attrs")

    assert image == {"caption": "javascript:alert(1)", "name": "data:"}


def values_named(node: Json, name: str) -> list[Json]:
    if isinstance(node, dict):
        return [each for key, value in node.items() for each in ([value] if key == name else values_named(value, name))]
    if isinstance(node, list):
        return [each for value in node for each in values_named(value, name)]
    return []
