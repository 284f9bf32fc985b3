"""What stands in an item, for people: text as it is, everything else as JSON."""

import base64
import json
from typing import Final

from collab.content.sequences import Item
from collab.content.values import Json, number
from collab.protocol.any_values import AnyValue, read_values
from collab.protocol.lib0 import Reader
from collab.protocol.struct_reader import BINARY, EMBEDDED, SUBDOCUMENT, TEXT, TYPE, VALUES

Content = str | tuple[str, ...]
"""A text, each unit of which is one of UTF-16, or values as JSON, each of which is a unit."""

_XML_ELEMENT: Final = 3


def content_of(item: Item, start: int, end: int) -> Content:
    """Return what the units with these clocks are; empty for what is no content but says how the content around it looks."""
    encoded = item.part(start, end)
    if item.kind == TEXT:
        return Reader(encoded).var_string()
    if item.kind == VALUES:
        return tuple(map(_written, read_values(encoded)))
    if item.kind == EMBEDDED:
        return (_rewritten(Reader(encoded).var_string()),)
    if item.kind == BINARY:
        return (_written(base64.b64encode(Reader(encoded).var_bytes()).decode("ascii")),)
    if item.kind == SUBDOCUMENT:
        return (_written(Reader(encoded).var_string()),)
    return ""


def value_of(item: Item | None) -> str | None:
    """Return the value of a key as JSON; `None` where there is none, and for a type, which has content of its own."""
    if item is None or item.deleted or item.kind == TYPE:
        return None
    content = content_of(item, item.end - 1, item.end)
    return _written(content) if isinstance(content, str) else content[0]


def format_of(item: Item) -> tuple[str, str]:
    """Return which format of the text behind it an item sets, and to which value, as JSON; `null` ends it."""
    reader = Reader(item.content)
    return reader.var_string(), _rewritten(reader.var_string())


def tag_of(item: Item) -> str:
    """Return the name of the element that an item is; of another type it is empty."""
    reader = Reader(item.content)
    return reader.var_string() if reader.var_uint() == _XML_ELEMENT else ""


def _rewritten(encoded: str) -> str:
    """Return JSON that a client has written as this server writes it; what is none becomes a string."""
    try:
        return _written(json.loads(encoded))
    except (ValueError, RecursionError):
        return _written(encoded)


def _written(value: AnyValue) -> str:
    written = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)
    try:
        written.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON has a word for and UTF-8 has not
        return json.dumps(_plain(value), sort_keys=True)
    return written


def _plain(value: AnyValue) -> Json:
    """Return a value with the numbers that JSON has: 1.0 as 1, and infinities as `null`."""
    match value:
        case bool():
            return value
        case int() | float():
            return number(value)
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
    return value
