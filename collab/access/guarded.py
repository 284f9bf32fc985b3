"""Access where everybody must say who they are: by a token of the host application, or by a session of a local account."""

from collab.access.secrets import hash_of
from collab.access.token import TokenAccess
from collab.errors import Unauthenticated
from collab.ports import BrowserSession, Credentials, Identity, SessionStore


class GuardedAccess:
    """Takes those for who they are that bring a valid token, or whose browser is signed in, and nobody else."""

    def __init__(self, tokens: TokenAccess | None, sessions: SessionStore | None) -> None:
        """Verify tokens by these keys, and look sessions up there; `None` where there are none."""
        self._tokens = tokens
        self._sessions = sessions

    @property
    def open(self) -> bool:
        """Never: every door asks."""
        return False

    async def authenticate(self, credentials: Credentials) -> Identity:
        """Take the token, and only where none came the session; a bad token is not made good by a session."""
        if self._tokens is not None and (credentials.token or not credentials.session):
            return await self._tokens.authenticate(credentials.token)
        if credentials.token:
            raise Unauthenticated("a token came, but this server takes none; expected somebody who has signed in")
        session = await self._session(credentials.session)
        if session is None:
            raise Unauthenticated(
                "nobody is signed in; expected somebody who has signed in, and whose session has not ended"
            )
        return identity_of(session)

    async def current(self, identity: Identity) -> Identity | None:
        """Look a session up anew; a token says until it expires what it said first."""
        if identity.session is None:
            return identity
        session = None if self._sessions is None else await self._sessions.get(identity.session)
        return None if session is None or session.account.user_id != identity.user_id else identity_of(session)

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
