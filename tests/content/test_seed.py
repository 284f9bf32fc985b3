import subprocess
import sys
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.content.prosemirror import document_json
from collab.content.seed import RichTextFit, rich_text_fit, seed_rich_text


def test_the_seed_is_one_empty_paragraph() -> None:
    assert document_json(seed_rich_text("b1")) == {
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
                                "type": "paragraph",
                                "attrs": {
                                    "backgroundColor": "default",
                                    "textAlignment": "left",
                                    "textColor": "default",
                                },
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_seeding_twice_is_seeding_once() -> None:
    doc: Doc[Any] = Doc()
    for _ in range(2):
        doc.apply_update(seed_rich_text("b1"))

    assert document_json(doc.get_update()) == document_json(seed_rich_text("b1"))


def test_the_seed_is_the_same_bytes_in_every_process() -> None:
    code = "from collab.content.seed import seed_rich_text; print(seed_rich_text('b1').hex())"
    seeds = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    }

    assert seeds == {seed_rich_text("b1").hex()}


def filled(root: str, kind: type[Any]) -> bytes:
    doc: Doc[Any] = Doc()
    shared = doc.get(root, type=kind)
    match shared:
        case Map():
            shared["a"] = 1
        case Array():
            shared.append(1)
        case Text():
            shared.insert(0, "words")
        case _:
            shared.children.append(XmlElement("paragraph", contents=[XmlText("words")]))
    return doc.get_update()


@pytest.mark.parametrize("root", ["default", "other"])
@pytest.mark.parametrize("kind", [Map, Array, Text, XmlFragment])
def test_other_content_does_not_fit(root: str, kind: type[Any]) -> None:
    assert rich_text_fit(filled(root, kind)) is RichTextFit.OTHER_CONTENT


def test_a_document_without_content_is_empty() -> None:
    assert rich_text_fit(b"\x00\x00") is RichTextFit.EMPTY


def test_a_document_whose_content_was_deleted_is_empty() -> None:
    doc: Doc[Any] = Doc()
    text = doc.get("default", type=Text)
    text.insert(0, "words")
    text.clear()

    assert rich_text_fit(doc.get_update()) is RichTextFit.EMPTY


def test_a_seeded_document_fits() -> None:
    assert rich_text_fit(seed_rich_text("b1")) is RichTextFit.FITS


def test_other_roots_beside_rich_text_do_not_matter() -> None:
    doc: Doc[Any] = Doc()
    doc.apply_update(seed_rich_text("b1"))
    doc.get("threads", type=Map)["t"] = 1

    assert rich_text_fit(doc.get_update()) is RichTextFit.FITS


@pytest.mark.parametrize("extra", [XmlElement("blockGroup"), XmlText("loose")], ids=["group", "text"])
def test_a_second_child_of_the_root_does_not_fit(extra: XmlElement | XmlText) -> None:
    doc: Doc[Any] = Doc()
    doc.apply_update(seed_rich_text("b1"))
    doc.get("default", type=XmlFragment).children.append(extra)

    assert rich_text_fit(doc.get_update()) is RichTextFit.OTHER_CONTENT
