"""Who somebody is, and what they may do."""

import unicodedata
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from collab.ports.accounts import SessionNumber
from collab.ports.keys import KeyNumber
from collab.ports.links import LinkNumber, link_subject
from collab.ports.roles import Role, role_by, strongest
from collab.rooms.claims import Author

MAX_USER_ID_LENGTH: Final = 255

StillMay = Callable[[], Awaitable[object]]
"""Asks anew whether somebody may do what they were let do before something took its time, and raises where they may not any more."""


def is_user_id(text: str) -> bool:
    """Tell whether a user can have this id: 1 to 255 characters, no control character, and no half of a surrogate pair."""
    return 1 <= len(text) <= MAX_USER_ID_LENGTH and not any(unicodedata.category(each) in {"Cc", "Cs"} for each in text)


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

    named: Mapping[str, Role] = field(default_factory=dict)
    """Roles by the name of a document alone, to the letter, though it may end in a `*`: what a share link gives."""

    session: SessionNumber | None = None
    """The browser's session by which they were let in, if it was one."""

    key: KeyNumber | None = None
    """The API key that they showed, if it was one."""

    link: LinkNumber | None = None
    """The share link by which they came, if it was one."""

    scope: Mapping[str, Role] | None = None
    """The most that a key lets its bearer do, by name or prefix as in `documents`; `None` for all that is theirs."""

    @property
    def author(self) -> Author | None:
        """As whom they write; `None` for a guest."""
        return Author(self.user_id, self.name) if self.user_id else None

    @property
    def subjects(self) -> tuple[str, ...]:
        """Under what changes of their rights are told: as a user, and as whoever came by that link. Empty for a guest in open mode."""
        user = (self.user_id,) if self.user_id else ()
        return user if self.link is None else (*user, link_subject(self.link))

    @property
    def shown_as(self) -> Hashable:
        """What they have shown, for who has shown the same is the same to `Authenticator.current`; a token is like no other."""
        shown = (self.session, self.key, self.link)
        return shown if any(shown) else id(self)

    def role_in(self, document: str, shared: Role | None = None) -> Role | None:
        """Return the strongest role in this document, of what they brought and what is shared with them, within the scope of their key."""
        role = (
            Role.OWNER if self.admin else strongest(role_by(self.documents, document), self.named.get(document), shared)
        )
        if role is None or self.scope is None:
            return role
        most = role_by(self.scope, document)
        return None if most is None else min(role, most)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody shows to tell who they are."""

    token: str | None = None
    """An access token, from wherever the door takes it."""

    session: str | None = None
    """The secret of a browser's session, out of its cookie. A page elsewhere could have a browser send it: a door must know its origin."""

    address: str | None = None
    """Where they come from."""


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
