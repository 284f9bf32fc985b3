"""Share links: making one, and opening one that has a password."""

from collections.abc import Callable
from datetime import datetime

from collab.access.link_passes import opens, pass_of, secret_in
from collab.access.passwords import Passwords
from collab.access.secrets import LINK, hash_of, make_secret
from collab.errors import LinkNotFound, SignInFailed
from collab.ports import DocumentId, LinkStore, NewLink, Role, ShareLink
from collab.services.throttle import Throttle, subjects_of


class Links:
    """What people do with share links."""

    def __init__(self, store: LinkStore, passwords: Passwords, clock: Callable[[], float]) -> None:
        self.store = store
        self._passwords = passwords
        self._throttle = Throttle(clock)

    async def hash_of(self, password: str | None) -> str | None:
        """Return what is kept of a password, if there is to be one; that takes a while. Raises `UnfitPassword`."""
        return None if password is None else await self._passwords.hash(password)

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
