"""What the fuzzer begins with: what real clients said, and what documents of every kind of content come to."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.protocol.lib0 import var_bytes, var_string, var_uint
from collab.rooms.authorship import Authorship
from collab.rooms.document import Document

VECTORS: Final = Path(__file__).parents[1] / "tests" / "protocol" / "vectors"


def seeds_of(target: str) -> list[bytes]:
    """Return the seeds of a target."""
    match target:
        case "lib0":
            return [var_uint(number) + var_bytes(b"\x00bytes") + var_string("text ü") for number in (0, 127, 2**53)]
        case "y_websocket_frame":
            return [*_recorded("y-websocket")]
        case "hocuspocus_frame":
            return [*_recorded("hocuspocus")]
        case "websocket_frames":
            return [b"\x82\x85\x01\x02\x03\x04abcde", b"\x89\x80\x00\x00\x00\x00", b"\x88\x82\x00\x00\x00\x00\x03\xe8"]
        case "awareness":
            return [b"\x00", b"\x01\x07\x01\x02{}", b"\x02\x07\x01\x04null\x08\x02\x0e" + b'{"user":{"a":1'[:14]]
        case "document_name":
            return [b"plan", "büro/plan \U0001f600".encode(), b"../..", b"a\x00b"]
        case "state_vector":
            return [doc.get_state() for doc in _documents()]
        case "delete_set":
            return [b"\x00", b"\x01\x07\x02\x00\x01\x05\x02"]
        case "values":
            return [b"\x03\x7d\x05\x77\x01a\x75\x01\x76\x01\x01k\x78"]
        case "authorship":
            return [_authorship_of(doc.get_update()) for doc in _documents()]
        case "document":
            return [b"\xff" + doc.get_update() for doc in _documents()]
        case _:
            return [doc.get_update() for doc in _documents()]


def _authorship_of(update: bytes) -> bytes:
    known = Authorship()
    known.add(update, 1, 1_700_000_000)
    known.forget(Document([update]).deletions(), [])
    return known.encode()


def _recorded(dialect: str) -> Iterator[bytes]:
    for path in sorted(VECTORS.glob(f"{dialect}-*.json")):
        for line in json.loads(path.read_text())["frames"]:
            yield bytes.fromhex(line["hex"])


@cache
def _documents() -> tuple[Doc[Any], ...]:
    text: Doc[Any] = Doc(client_id=1)
    text.get("t", type=Text).insert(0, "hello, wörld \U0001f600")
    del text.get("t", type=Text)[3:6]
    text.get("t", type=Text).format(0, 2, {"bold": True})
    other: Doc[Any] = Doc(client_id=2)
    other.apply_update(text.get_update())
    other.get("t", type=Text).insert(2, "more")
    other.get("m", type=Map)["key"] = [1.5, None, {"nested": [True, "x"]}]
    other.get("a", type=Array).extend([1.0, b"raw", "two"])
    rich: Doc[Any] = Doc(client_id=3)
    fragment = rich.get("default", type=XmlFragment)
    paragraph = fragment.children.append(XmlElement("paragraph"))
    paragraph.children.append(XmlText("some text"))
    paragraph.attributes["align"] = "left"
    del fragment.children[0]
    fragment.children.append(XmlElement("heading"))
    return text, other, rich
