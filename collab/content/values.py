"""The values that a CRDT holds beside its shared types, as JSON."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from collab.content.replica import Budget

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_EXACT: Final = 2**53
"""Up to here a float says exactly which integer was meant."""


def json_of(value: object, budget: Budget, depth: int, shared: Callable[[object, int], Json] | None = None) -> Json:
    """Return a value as JSON: bytes as base64; as `null` what JSON has no word for (infinities, a value of an unknown type).

    `shared` turns what is neither a value nor a collection of values into JSON. Raises `ContentError` past the limits.
    """
    budget.spend(depth)
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return number(value)
        case bytes() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return {str(key): json_of(value[key], budget, depth + 1, shared) for key in sorted(value)}
        case Sequence():
            return [json_of(item, budget, depth + 1, shared) for item in value]
        case _:
            return shared(value, depth) if shared is not None else None


def number(value: float) -> int | float | None:
    """Return a number as JSON has it: every one reads back from the CRDT as a float, so those without a fraction become integers."""
    if not math.isfinite(value):
        return None
    return int(value) if abs(value) <= _EXACT and float(value).is_integer() else value
