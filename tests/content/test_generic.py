from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.content import replica
from collab.content.generic import roots_json
from collab.content.replica import MAX_DEPTH
from collab.content.values import Json
from collab.errors import ContentError, UpdateError


def written(write: Callable[[Doc[Any]], object]) -> dict[str, Json]:
    """Return the JSON of a document that is written like this, read from its update."""
    doc: Doc[Any] = Doc()
    write(doc)
    return roots_json(doc.get_update())


def test_a_map_is_an_object_with_sorted_keys() -> None:
    found = written(lambda doc: doc.get("m", type=Map).update({"b": 1.0, "a": None, "c": Map({"x": True})}))

    assert found == {"m": {"a": None, "b": 1, "c": {"x": True}}}
    assert isinstance(found["m"], dict)
    assert list(found["m"]) == ["a", "b", "c"]


def test_a_number_without_a_fraction_is_an_integer() -> None:
    found = written(lambda doc: doc.get("m", type=Map).update({"a": 2**53, "b": -7.0, "c": 1e300}))

    assert repr(found) == "{'m': {'a': 9007199254740992, 'b': -7, 'c': 1e+300}}"


def test_an_array_is_an_array() -> None:
    found = written(lambda doc: doc.get("a", type=Array).extend([1, "x", [2], {"y": 0.5}, Array([Map({})])]))

    assert found == {"a": [1, "x", [2], {"y": 0.5}, [{}]]}


def test_an_array_of_shared_types_alone_is_an_array() -> None:
    assert written(lambda doc: doc.get("a", type=Array).extend([Map({"x": 1}), Text("t")])) == {"a": [{"x": 1}, "t"]}


def test_an_array_of_single_letters_is_no_text() -> None:
    assert written(lambda doc: doc.get("a", type=Array).extend(["a", "b"])) == {"a": ["a", "b"]}


def test_a_text_is_its_characters() -> None:
    def write(doc: Doc[Any]) -> None:
        text = doc.get("t", type=Text)
        text.insert(0, "bold 日本", {"bold": True})
        text.insert_embed(0, {"image": "x"})

    assert written(write) == {"t": "bold 日本"}


def test_an_xml_root_is_a_tree() -> None:
    def write(doc: Doc[Any]) -> None:
        doc.get("x", type=XmlFragment).children.append(XmlElement("p", {"a": "1"}, [XmlText("w")]))

    assert written(write) == {
        "x": {
            "type": "doc",
            "content": [{"type": "p", "attrs": {"a": "1"}, "content": [{"type": "text", "text": "w"}]}],
        }
    }


def test_bytes_are_base64_and_what_json_cannot_say_is_null() -> None:
    found = written(
        lambda doc: doc.get("m", type=Map).update({"b": b"\x00\xff", "i": float("-inf"), "n": float("nan")})
    )

    assert found == {"m": {"b": "AP8=", "i": None, "n": None}}


def test_a_nested_document_is_its_guid() -> None:
    assert written(lambda doc: doc.get("m", type=Map).update({"d": Doc(guid="1-2-3")})) == {"m": {"d": "1-2-3"}}


def test_a_root_that_was_emptied_is_null() -> None:
    def write(doc: Doc[Any]) -> None:
        text = doc.get("t", type=Text)
        text.insert(0, "gone")
        text.clear()

    assert written(write) == {"t": None}


def test_an_empty_document_has_no_roots() -> None:
    assert roots_json(b"\x00\x00") == {}


def test_roots_are_sorted_by_name() -> None:
    def write(doc: Doc[Any]) -> None:
        for name in ("c", "a", "ü", "", "b"):
            doc.get(name, type=Map)["k"] = name

    assert list(written(write)) == ["", "a", "b", "c", "ü"]


def nested_values(depth: int) -> bytes:
    doc: Doc[Any] = Doc()
    nested: object = 1
    for _ in range(depth):
        nested = [nested]
    doc.get("m", type=Map)["x"] = nested
    return doc.get_update()


def nested_types(depth: int) -> bytes:
    doc: Doc[Any] = Doc()
    array: Array[Any] = doc.get("a", type=Array)
    for _ in range(depth):
        inner: Array[Any] = Array()
        array.append(inner)
        array = inner
    return doc.get_update()


@pytest.mark.parametrize("nest", [nested_values, nested_types])
def test_content_at_the_limit_of_depth_is_read(nest: Callable[[int], bytes]) -> None:
    assert roots_json(nest(MAX_DEPTH - 1))


@pytest.mark.parametrize("nest", [nested_values, nested_types])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 3000])
def test_content_beyond_the_limit_of_depth_is_refused(nest: Callable[[int], bytes], depth: int) -> None:
    with pytest.raises(ContentError):
        roots_json(nest(depth))


def test_content_of_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica.Budget.__init__, "__defaults__", (100,))

    with pytest.raises(ContentError, match="more values"):
        written(lambda doc: doc.get("a", type=Array).extend(list(range(101))))


def test_what_is_no_update_is_refused() -> None:
    with pytest.raises(UpdateError):
        roots_json(b"\x05hello")
