"""Who somebody is, and what they may do."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from collab.ports.accounts import SessionNumber
from collab.rooms.claims import Author

MAX_USER_ID_LENGTH: Final = 255


def is_user_id(text: str) -> bool:
    """Tell whether a user can have this id: 1 to 255 characters, no control character, and no half of a surrogate pair."""
    return 1 <= len(text) <= MAX_USER_ID_LENGTH and not any(unicodedata.category(each) in {"Cc", "Cs"} for each in text)


class Role(IntEnum):
    """What somebody may do with a document; each may do all that the lower ones may."""

    READER = 1
    COMMENTER = 2
    EDITOR = 3
    OWNER = 4


def strongest(*roles: Role | None) -> Role | None:
    """Return the role that allows the most; `None` where there is none."""
    return max((role for role in roles if role is not None), default=None)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is at the other end, as the server knows it."""

    user_id: str
    """Empty for a guest: nobody has verified who that is."""

    name: str = ""
    color: str | None = None
    picture: str | None = None
    admin: bool = False
    expires_at: float | None = None
    """When the token ends, in seconds since 1970; `None` for never."""

    documents: Mapping[str, Role] = field(default_factory=dict)
    """Roles by document name, or by a prefix that ends in `*`."""

    session: SessionNumber | None = None
    """The browser's session by which they were let in, if it was one."""

    @property
    def author(self) -> Author | None:
        """As whom they write; `None` for a guest."""
        return Author(self.user_id, self.name) if self.user_id else None

    def role_in(self, document: str) -> Role | None:
        """Return the strongest role granted for this document, or `None`."""
        if self.admin:
            return Role.OWNER
        granted = [
            role
            for pattern, role in self.documents.items()
            if pattern == document or (pattern.endswith("*") and document.startswith(pattern[:-1]))
        ]
        return strongest(*granted)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody shows to tell who they are."""

    token: str | None = None
    """An access token, from wherever the door takes it."""

    session: str | None = None
    """The secret of a browser's session, out of its cookie. A page elsewhere could have a browser send it: a door must know its origin."""


class Authenticator(Protocol):
    """Tells who somebody is."""

    @property
    def open(self) -> bool:
        """Whether guests may edit and tokens are not looked at."""
        ...

    async def authenticate(self, credentials: Credentials) -> Identity:
        """Verify a token, or a session where no token came.

        Raises `Unauthenticated`, saying what is wrong with it but nothing of what it holds, and `IdentityUnavailable` or
        `DatabaseUnavailable` where that cannot be told now.
        """
        ...

    async def current(self, identity: Identity) -> Identity | None:
        """Return what has become of somebody since they were let in, `None` where they would not be let in any more.

        Raises `DatabaseUnavailable` where that cannot be told now.
        """
        ...
