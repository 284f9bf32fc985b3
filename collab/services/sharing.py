"""Share links: making one, and opening one that has a password."""

from collections.abc import Callable
from datetime import datetime

from collab.access.link_passes import pass_of
from collab.access.passwords import Passwords
from collab.access.secrets import LINK, MAX_SECRET_LENGTH, make_secret
from collab.errors import LinkNotFound, SignInDelayed, SignInFailed
from collab.ports import DocumentId, LinkStore, NewLink, Role, ShareLink
from collab.services.throttle import Throttle, subjects_of


class Links:
    """What people do with share links."""

    def __init__(self, store: LinkStore, passwords: Passwords, clock: Callable[[], float]) -> None:
        self.store = store
        self._passwords = passwords
        self._throttle = Throttle(clock)

    async def make(
        self,
        document: DocumentId,
        role: Role,
        *,
        guests: bool,
        password: str | None,
        expires_at: datetime | None,
        by: str,
    ) -> ShareLink:
        """Make a link. Raises `TooManyLinks`, and `UnfitPassword`."""
        password_hash = None if password is None else await self._passwords.hash(password)
        return await self.store.create(
            document, NewLink(make_secret(LINK), role, guests, password_hash, by, expires_at)
        )

    async def open(self, secret: str, password: str | None, address: str | None) -> tuple[ShareLink, str | None]:
        """Return a link and what its bearer shows at the doors: nothing, where it has a password and none came.

        Raises `LinkNotFound`, `SignInFailed` for a wrong password, and `SignInDelayed` after too many of these.
        """
        link = None if len(secret) > MAX_SECRET_LENGTH else await self.store.find(secret)
        if link is None:
            raise LinkNotFound("the link is good no more, or never was; ask for another")
        if link.password_hash is None:
            return link, pass_of(link)
        if password is None:
            return link, None
        subjects = subjects_of(f"link {link.number}", address)
        if (delay := self._throttle.delay(subjects)) > 0:
            raise SignInDelayed("too many wrong passwords came; try again later", wait=delay)
        self._throttle.failed(subjects)
        if not await self._passwords.verify(link.password_hash, password):
            raise SignInFailed("the link's password is another")
        self._throttle.succeeded(subjects)
        return link, pass_of(link)
