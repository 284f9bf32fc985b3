"""How roles stand in the database: by their names, in lower case."""

from collections.abc import Mapping
from typing import Final

from collab.ports import Role

_ROLES: Final = {role.name.lower(): role for role in Role}


def name_of(role: Role) -> str:
    """Return what is kept of a role."""
    return role.name.lower()


def role_named(name: object) -> Role | None:
    """Return the role that a row holds; `None` where it holds none, as where it was damaged."""
    return _ROLES.get(name) if isinstance(name, str) else None


def names_of(patterns: Mapping[str, Role]) -> dict[str, str]:
    """Return what is kept of roles by their patterns."""
    return {pattern: name_of(role) for pattern, role in patterns.items()}


def patterns_named(kept: object) -> dict[str, Role]:
    """Return the roles that a row holds by their patterns; those that are none grant nothing."""
    if not isinstance(kept, dict):
        return {}
    return {str(pattern): role for pattern, name in kept.items() if (role := role_named(name)) is not None}
