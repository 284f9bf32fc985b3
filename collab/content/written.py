"""Content written out as the bytes that a response carries."""

import json
from collections.abc import Callable, Mapping
from typing import Any


def json_bytes(reading: Callable[[bytes], Mapping[str, Any]], state: bytes) -> bytes:
    """Return what `reading` finds in a state, as JSON in UTF-8. Raises what it does, and `ValueError` for what JSON cannot hold."""
    return json.dumps(reading(state), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def text_bytes(reading: Callable[[bytes], str], state: bytes) -> bytes:
    """Return what `reading` finds in a state, in UTF-8. Raises what it does."""
    return reading(state).encode()
