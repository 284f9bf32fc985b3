"""Roles, and the patterns of names by which they are granted."""

from collections.abc import Iterable, Mapping
from enum import IntEnum


class Role(IntEnum):
    """What somebody may do with a document; each may do all that the lower ones may."""

    READER = 1
    COMMENTER = 2
    EDITOR = 3
    OWNER = 4


def strongest(*roles: Role | None) -> Role | None:
    """Return the role that allows the most; `None` where there is none."""
    return max((role for role in roles if role is not None), default=None)


def role_by(patterns: Mapping[str, Role], document: str) -> Role | None:
    """Return the strongest role that is granted for a document, by its name or by a prefix that ends in `*`."""
    return strongest(
        *(
            role
            for pattern, role in patterns.items()
            if pattern == document or (pattern.endswith("*") and document.startswith(pattern[:-1]))
        )
    )


def common_patterns(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Return the names and prefixes that match what is matched on both sides."""
    found = [narrower for first in one for second in other if (narrower := _narrower(first, second)) is not None]
    return list(dict.fromkeys(found))


def _narrower(first: str, second: str) -> str | None:
    for wide, narrow in ((first, second), (second, first)):
        if wide == narrow or (wide.endswith("*") and narrow.removesuffix("*").startswith(wide[:-1])):
            return narrow
    return None
