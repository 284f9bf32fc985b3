"""Access where everybody must say who they are: by a token of the host application, an API key, a share link, or by having signed in."""

from dataclasses import replace
from typing import Final

from collab.access.link_passes import opens, secret_in
from collab.access.secrets import API_KEY, LINK, hash_of
from collab.access.token import TokenAccess
from collab.errors import Distrust, Unauthenticated
from collab.ports import (
    ApiKey,
    BrowserSession,
    Credentials,
    Identity,
    KeyStore,
    LinkStore,
    Role,
    SessionStore,
    ShareLink,
)

USED_EVERY: Final = 60.0
"""Seconds between two notes that a key was used."""


class GuardedAccess:
    """Takes those for who they are that bring a valid token, key or link, or whose browser is signed in, and nobody else."""

    def __init__(
        self, tokens: TokenAccess | None, sessions: SessionStore | None, keys: KeyStore, links: LinkStore
    ) -> None:
        """Verify tokens by these keys, and look the others up there; `None` where there are none."""
        self._tokens = tokens
        self._sessions = sessions
        self._keys = keys
        self._links = links

    @property
    def open(self) -> bool:
        """Never: every door asks."""
        return False

    async def authenticate(self, credentials: Credentials) -> Identity:
        """Take the token, and only where none came the session alone; a bad token is not made good by a session."""
        token = credentials.token or ""
        if token.startswith(API_KEY):
            return await self._by_key(token)
        if token.startswith(LINK):
            return await self._by_link(token, credentials.session)
        if self._tokens is not None and (token or not credentials.session):
            return await self._tokens.authenticate(token)
        if token:
            raise Unauthenticated(
                "a token came that is no API key and no share link, and this server takes no others; expected one of those, "
                "or somebody who has signed in"
            )
        session = await self._session(credentials.session)
        if session is None:
            raise Unauthenticated(
                "nobody is signed in; expected somebody who has signed in, and whose session has not ended"
            )
        return identity_of(session)

    async def current(self, identity: Identity) -> Identity | None:
        """Look a key, a link and a session up anew; a token says until it expires what it said first."""
        if identity.key is not None:
            key = await self._keys.get(identity.key)
            return None if key is None or key.user_id != identity.user_id else identity_of_key(key)
        found = await self._current_session(identity) if identity.session is not None else None
        if identity.session is not None and found is None:
            return None
        if identity.link is None:
            return found or identity
        link = await self._links.get(identity.link)
        if link is None or (found is None and not link.guests):
            return found
        return through(link, found)

    async def _current_session(self, identity: Identity) -> Identity | None:
        if self._sessions is None or identity.session is None:
            return None
        session = await self._sessions.get(identity.session)
        return None if session is None or session.account.user_id != identity.user_id else identity_of(session)

    async def _by_key(self, secret: str) -> Identity:
        found = hash_of(secret)
        key = None if found is None else await self._keys.find(found)
        if key is None:
            raise Unauthenticated(
                "the API key is good no more, or never was; expected one that was not revoked", Distrust.UNKNOWN
            )
        if key.is_unused_for(USED_EVERY):
            await self._keys.used(key.number)
        return identity_of_key(key)

    async def _by_link(self, link_pass: str, session_secret: str | None) -> Identity:
        found = hash_of(secret_in(link_pass))
        link = None if found is None else await self._links.find(found)
        is_opened = link is not None and opens(link, link_pass)
        if link is None or (not is_opened and link.password_hash is None):
            raise Unauthenticated("the share link is good no more, or never was; ask for another", Distrust.UNKNOWN)
        if not is_opened:
            raise Unauthenticated(
                "the share link has a password; expected what came for it (POST /api/v1/links/open)", Distrust.PASSWORD
            )
        session = await self._session(session_secret)
        if session is None and not link.guests:
            raise Unauthenticated(
                "the share link is for people who have signed in; expected a session beside it", Distrust.SIGNED_OUT
            )
        return through(link, None if session is None else identity_of(session))

    async def _session(self, secret: str | None) -> BrowserSession | None:
        if self._sessions is None or not secret or (found := hash_of(secret)) is None:
            return None
        return await self._sessions.find(found)


def identity_of(session: BrowserSession) -> Identity:
    """Return who is signed in."""
    account = session.account
    return Identity(
        user_id=account.user_id,
        name=account.name,
        color=account.color,
        picture=account.picture,
        admin=account.admin,
        expires_at=session.expires_at.timestamp(),
        session=session.number,
    )


def identity_of_key(key: ApiKey) -> Identity:
    """Return as whom the bearer of a key acts: as the account, within the key's scope, or as a program of its own.

    What an admin may do beside documents, a key allows only where it says so.
    """
    account = key.account
    expires_at = None if key.expires_at is None else key.expires_at.timestamp()
    if account is None:
        return Identity(
            user_id=key.user_id,
            name=key.name,
            admin=key.admin,
            documents=key.scope,
            expires_at=expires_at,
            key=key.number,
            scope=None if key.admin else key.scope,
        )
    admin = account.admin and key.admin
    return Identity(
        user_id=account.user_id,
        name=account.name,
        color=account.color,
        picture=account.picture,
        admin=admin,
        documents={"*": Role.OWNER} if account.admin else {},
        expires_at=expires_at,
        key=key.number,
        scope=None if admin else key.scope,
    )


def through(link: ShareLink, who: Identity | None) -> Identity:
    """Return who comes by a link: somebody who has signed in, or a guest."""
    ends = [
        at for at in (link.expires_at.timestamp() if link.expires_at else None, who.expires_at if who else None) if at
    ]
    return replace(
        who or Identity(user_id=""),
        named={link.document: link.role},
        expires_at=min(ends, default=None),
        link=link.number,
    )
