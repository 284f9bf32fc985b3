"""Share links: making one, and opening one that has a password."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final

from collab.access.link_passes import opens, pass_of, secret_in
from collab.access.passwords import Passwords
from collab.access.secrets import LINK, hash_of, make_secret
from collab.errors import LinkNotFound, RateExceeded, SignInFailed
from collab.ports import DocumentId, LinkStore, NewLink, Role, ShareLink
from collab.services.throttle import Throttle, subjects_of

HASHED_AT_ONCE: Final = 4
"""Passwords of links that one user makes: they are hashed one at a time, in a row with those by which everybody signs in."""


class Links:
    """What people do with share links."""

    def __init__(self, store: LinkStore, passwords: Passwords, clock: Callable[[], float]) -> None:
        self.store = store
        self._passwords = passwords
        self._throttle = Throttle(clock)
        self._hashing = Counter[str]()

    async def hash_of(self, password: str | None, by: str) -> str | None:
        """Return what is kept of a password, if there is to be one; that takes a while.

        Raises `UnfitPassword`, and `RateExceeded` where as many of this user's are under way as may be.
        """
        if password is None:
            return None
        if self._hashing[by] >= HASHED_AT_ONCE:
            raise RateExceeded(f"{HASHED_AT_ONCE} links of yours with a password are being made; try again in a moment")
        self._hashing[by] += 1
        try:
            return await self._passwords.hash(password)
        finally:
            self._hashing[by] -= 1
            self._hashing += Counter()  # which keeps nobody who makes none

    async def make(
        self,
        document: DocumentId,
        role: Role,
        *,
        guests: bool,
        password_hash: str | None,
        expires_at: datetime | None,
        by: str,
    ) -> ShareLink:
        """Make a link, with what `hash_of` gave for its password. Raises `TooManyLinks`."""
        secret = make_secret(LINK)
        new = NewLink(secret, role, guests, password_hash, by, expires_at)
        return await self.store.create(document, new, hash_of(secret) or b"")

    async def find(self, shown: str) -> ShareLink:
        """Return the link of this secret, or of what it gave before. Raises `LinkNotFound`."""
        found = hash_of(secret_in(shown))
        link = None if found is None else await self.store.find(found)
        if link is None:
            raise LinkNotFound("the link is good no more, or never was; ask for another")
        return link

    async def open(self, link: ShareLink, shown: str, password: str | None, address: str | None) -> str | None:
        """Return what a link's bearer shows at the doors: nothing, where it has a password and neither that came nor what it gave before.

        Raises `SignInFailed` for a wrong password, and `SignInDelayed` after too many of these.
        """
        if link.password_hash is None or opens(link, shown):
            return pass_of(link)
        if password is None:
            return None
        subjects = subjects_of(f"link {link.number}", address)
        self._throttle.begin(subjects, "too many wrong passwords came")
        if not await self._passwords.verify(link.password_hash, password):
            raise SignInFailed("the link's password is another")
        self._throttle.succeeded(subjects)
        return pass_of(link)
