"""Access whose refusals are written into the audit log, at every door alike."""

import structlog

from collab.access.secrets import API_KEY, LINK
from collab.errors import DatabaseUnavailable, Distrust, Unauthenticated
from collab.ports import Act, AuditAction, Authenticator, Credentials, Identity
from collab.services.audit_trail import AuditTrail

log = structlog.get_logger(__name__)


class AuditedAccess:
    """Tells who somebody is as another does, and writes down what was shown in vain: a key, a link or a token, and why, never its text."""

    def __init__(self, access: Authenticator, trail: AuditTrail) -> None:
        self._access = access
        self._trail = trail

    @property
    def open(self) -> bool:
        """Ask the other."""
        return self._access.open

    async def authenticate(self, credentials: Credentials) -> Identity:
        """Ask the other, and note its refusal. A browser whose session has ended shows nothing."""
        try:
            return await self._access.authenticate(credentials)
        except Unauthenticated as error:
            if credentials.token:
                await self._note(credentials.token, error.why, credentials.address)
            raise

    async def current(self, identity: Identity) -> Identity | None:
        """Ask the other."""
        return await self._access.current(identity)

    async def _note(self, token: str, why: Distrust, address: str | None) -> None:
        shown = "key" if token.startswith(API_KEY) else "link" if token.startswith(LINK) else "token"
        try:
            details = {"shown": shown, "reason": why.value}
            await self._trail.note(Act(AuditAction.CREDENTIALS_REFUSED, "", address, details=details))
        except DatabaseUnavailable as error:  # they are refused all the same, and not told of the database
            log.warning("a refusal is not in the audit log", error=str(error))
